#include "tests/unit/actors/probe.h"

#include "runtime/base.h"

#include <assert.h>

static void receive(struct actor *actor, const struct msg *msg)
{
    struct probe *probe = container_of(actor, struct probe, actor);
    assert(probe->count < PROBE_MESSAGES_MAX);
    probe->messages[probe->count++] = *msg;
}

static const struct actor_class probe_class = {
    .name = "probe",
    .receive = receive,
    .mailbox_capacity = PROBE_MESSAGES_MAX,
};

void probe_init(struct probe *probe, struct sched *sched)
{
    *probe = (struct probe){.count = 0};
    actor_init(&probe->actor, &probe_class, sched);
}

/* What goes to the receiver. */
static void free_rows(struct msg *msg)
{
    if (msg->type == MSG_OUTBOX_GREW) {
        outbox_rows_destroy(&msg->as_OUTBOX_GREW.rows);
    }
}

void probe_deinit(struct probe *probe)
{
    for (size_t i = 0; i < probe->count; i++) {
        free_rows(&probe->messages[i]);
    }
    actor_deinit(&probe->actor);
}
