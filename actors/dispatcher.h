/* The dispatcher: takes one partition's outbox to one sink, in order, one delivery at a time.
 *
 * Pure. It begins after the cursor of the last commit; a delivery is repeated, after a backoff,
 * until the sink has answered for every row of it. The cursor it tells its partition becomes
 * durable with the next checkpoint: after a crash some rows are delivered again, and change
 * nothing. A sink that says it has forgotten is given the partition's candles once more, page by
 * page between the deliveries. Ownership: the pipeline's; not before its last delivery and read
 * have come back, and the sink has let go of it. */
#ifndef CANDLED_ACTORS_DISPATCHER_H
#define CANDLED_ACTORS_DISPATCHER_H

#include "runtime/actor.h"
#include "state/outbox.h"
#include "state/schema.h"

#include <stdbool.h>
#include <stdint.h>

struct dispatcher;
struct sched;

struct dispatcher_options {
    struct sched *sched;
    enum sink sink;
    struct outbox_filter filter;
    struct actor *partition;
    struct actor *store_reader;
    struct actor *sink_edge;
    const char *topic; /* borrowed */
    int32_t partition_id;
    int64_t cursor;         /* the last sequence that the sink has */
    int64_t last_sequence;  /* the last one in the outbox */
    size_t rows_max;        /* of one delivery */
    bool may_forget;        /* the sink may, and is then refilled: see refill.h */
    int64_t ttl_ms;         /* of what it is given */
    bool is_quiet;          /* attaches with QUIET_OVER only */
    int64_t acked_revision; /* how far it has acknowledged, see acked.h; -1: nothing ever */
    int64_t acked_count;
    int64_t life;
    uint64_t seed;
};

struct dispatcher *dispatcher_create(const struct dispatcher_options *options);

void dispatcher_destroy(struct dispatcher **dispatcher_p);

struct actor *dispatcher_actor(struct dispatcher *dispatcher);

/* Begins with what the outbox holds already. */
void dispatcher_start(struct dispatcher *dispatcher);

/* Asks for nothing more; what is under way still comes back. */
void dispatcher_stop(struct dispatcher *dispatcher);

/* True while a read or a delivery of its has not come back; once stopped, also until the sink knows
 * it no more. */
bool dispatcher_is_busy(const struct dispatcher *dispatcher);

#endif
