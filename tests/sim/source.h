/* One partition of the log as a source of the virtual world hands it out: in odd pieces, late, and
 * from before. */
#ifndef CANDLED_TESTS_SIM_SOURCE_H
#define CANDLED_TESTS_SIM_SOURCE_H

#include "actors/record.h"
#include "runtime/actor.h"
#include "tests/sim/topic.h"

#include <stdbool.h>

enum { SOURCE_RECORDS_MAX = 400 };

struct sched;

struct sim_source {
    struct actor actor;
    const struct topic *topic; /* borrowed */
    struct rand *rand;         /* borrowed */
    size_t partition;
    struct actor *asker; /* NULL: nobody waits */
    size_t records_max;
    int64_t position;
    int64_t quiet_since_ms;
    struct record records[SOURCE_RECORDS_MAX];
};

/* Begins at `offset`, or, when the dice say so, some records before it. */
void sim_source_init(struct sim_source *source, struct sched *sched, const struct topic *topic,
                     struct rand *rand, size_t partition, int64_t offset);

void sim_source_deinit(struct sim_source *source);

#endif
