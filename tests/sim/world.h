/* A virtual world: shard processes on machines, one log, a group, and servers, under faults.
 *
 * Everything follows from the seed: the log, the latencies and the faults. The pipelines and the
 * stores are the product's own; what survives a process is its machine's folder, the log, the group
 * and the servers. */
#ifndef CANDLED_TESTS_SIM_WORLD_H
#define CANDLED_TESTS_SIM_WORLD_H

#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

#include <stdbool.h>
#include <stdint.h>

struct world;

struct world_options {
    const struct scenario *scenario;
    bool is_traced;     /* a line a message on standard output */
    const char *folder; /* for the machines; must be empty */
};

struct world_result {
    bool is_right; /* else what is wrong was printed */
    uint64_t hash; /* of all that happened */
    struct fault_counts faults;
};

/* With faults for a while, then without, until it has come to rest; then everything is compared. */
struct world_result world_live(const struct world_options *options);

#endif
