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

void probe_deinit(struct probe *probe)
{
    actor_deinit(&probe->actor);
}
