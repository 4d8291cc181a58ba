/* The log as a source of the virtual world hands it out: in odd pieces, late, and from before. */
#ifndef CANDLED_TESTS_SIM_SOURCE_H
#define CANDLED_TESTS_SIM_SOURCE_H

#include "runtime/actor.h"
#include "runtime/rand.h"
#include "tests/sim/log.h"

#include <stdbool.h>

enum { SOURCE_RECORDS_MAX = 400 };

struct sched;

struct sim_source {
    struct actor actor;
    const struct sim_log *log; /* borrowed */
    struct rand *rand;         /* borrowed */
    const bool *is_faulty;     /* borrowed */
    struct actor *asker;       /* NULL: nobody waits */
    size_t records_max;
    size_t position;
    int64_t quiet_since_ms;
    struct record records[SOURCE_RECORDS_MAX];
};

/* Begins at `offset`, or, when the dice say so, some records before it. */
void sim_source_init(struct sim_source *source, struct sched *sched, const struct sim_log *log,
                     struct rand *rand, const bool *is_faulty, int64_t offset);

void sim_source_deinit(struct sim_source *source);

bool sim_source_is_read(const struct sim_source *source);

#endif
