#include "tests/sim/mischief.h"

#include "runtime/base.h"
#include "state/snapshot.h"
#include "tests/sim/damage.h"
#include "tests/sim/world_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FREEZE_MS = 60000 };

static void kill_processes(struct world *w, size_t machine)
{
    for (size_t i = 0; i < w->shard_count; i++) {
        if (w->shared.scenario->machine_of[i] == machine) {
            shard_kill(&w->shards[i]);
        }
    }
}

static void lose_power(struct world *w, size_t machine)
{
    kill_processes(w, machine);
    machine_lose_power(&w->machines[machine]);
}

/* The last kline before `end` whose event time is that or earlier; the log's first record when
 * there is none. */
static int64_t last_until(const struct world *w, size_t p, int64_t end, int64_t event_ms)
{
    const struct scenario *scenario = w->shared.scenario;
    int64_t begin = w->topic.begin[p];
    for (int64_t at = end - 1; at > begin; at--) {
        const struct log_entry *entry = &scenario->logs[p].entries[at];
        if (!oracle_is_dead(scenario->oracles[p], at) && entry->kline.event_ms <= event_ms) {
            return at;
        }
    }
    return begin;
}

/* How many records at the head of the log nobody will ask for, nor is about to read. Who begins
 * from nothing must find a kline that is as old as docs/recovery.md says: where the log begins
 * later, be it after a pause in which nothing happened, he cannot know what went before, and tells
 * nothing of the windows that were open there. */
static int64_t spare_records(const struct world *w, size_t p)
{
    const struct scenario *scenario = w->shared.scenario;
    const struct candle_rules *rules = &scenario->rules;
    int64_t acked = w->group.partitions[p].commit.acked;
    if (!scenario->is_orderly || !scenario->has_commits || acked <= w->topic.begin[p] ||
        acked >= w->topic.end[p]) {
        return 0;
    }
    int64_t back_ms = rules->late_ms + rules_longest_ms(rules) + rules_derived_longest_ms(rules) +
                      2 * (rules->grace_ms + PROOF_MS);
    int64_t newest = last_until(w, p, acked, INT64_MAX);
    int64_t event_ms = scenario->logs[p].entries[newest].kline.event_ms;
    int64_t until = last_until(w, p, newest, event_ms - back_ms);
    for (size_t i = 0; i < w->shard_count; i++) {
        const struct hosted *h = &w->shards[i].hosted[p];
        until = h->pipeline != NULL && h->source.position < until ? h->source.position : until;
    }
    return until - w->topic.begin[p];
}

/* Copies or manifests. */
static bool damage_one(struct world *w, bool is_flip, const char *folder)
{
    const char *ending = rand_chance(&w->rand, 70) ? ".mdb" : ".json";
    return is_flip ? damage_flip(&w->rand, folder, ending)
                   : damage_truncate(&w->rand, folder, ending);
}

/* Records go that nobody needs who begins at what was acknowledged; and none where anybody may have
 * to begin at the first. */
static void strike_log(struct world *w)
{
    size_t p = rand_below(&w->rand, w->shared.scenario->partitions);
    int64_t spare = spare_records(w, p);
    if (spare > 0) {
        faults_count(&w->faults, FAULT_retention);
        w->topic.begin[p] += 1 + (int64_t)rand_below(&w->rand, (uint64_t)spare);
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

void mischief_disconnect_redis(struct world *w)
{
    for (size_t i = 0; i < w->shard_count; i++) {
        if (w->shards[i].is_up) {
            sim_sink_disconnect(&w->shards[i].sinks[SIM_SINK_redis]);
        }
    }
}

static void strike_redis(struct world *w, enum fault fault)
{
    struct server *redis = &w->servers[SIM_SINK_redis];
    if (fault == FAULT_redis_rolled_back && !server_has_copy(redis)) {
        server_keep_copy(redis);
        return;
    }
    faults_count(&w->faults, fault);
    server_forget(redis, fault == FAULT_redis_rolled_back);
    if (fault != FAULT_redis_flushed) {
        net_drop(&w->net, redis);
        mischief_disconnect_redis(w);
    }
}

/* What happens to the files of one partition: on a machine all of whose processes are dead, or in
 * the object store. */
static void strike_files(struct world *w, enum fault fault)
{
    size_t p = rand_below(&w->rand, w->shared.scenario->partitions);
    size_t i = w->shared.scenario->machine_of[rand_below(&w->rand, w->shard_count)];
    char folder[400];
    bool is_struck = false;

    snprintf(folder, sizeof(folder), "%s/" SIM_TOPIC "/%zu", w->machines[i].data_dir, p);
    if (fault == FAULT_folder_lost || fault == FAULT_state_truncated) {
        kill_processes(w, i);
    }
    if (fault == FAULT_folder_lost) {
        is_struck = damage_lose(folder);
    } else if (fault == FAULT_state_truncated) {
        is_struck = damage_truncate(&w->rand, folder, "data.mdb");
    } else if (fault == FAULT_snapshot_flipped || fault == FAULT_snapshot_truncated) {
        strcat(folder, "/" SNAPSHOT_FOLDER_NAME);
        is_struck = damage_one(w, fault == FAULT_snapshot_flipped, folder);
    } else {
        snprintf(folder, sizeof(folder), "%s/" SIM_TOPIC "/%zu", w->remote_folder, p);
        is_struck = damage_one(w, fault == FAULT_remote_flipped, folder);
    }
    w->faults.counts.of[fault] += is_struck;
}

void mischief_strike(struct world *w, enum fault fault)
{
    if (w->shared.is_traced && fault != FAULT_COUNT) {
        printf("[%9" PRId64 "] strikes: %s\n", w->shared.now_ms, faults_name(fault));
    }
    switch (fault) {
    case FAULT_kill:
    case FAULT_stop:
    case FAULT_stall:
    case FAULT_leave:
        strike_shard(w, fault);
        break;
    case FAULT_machine_death:
        faults_count(&w->faults, fault);
        lose_power(w, w->shared.scenario->machine_of[rand_below(&w->rand, w->shard_count)]);
        break;
    case FAULT_folder_lost:
    case FAULT_state_truncated:
    case FAULT_snapshot_flipped:
    case FAULT_snapshot_truncated:
    case FAULT_remote_flipped:
    case FAULT_remote_truncated:
        strike_files(w, fault);
        break;
    case FAULT_retention:
        strike_log(w);
        break;
    case FAULT_redis_restarted:
    case FAULT_redis_flushed:
    case FAULT_redis_rolled_back:
        strike_redis(w, fault);
        break;
    case FAULT_assignment_shuffled:
        faults_count(&w->faults, fault);
        group_shuffle(&w->group, w->shared.now_ms);
        break;
    default:
        break;
    }
}
