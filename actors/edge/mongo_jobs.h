/* Deliveries on their way through the MongoDB sink, in the order in which they came.
 *
 * Plain data: whoever holds a list also holds the lock that it needs, if any. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_JOBS_H
#define CANDLED_ACTORS_EDGE_MONGO_JOBS_H

#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct actor;
struct delivery;

struct mongo_job {
    struct delivery *delivery;
    struct actor *from;
    uint64_t came_ns;
    enum status status; /* when handed back */
    int64_t failures;   /* how often it was repeated, or handed back UNAVAILABLE */
    bool is_cancelled;  /* while it is written: it is not to be written again */
    struct mongo_job *next;
};

struct mongo_jobs {
    struct mongo_job *first; /* NULL: empty */
    struct mongo_job *last;
};

void mongo_jobs_append(struct mongo_jobs *jobs, struct mongo_job *job);

/* NULL: there is none. */
struct mongo_job *mongo_jobs_take(struct mongo_jobs *jobs);

/* Puts all of `more` before the others; `more` is empty then. */
void mongo_jobs_prepend(struct mongo_jobs *jobs, struct mongo_jobs *more);

#endif
