/* How large a virtual world may be, and the sinks that take part in it. */
#ifndef CANDLED_TESTS_SIM_LIMITS_H
#define CANDLED_TESTS_SIM_LIMITS_H

#include "state/schema.h"

enum {
    SIM_PARTITIONS_MAX = 5,
    SIM_SHARDS_MAX = 4,
    SIM_SYMBOLS_MAX = 3, /* of a partition */
    SIM_SESSION_MS = 10000,
    SIM_REVOKE_MS_MAX = 60000, /* so long a member may take to give a partition back */
    SIM_REDIS_TTL_MS = 3600000,
};

#define SIM_TOPIC "sim"

/* clang-format off */
#define SIM_SINKS_TABLE(X)                                                            \
    /* sink           intervals of candles                          dead letters */  \
    X(redis,         (INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_5m)),  false) \
    X(mongo,         (INTERVAL_BIT(INTERVAL_5m) | INTERVAL_BIT(INTERVAL_15m) |        \
                      INTERVAL_BIT(INTERVAL_1d)),                              false) \
    X(dead_letters,  0,                                                        true)
/* clang-format on */

enum {
#define X(name, intervals, letters) SIM_SINK_##name,
    SIM_SINKS_TABLE(X)
#undef X
        SIM_SINKS
};

#endif
