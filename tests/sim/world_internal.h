/* What world.c and mischief.c share: see world.h. */
#ifndef CANDLED_TESTS_SIM_WORLD_INTERNAL_H
#define CANDLED_TESTS_SIM_WORLD_INTERNAL_H

#include "tests/sim/shard.h"

struct world {
    struct shard_world shared;
    struct rand rand;
    struct hash hash;
    struct faults faults;
    struct topic topic;
    struct group group;
    struct net net;
    struct server servers[SIM_SINKS];
    struct machine machines[SIM_SHARDS_MAX];
    struct shard shards[SIM_SHARDS_MAX];
    size_t shard_count;
    char remote_folder[300];
};

#endif
