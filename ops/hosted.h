/* A partition that this process hosts: its store, its pipeline and the edges of its own, from the
 * moment it is assigned until it is let go.
 *
 *   opening --(store open)--> running --(hosted_drain)--> draining --> closing --> closed()
 *
 * Opening waits for the lock of another process and for a disk with room; both are told once.
 * Thread: the loop's; what blocks runs in jobs.
 * Ownership: it frees itself after `closed`. */
#ifndef CANDLED_OPS_HOSTED_H
#define CANDLED_OPS_HOSTED_H

#include "actors/core/rules.h"
#include "actors/pipeline.h"
#include "runtime/status.h"
#include "state/store.h"

#include <stdbool.h>
#include <stdint.h>

struct hosted;
struct loop;

struct hosted_options {
    struct loop *loop; /* borrowed, as is all that a pointer names */
    struct metrics *metrics;
    struct store_options store; /* its partition is ours */
    struct candle_rules rules;
    int64_t linger_ms;
    size_t records_max;
    int64_t outbox_bytes_max;
    struct pipeline_sink sinks[SINK_COUNT];
    uint64_t seed;
    void *context;
    /* The store is open: the next offset it knows, or -1. hosted_start() comes next. */
    void (*opened)(void *context, int32_t partition, int64_t next_offset);
    void (*checkpointed)(void *context, int32_t partition, int64_t next_offset, int64_t era,
                         int64_t acked_offset);
    void (*closed)(void *context, int32_t partition);
    void (*failed)(void *context, int32_t partition, enum status status);
};

struct hosted *hosted_open(const struct hosted_options *options);

/* Lets it run with records from `source`. */
void hosted_start(struct hosted *hosted, struct actor *source);

/* Its partition actor, for the source; valid from hosted_start() on. */
struct actor *hosted_actor(struct hosted *hosted);

/* Commits, waits for the sinks until deadline_ms (monotonic), and closes. */
void hosted_drain(struct hosted *hosted, int64_t deadline_ms);

/* Somebody else may have it already: nothing is flushed. */
void hosted_drop(struct hosted *hosted);

/* NULL while it opens. */
struct store *hosted_store(struct hosted *hosted);

/* Tells the metrics how large the state is. */
void hosted_measure(struct hosted *hosted);

int32_t hosted_partition(const struct hosted *hosted);

bool hosted_is_running(const struct hosted *hosted);

#endif
