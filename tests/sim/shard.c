#include "tests/sim/shard.h"

#include "actors/edge/sink_gate.h"
#include "actors/messages.h"
#include "runtime/base.h"
#include "runtime/metrics.h"
#include "state/store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { TICK_MS = 500, NOTICE_MS = 3000, DOWN_MS = 20000 };

static const int64_t stall_limit_ms = SIM_SESSION_MS / 3;

static void trace(struct sched_tracer *tracer, const struct actor *to, const struct msg *msg)
{
    struct shard *s = container_of(tracer, struct shard, tracer);
    struct shard_world *w = s->world;
    hash_add(w->hash, (uint64_t)msg->type ^ ((uint64_t)w->now_ms << 8) ^ (s->index << 60));
    if (w->is_traced) {
        printf("[%9" PRId64 "] %zu %-12s <- %s\n", w->now_ms, s->index, to->class->name,
               messages_name(msg->type));
    }
}

static void say(const struct shard *s, const char *what)
{
    if (s->world->is_traced) {
        printf("[%9" PRId64 "] %zu %s\n", s->world->now_ms, s->index, what);
    }
}

static int64_t gate_now_ms(void *context)
{
    const struct shard_world *w = context;
    return w->now_ms;
}

void shard_init(struct shard *s, struct shard_world *world, struct machine *machine, size_t index)
{
    *s = (struct shard){
        .world = world, .index = index, .machine = machine, .data_dir = machine->data_dir};
}

/* The process does not know yet what the group has decided. */
static void tell_group(struct shard *s, size_t p)
{
    struct hosted *h = &s->hosted[p];
    if (h->commit.offset >= 0 && s->world->scenario->has_commits) {
        group_commit(s->world->group, s->member, p, &h->commit);
        h->commit.offset = -1;
    }
}

static void look_at_partition(struct shard *s, size_t p)
{
    struct hosted *h = &s->hosted[p];
    const struct group *group = s->world->group;

    if (!group_owns(group, s->member, p)) {
        if (h->state != HOSTED_none && !h->is_dropped && h->state != HOSTED_closing) {
            faults_count(s->world->faults, FAULT_partition_lost);
            hosted_drop(h);
        }
    } else if (group_is_asked_back(group, p) || s->is_leaving) {
        if (h->state == HOSTED_none) {
            group_release(s->world->group, s->member, p, s->world->now_ms);
        } else if (!h->is_given_up) {
            hosted_drain(h);
        }
    } else if (h->state == HOSTED_none) {
        hosted_open(h, s, p);
    } else {
        tell_group(s, p);
    }
}

static bool has_hosted(const struct shard *s)
{
    bool has_one = false;
    for (size_t p = 0; p < SIM_PARTITIONS_MAX; p++) {
        has_one = has_one || s->hosted[p].state != HOSTED_none;
    }
    return has_one;
}

/* The group has heard of us, and we of it. */
static void confirm(struct shard *s, int64_t stall)
{
    s->is_unconfirmed = false;
    if (stall != 0 && sink_gate_open(s->gate, stall)) {
        for (size_t i = 0; i < SIM_SINKS; i++) {
            sim_sink_go_on(&s->sinks[i]);
        }
    }
}

static void look_at_group(struct shard *s)
{
    struct shard_world *w = s->world;
    (void)sink_gate_look(s->gate);
    int64_t stall = sink_gate_take_stall(s->gate);
    if (s->member != GROUP_NOBODY && !group_heartbeat(w->group, s->member, w->now_ms)) {
        s->member = GROUP_NOBODY;
    }
    for (size_t p = 0; p < w->scenario->partitions; p++) {
        look_at_partition(s, p);
    }
    confirm(s, stall);
    if (s->member == GROUP_NOBODY && !s->is_leaving) {
        s->member = group_join(w->group, s->index, w->scenario->is_static_membership, w->now_ms);
    }
}

static void on_tick(struct actor *actor)
{
    struct shard *s = container_of(actor, struct shard, ticker);
    look_at_group(s);
    if (s->is_leaving && !has_hosted(s)) {
        group_leave(s->world->group, s->member, s->world->now_ms);
        s->must_die = true; /* in order: nothing is left to lose */
    }
    actor_set_deadline(actor, s->world->now_ms + TICK_MS);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    actor_unexpected(actor, msg);
}

static const struct actor_class ticker_class = {
    .name = "ticker",
    .receive = receive,
    .deadline = on_tick,
    .mailbox_capacity = 1,
};

