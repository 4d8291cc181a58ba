/* A virtual world for one partition: the real pipeline over a real store, between edges that fail.
 *
 * Everything follows from the seed: the log, the latencies and the faults. The world crashes the
 * pipeline at any step, loses and repeats acknowledgements, fails commits, and delivers the log in
 * odd pieces; what survives is the store's file, the log and the sinks. */
#ifndef CANDLED_TESTS_SIM_WORLD_H
#define CANDLED_TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

struct world;

struct world_options {
    uint64_t seed;
    bool is_traced;     /* a line a message on standard output */
    const char *folder; /* for the store; emptied */
};

struct world *world_create(const struct world_options *options);

void world_destroy(struct world **world_p);

/* With faults and crashes, until the log is read or the steps are used up. */
void world_run_faulty(struct world *world);

/* Without them: must come to rest. False: it did not. */
bool world_run_healed(struct world *world);

/* Compares what the sinks hold with the oracle. False: they differ; each difference was printed. */
bool world_check(struct world *world);

/* Of all that happened: the same seed gives the same number. */
uint64_t world_hash(const struct world *world);

uint64_t world_crashes(const struct world *world);

#endif
