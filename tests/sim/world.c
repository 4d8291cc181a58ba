#include "tests/sim/world.h"

#include "runtime/base.h"
#include "runtime/deadlines.h"
#include "tests/sim/check.h"
#include "tests/sim/shard.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    FAULTY_STEPS = 30000,
    FAULTY_MS = 300000,
    HEALING_STEPS = 400000,
    QUIET_MS = 62000,
    FREEZE_MS = 60000,
};

struct world {
    struct shard_world shared;
    struct rand rand;
    struct hash hash;
    struct faults faults;
    struct topic topic;
    struct group group;
    struct net net;
    struct server servers[SIM_SINKS];
    struct shard shards[SIM_SHARDS_MAX];
    size_t shard_count;
};

static const char *const server_names[] = {
#define X(name, intervals, letters) [SIM_SINK_##name] = #name,
    SIM_SINKS_TABLE(X)
#undef X
};

static void on_arrived(void *context, const struct packet *packet)
{
    struct world *w = context;
    const struct shard *sender = &w->shards[packet->sender];
    hash_add(&w->hash, (uint64_t)packet->arrive_ms ^ (packet->size << 40));
    if (!sender->is_up || !group_owns(&w->group, sender->member, (size_t)packet->partition)) {
        faults_count(&w->faults, FAULT_zombie_write);
    }
}

static void init(struct world *w, const struct world_options *options)
{
    const struct scenario *scenario = options->scenario;
    *w = (struct world){.rand = {.state = scenario->seed ^ UINT64_C(0x5eed)}};
    hash_init(&w->hash);
    faults_init(&w->faults, &w->rand);
    topic_init(&w->topic, scenario, &w->rand, &w->faults);
    group_init(&w->group, scenario->partitions, &w->faults);
    net_init(&w->net, w, on_arrived);
    for (size_t i = 0; i < SIM_SINKS; i++) {
        server_init(&w->servers[i], scenario, &w->faults, server_names[i]);
    }
    w->servers[SIM_SINK_mongo].rejects = scenario->mongo_rejects;
    w->shared = (struct shard_world){
        .scenario = scenario,
        .topic = &w->topic,
        .group = &w->group,
        .net = &w->net,
        .servers = w->servers,
        .faults = &w->faults,
        .rand = &w->rand,
        .hash = &w->hash,
        .folder = options->folder,
        .is_traced = options->is_traced,
    };
    w->shard_count = scenario->shards;
    for (size_t i = 0; i < w->shard_count; i++) {
        shard_init(&w->shards[i], &w->shared, i);
    }
}

static void deinit(struct world *w)
{
    for (size_t i = 0; i < w->shard_count; i++) {
        shard_kill(&w->shards[i]);
    }
    for (size_t i = 0; i < SIM_SINKS; i++) {
        server_deinit(&w->servers[i]);
    }
    net_deinit(&w->net);
}

