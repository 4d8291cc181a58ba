/* What a seed decides before anything happens: the logs, the rules, and how the world is built.
 *
 * A scenario is made once and lived through twice. */
#ifndef CANDLED_TESTS_SIM_SCENARIO_H
#define CANDLED_TESTS_SIM_SCENARIO_H

#include "actors/core/rules.h"
#include "state/store.h"
#include "tests/sim/limits.h"
#include "tests/sim/log.h"
#include "tests/sim/oracle.h"

#include <stdbool.h>
#include <stdint.h>

struct scenario {
    uint64_t seed;
    size_t partitions;
    size_t shards;
    size_t machine_of[SIM_SHARDS_MAX]; /* shards of one machine share its data folder */
    bool is_one_machine;
    struct candle_rules rules;
    struct zone *zone; /* of the rules; NULL: UTC */
    enum store_sync sync;
    bool is_orderly; /* klines are out of order by less than grace */
    /* The group remembers what was acknowledged: who begins without any state begins in the middle.
     * Else whoever does begins at the log's first record. */
    bool has_commits;
    bool is_static_membership;
    int64_t snapshots_ms; /* between two of a partition; 0: none */
    bool has_remote;      /* they are copied on */
    bool is_recreated;    /* the topic, when all is done */
    bool is_always_slow;
    bool mongo_rejects;
    size_t records_max; /* of a checkpoint */
    int64_t produced_in_ms;
    struct sim_log logs[SIM_PARTITIONS_MAX];
    struct oracle *oracles[SIM_PARTITIONS_MAX];
};

void scenario_init(struct scenario *scenario, uint64_t seed);

void scenario_deinit(struct scenario *scenario);

/* The partition of a symbol. */
size_t scenario_partition_of(const char *symbol);

#endif
