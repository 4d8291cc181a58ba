#include "tests/sim/world.h"

#include "tests/sim/world_internal.h"

#include "runtime/base.h"
#include "runtime/deadlines.h"
#include "state/object_store.h"
#include "tests/sim/check.h"
#include "tests/sim/clock.h"
#include "tests/sim/mischief.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FAULTY_STEPS = 30000,
    FAULTY_MS = 300000,
    HEALING_STEPS = 400000,
    QUIET_MS = 62000,
    RECREATED_MS = 30000,
    RECREATED_RECORDS = 4, /* of fewer, two neighbours may be the same */
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

static void open_remote(struct world *w, const char *folder)
{
    char url[400];
    char error[160];
    snprintf(w->remote_folder, sizeof(w->remote_folder), "%s/remote", folder);
    snprintf(url, sizeof(url), "file://%s", w->remote_folder);
    (void)mkdir(w->remote_folder, 0750);
    enum status status = object_store_open(url, &w->shared.remote, error, sizeof(error));
    assert(status == STATUS_OK);
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
        .is_traced = options->is_traced,
    };
    if (scenario->has_remote) {
        open_remote(w, options->folder);
    }
    w->shard_count = scenario->shards;
    for (size_t i = 0; i < w->shard_count; i++) {
        machine_init(&w->machines[i], &w->rand, options->folder, i);
    }
    for (size_t i = 0; i < w->shard_count; i++) {
        shard_init(&w->shards[i], &w->shared, &w->machines[scenario->machine_of[i]], i);
    }
}

static void deinit(struct world *w)
{
    object_store_close(&w->shared.remote);
    for (size_t i = 0; i < w->shard_count; i++) {
        shard_kill(&w->shards[i]);
        machine_deinit(&w->machines[i]);
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
        mischief_strike(w, faults_pick(&w->faults));
        left -= is_all_produced(w);
    }
    w->faults.is_active = false;
    mischief_disconnect_redis(w); /* what was flushed is found out at the next connect */
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

static void tell_unrest(const struct world *w)
{
    printf("it does not come to rest: %zu packets under way\n", w->net.count);
    for (size_t i = 0; i < w->shard_count; i++) {
        const struct shard *s = &w->shards[i];
        for (size_t p = 0; p < w->shared.scenario->partitions; p++) {
            if (s->is_up && group_owns(&w->group, s->member, p)) {
                printf("  partition %zu of shard %zu: ", p, i);
                hosted_tell(&s->hosted[p]);
            }
        }
    }
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
    tell_unrest(w);
    return false;
}

/* While all are down every log becomes another one of the same length: whoever has state must see
 * it and stop, and write nothing. */
static bool recreate_topic(struct world *w)
{
    bool is_right = true;
    for (size_t i = 0; i < w->shard_count; i++) {
        shard_kill(&w->shards[i]);
    }
    for (size_t p = 0; p < w->shared.scenario->partitions; p++) {
        w->topic.shift[p] = 1;
    }
    faults_count(&w->faults, FAULT_topic_recreated);
    int64_t until_ms = w->shared.now_ms + RECREATED_MS;
    while (w->shared.now_ms < until_ms) {
        step(w);
    }
    for (size_t i = 0; i < w->shard_count; i++) {
        for (size_t p = 0; p < w->shared.scenario->partitions; p++) {
            if (w->shards[i].hosted[p].state == HOSTED_running &&
                w->shared.scenario->logs[p].count >= RECREATED_RECORDS) {
                printf("partition %zu goes on in a log that is another one\n", p);
                is_right = false;
            }
        }
    }
    return is_right;
}

struct world_result world_live(const struct world_options *options)
{
    struct world w;
    init(&w, options);
    clock_follow(&w.shared.now_ms);
    live_with_faults(&w);
    bool is_right = heal(&w) && check_servers(options->scenario, w.servers);
    if (is_right && options->scenario->is_recreated) {
        is_right = recreate_topic(&w);
    }
    for (size_t i = 0; i < SIM_SINKS; i++) {
        server_hash(&w.servers[i], &w.hash);
    }
    struct world_result result = {is_right, w.hash.value, w.faults.counts};
    deinit(&w);
    clock_follow(NULL);
    return result;
}
