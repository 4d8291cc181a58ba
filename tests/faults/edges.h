/* The edges of the driver: they do what they are asked at once, on the one thread there is. */
#ifndef CANDLED_TESTS_FAULTS_EDGES_H
#define CANDLED_TESTS_FAULTS_EDGES_H

#include "runtime/actor.h"
#include "tests/faults/made_log.h"

#include <stddef.h>

struct sched;
struct sink_table;
struct store;

struct edges {
    const struct made_log *log; /* borrowed, as are the others */
    struct store *store;
    struct sink_table *table;
    size_t position;
    struct actor source;
    struct actor writer;
    struct actor reader;
    struct actor sink;
};

/* The source begins at `position`. */
void edges_init(struct edges *edges, struct sched *sched, size_t position);

void edges_deinit(struct edges *edges);

#endif