/* One message of some process; false: none is waiting anywhere. */
static bool step_one(struct world *w)
{
    size_t first = rand_below(&w->rand, w->shard_count);
    for (size_t i = 0; i < w->shard_count; i++) {
        if (shard_step(&w->shards[(first + i) % w->shard_count])) {
            return true;
        }
    }
    return false;
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* To the next thing that happens by itself. */
static void jump(struct world *w)
{
    int64_t next_ms = earlier(net_next_ms(&w->net), group_next_ms(&w->group));
    next_ms = earlier(next_ms, w->topic.next_ms);
    for (size_t i = 0; i < w->shard_count; i++) {
        next_ms = earlier(next_ms, shard_next_ms(&w->shards[i]));
    }
    if (next_ms > w->shared.now_ms) {
        w->shared.now_ms = next_ms;
    }
    net_advance(&w->net, w->shared.now_ms);
    topic_advance(&w->topic, w->shared.now_ms);
    group_advance(&w->group, w->shared.now_ms);
    for (size_t i = 0; i < w->shard_count; i++) {
        shard_advance(&w->shards[i]);
    }
}

static void step(struct world *w)
{
    if (!step_one(w)) {
        jump(w);
    }
}

static void kill_machine(struct world *w, size_t machine)
{
    for (size_t i = 0; i < w->shard_count; i++) {
        if (w->shared.scenario->machine_of[i] == machine) {
            shard_kill(&w->shards[i]);
        }
    }
}

/* What strikes one process; it must be running. */
static void strike_shard(struct world *w, enum fault fault)
{
    struct shard *shard = &w->shards[rand_below(&w->rand, w->shard_count)];
    int64_t until_ms = w->shared.now_ms + 1 + (int64_t)rand_below(&w->rand, FREEZE_MS);
    if (!shard_is_running(shard)) {
        return;
    }
    faults_count(&w->faults, fault);
    switch (fault) {
    case FAULT_kill:
        shard_kill(shard);
        break;
    case FAULT_stop:
    case FAULT_stall:
        shard_freeze(shard, until_ms, fault == FAULT_stall);
        break;
    case FAULT_leave:
        shard_leave(shard);
        break;
    default:
        break;
    }
}

static void strike(struct world *w, enum fault fault)
{
    switch (fault) {
    case FAULT_kill:
    case FAULT_stop:
    case FAULT_stall:
    case FAULT_leave:
        strike_shard(w, fault);
        break;
    case FAULT_machine_death:
        faults_count(&w->faults, fault);
        kill_machine(w, w->shared.scenario->machine_of[rand_below(&w->rand, w->shard_count)]);
        break;
    case FAULT_assignment_shuffled:
        faults_count(&w->faults, fault);
        group_shuffle(&w->group, w->shared.now_ms);
        break;
    default:
        break;
    }
}

static bool is_all_produced(const struct world *w)
{
    return w->topic.next_ms == DEADLINE_NONE;
}

static void live_with_faults(struct world *w)
{
    int64_t left = 2000; /* of steps, when everything has been produced */
    w->faults.is_active = true;
    for (int i = 0; i < FAULTY_STEPS && left > 0 && w->shared.now_ms < FAULTY_MS; i++) {
        step(w);
        strike(w, faults_pick(&w->faults));
        left -= is_all_produced(w);
    }
    w->faults.is_active = false;
}

static bool is_done(const struct world *w, size_t partition)
{
    for (size_t i = 0; i < w->shard_count; i++) {
        const struct shard *shard = &w->shards[i];
        if (shard->is_up && group_owns(&w->group, shard->member, partition)) {
            return shard_is_running(shard) && hosted_is_done(&shard->hosted[partition]);
        }
    }
    return false;
}

static bool is_at_rest(const struct world *w)
{
    bool is_quiet = is_all_produced(w) && w->net.count == 0;
    for (size_t p = 0; p < w->shared.scenario->partitions; p++) {
        is_quiet = is_quiet && is_done(w, p);
    }
    return is_quiet;
}

/* At rest: everything is delivered, and idleness has closed the last windows a while ago. */
static bool heal(struct world *w)
{
    int64_t quiet_since_ms = -1;
    for (int i = 0; i < HEALING_STEPS; i++) {
        step(w);
        if (!is_at_rest(w)) {
            quiet_since_ms = -1;
        } else if (quiet_since_ms < 0) {
            quiet_since_ms = w->shared.now_ms;
        } else if (w->shared.now_ms - quiet_since_ms > QUIET_MS) {
            return true;
        }
    }
    printf("it does not come to rest\n");
    return false;
}

struct world_result world_live(const struct world_options *options)
{
    struct world w;
    init(&w, options);
    live_with_faults(&w);
    bool is_right = heal(&w) && check_servers(options->scenario, w.servers);
    for (size_t i = 0; i < SIM_SINKS; i++) {
        server_hash(&w.servers[i], &w.hash);
    }
    struct world_result result = {is_right, w.hash.value, w.faults.counts};
    deinit(&w);
    return result;
}