void shard_start(struct shard *s)
{
    struct shard_world *w = s->world;
    say(s, "starts");
    s->is_up = true;
    s->is_leaving = s->must_die = s->is_unconfirmed = false;
    s->frozen_ms = 0;
    s->member = GROUP_NOBODY;
    s->tracer.trace = trace;
    s->sched = sched_create(&(struct sched_options){sizeof(struct msg), &s->tracer});
    sched_advance(s->sched, w->now_ms);
    s->metrics = metrics_create();
    s->gate = sink_gate_create(&(struct sink_gate_options){stall_limit_ms, w, gate_now_ms});
    for (size_t i = 0; i < SIM_SINKS; i++) {
        struct sim_sink_options options = {
            .sched = s->sched,
            .server = &w->servers[i],
            .net = w->net,
            .faults = w->faults,
            .gate = s->gate,
            .is_unconfirmed = &s->is_unconfirmed,
            .shard = s->index,
        };
        sim_sink_init(&s->sinks[i], &options);
    }
    actor_init(&s->ticker, &ticker_class, s->sched);
    actor_set_deadline(&s->ticker, w->now_ms + 1);
}

void shard_kill(struct shard *s)
{
    if (!s->is_up) {
        return;
    }
    say(s, "is dead");
    for (size_t p = 0; p < SIM_PARTITIONS_MAX; p++) {
        hosted_kill(&s->hosted[p]);
    }
    for (size_t i = 0; i < SIM_SINKS; i++) {
        sim_sink_deinit(&s->sinks[i]);
    }
    actor_deinit(&s->ticker);
    sink_gate_destroy(&s->gate);
    metrics_destroy(&s->metrics);
    sched_destroy(&s->sched);
    s->is_up = false;
    bool is_long = s->world->faults->is_active && rand_chance(s->world->rand, 20);
    s->start_ms =
        s->world->now_ms + 1 + (int64_t)rand_below(s->world->rand, is_long ? DOWN_MS : 200);
}

void shard_leave(struct shard *s)
{
    say(s, "is told to end");
    s->is_leaving = true;
    group_start_leaving(s->world->group, s->member, s->world->now_ms);
}

void shard_freeze(struct shard *s, int64_t until_ms, bool has_heartbeat)
{
    say(s, "stands still");
    s->frozen_since_ms = s->world->now_ms;
    s->frozen_ms = until_ms;
    s->has_heartbeat = has_heartbeat;
}

bool shard_is_running(const struct shard *s)
{
    return s->is_up && s->frozen_ms == 0;
}

bool shard_step(struct shard *s)
{
    if (!shard_is_running(s)) {
        return false;
    }
    assert(sched_stopped(s->sched) == STATUS_OK);
    if (s->must_die) {
        shard_kill(s);
        return true;
    }
    return sched_step(s->sched);
}

int64_t shard_next_ms(const struct shard *s)
{
    if (!s->is_up) {
        return s->start_ms;
    }
    if (s->frozen_ms == 0) {
        return sched_next_deadline_ms(s->sched);
    }
    int64_t beat_ms = s->world->now_ms + SIM_SESSION_MS / 3;
    return s->has_heartbeat && beat_ms < s->frozen_ms ? beat_ms : s->frozen_ms;
}

/* What waits is done before the process hears what the group has made of it. */
static void wake(struct shard *s)
{
    say(s, "goes on");
    s->is_unconfirmed = s->is_unconfirmed || s->world->now_ms - s->frozen_since_ms > stall_limit_ms;
    s->frozen_ms = 0;
    actor_set_deadline(&s->ticker,
                       s->world->now_ms + (int64_t)rand_below(s->world->rand, NOTICE_MS));
}

void shard_advance(struct shard *s)
{
    int64_t now_ms = s->world->now_ms;
    if (!s->is_up) {
        if (s->start_ms <= now_ms) {
            shard_start(s);
        }
        return;
    }
    if (s->frozen_ms != 0 && s->has_heartbeat) {
        (void)group_heartbeat(s->world->group, s->member, now_ms);
    }
    if (s->frozen_ms != 0 && s->frozen_ms <= now_ms) {
        wake(s);
    }
    if (s->frozen_ms == 0) {
        sched_advance(s->sched, now_ms);
    }
}

void shard_on_closed(struct shard *s, size_t partition)
{
    struct shard_world *w = s->world;
    if (s->hosted[partition].commit.offset >= 0) {
        tell_group(s, partition);
    }
    group_release(w->group, s->member, partition, w->now_ms);
}
