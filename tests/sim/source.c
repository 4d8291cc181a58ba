#include "tests/sim/source.h"

#include "actors/messages.h"
#include "runtime/base.h"

#include <assert.h>

enum { POLL_MS = 200, IDLE_TICK_MS = 10000 };

static void send_records(struct sim_source *s)
{
    size_t left = (size_t)(s->topic->end[s->partition] - s->position);
    size_t most = s->records_max < SOURCE_RECORDS_MAX ? s->records_max : SOURCE_RECORDS_MAX;
    size_t few = rand_chance(s->rand, 50) ? 1 + rand_below(s->rand, 5) : most;
    size_t count = 1 + rand_below(s->rand, few);
    count = count > left ? left : count;

    for (size_t i = 0; i < count; i++) {
        s->records[i] = topic_record(s->topic, s->partition, s->position + (int64_t)i);
    }
    s->position += (int64_t)count;
    struct msg msg = {
        .type = MSG_SOURCE_RECORDS,
        .from = &s->actor,
        .as_SOURCE_RECORDS = {.records = s->records,
                              .count = count,
                              .is_drained = count == left || rand_chance(s->rand, 30),
                              .log_end = s->topic->end[s->partition]},
    };
    struct actor *asker = s->asker;
    s->asker = NULL;
    s->quiet_since_ms = actor_now_ms(&s->actor);
    actor_send(asker, &msg);
}

static void send_idle(struct sim_source *s)
{
    int64_t quiet_ms = actor_now_ms(&s->actor) - s->quiet_since_ms;
    struct msg msg = {
        .type = MSG_SOURCE_IDLE,
        .from = &s->actor,
        .as_SOURCE_IDLE = {.wall_ms = topic_wall_ms(s->topic, s->partition) + quiet_ms,
                           .quiet_ms = quiet_ms},
    };
    actor_send(s->asker, &msg);
}

static void on_deadline(struct actor *actor)
{
    struct sim_source *s = container_of(actor, struct sim_source, actor);
    if (s->asker == NULL) {
        return;
    }
    if (s->position < s->topic->end[s->partition]) {
        send_records(s);
        return;
    }
    bool is_complete = topic_is_complete(s->topic, s->partition);
    if (is_complete || rand_chance(s->rand, 5)) {
        send_idle(s);
    }
    actor_set_deadline(actor, actor_now_ms(actor) + (is_complete ? IDLE_TICK_MS : POLL_MS));
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct sim_source *s = container_of(actor, struct sim_source, actor);
    assert(msg->type == MSG_SOURCE_RESUME);
    assert(s->asker == NULL);
    s->asker = msg->from;
    s->records_max = msg->as_SOURCE_RESUME.records_max;
    actor_set_deadline(actor, actor_now_ms(actor) + 1 + (int64_t)rand_below(s->rand, 40));
}

static const struct actor_class sim_source_class = {
    .name = "source",
    .receive = receive,
    .deadline = on_deadline,
    .mailbox_capacity = 1,
};

void sim_source_init(struct sim_source *source, struct sched *sched, const struct topic *topic,
                     struct rand *rand, size_t partition, int64_t offset)
{
    int64_t above = offset - topic->begin[partition];
    if (above > 0 && rand_chance(rand, 30)) {
        offset -= (int64_t)rand_below(rand, (uint64_t)above + 1);
    }
    *source = (struct sim_source){
        .topic = topic, .rand = rand, .partition = partition, .position = offset};
    actor_init(&source->actor, &sim_source_class, sched);
    source->quiet_since_ms = actor_now_ms(&source->actor);
}

void sim_source_deinit(struct sim_source *source)
{
    actor_deinit(&source->actor);
}
