#include "tests/sim/source.h"

#include "actors/messages.h"
#include "runtime/base.h"

#include <assert.h>

static void send_records(struct sim_source *source)
{
    size_t left = source->log->count - source->position;
    size_t most =
        source->records_max < SOURCE_RECORDS_MAX ? source->records_max : SOURCE_RECORDS_MAX;
    size_t few = rand_chance(source->rand, 50) ? 1 + rand_below(source->rand, 5) : most;
    size_t count = 1 + rand_below(source->rand, few);
    count = count > left ? left : count;

    for (size_t i = 0; i < count; i++) {
        source->records[i] = source->log->entries[source->position + i].record;
    }
    source->position += count;
    struct msg msg = {
        .type = MSG_SOURCE_RECORDS,
        .from = &source->actor,
        .as_SOURCE_RECORDS = {.records = source->records,
                              .count = count,
                              .is_drained = count == left || rand_chance(source->rand, 30),
                              .log_end = (int64_t)source->log->count},
    };
    struct actor *asker = source->asker;
    source->asker = NULL;
    actor_send(asker, &msg);
}

/* Wall time is far past every window: what is incomplete is to be emitted as it is. */
static void send_idle(struct sim_source *source)
{
    int64_t now_ms = actor_now_ms(&source->actor);
    struct msg msg = {
        .type = MSG_SOURCE_IDLE,
        .from = &source->actor,
        .as_SOURCE_IDLE = {.wall_ms = source->log->end_ms + 2 * INT64_C(86400000),
                           .quiet_ms = now_ms - source->quiet_since_ms},
    };
    actor_send(source->asker, &msg);
    actor_set_deadline(&source->actor, now_ms + 10000);
}

static void on_deadline(struct actor *actor)
{
    struct sim_source *source = container_of(actor, struct sim_source, actor);
    if (source->asker == NULL) {
        return;
    }
    if (sim_source_is_read(source)) {
        send_idle(source);
    } else {
        source->quiet_since_ms = actor_now_ms(actor);
        send_records(source);
    }
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct sim_source *source = container_of(actor, struct sim_source, actor);
    assert(msg->type == MSG_SOURCE_RESUME);
    source->asker = msg->from;
    source->records_max = msg->as_SOURCE_RESUME.records_max;
    int64_t delay_ms = 1 + (int64_t)rand_below(source->rand, 40);
    actor_set_deadline(actor, actor_now_ms(actor) + delay_ms);
}

static const struct actor_class sim_source_class = {
    .name = "source",
    .receive = receive,
    .deadline = on_deadline,
    .mailbox_capacity = 1,
};

void sim_source_init(struct sim_source *source, struct sched *sched, const struct sim_log *log,
                     struct rand *rand, const bool *is_faulty, int64_t offset)
{
    size_t position = offset < 0 ? 0 : (size_t)offset;
    if (rand_chance(rand, 30)) {
        position -= rand_below(rand, position + 1);
    }
    *source =
        (struct sim_source){.log = log, .rand = rand, .is_faulty = is_faulty, .position = position};
    actor_init(&source->actor, &sim_source_class, sched);
}

void sim_source_deinit(struct sim_source *source)
{
    actor_deinit(&source->actor);
}

bool sim_source_is_read(const struct sim_source *source)
{
    return source->position == source->log->count;
}
