/* Runs many seeds in a few processes. A process that dies of a seed is a failed seed. */
#ifndef CANDLED_TESTS_SIM_JOBS_H
#define CANDLED_TESTS_SIM_JOBS_H

#include "tests/sim/faults.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jobs_options {
    uint64_t first;
    uint64_t count;
    size_t jobs;
    uint64_t failures_max;  /* with so many it ends early */
    uint64_t twice_every;   /* one seed in so many runs twice and must be the same */
    const char *seeds_file; /* seeds that failed once, one a line; run before all others */
};

/* Twice, in this process, and compares the two; the first time on standard output. */
bool jobs_run_seed(uint64_t seed, struct fault_counts *out_faults);

/* Prints failed seeds with the command that repeats them, and what was struck how often; told
 * to end (SIGINT, SIGTERM) it says so of what was done until then. False: some seed failed. */
bool jobs_run(const struct jobs_options *options);

#endif
