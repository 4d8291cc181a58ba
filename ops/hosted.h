/* A partition that this process hosts: its store, its pipeline and the edges of its own, from the
 * moment it is assigned until it is let go.
 *
 *   opening --(store open)--> running --(hosted_drain)--> draining --> closing --> closed()
 *         \--(the log is another one)--> halted ---------------------------/
 *
 * Opening waits for the lock of another process, for a disk with room and for Kafka; it is told
 * once. Closing takes a snapshot, gives the lock free, and copies the snapshot on.
 * Thread: the loop's; what blocks runs in jobs.
 * Ownership: it frees itself after `closed`. */
#ifndef CANDLED_OPS_HOSTED_H
#define CANDLED_OPS_HOSTED_H

#include "actors/core/rules.h"
#include "actors/pipeline.h"
#include "ops/opening.h"
#include "runtime/status.h"
#include "state/store.h"

#include <stdbool.h>
#include <stdint.h>

struct hosted;
struct kafka_mark;
struct loop;
struct snapshotter;

struct hosted_options {
    struct loop *loop; /* borrowed, as is all that a pointer names */
    struct metrics *metrics;
    struct opening_options opening; /* its store's partition is ours */
    struct candle_rules rules;
    bool takes_snapshots;
    const char *snapshots_url; /* empty: they stay in the partition's folder */
    int64_t snapshots_interval_ms;
    size_t snapshots_keep;
    int64_t linger_ms;
    size_t records_max;
    int64_t outbox_bytes_max;
    struct pipeline_sink sinks[SINK_COUNT];
    uint64_t seed;
    void *context;
    /* The state is open, and goes on from this offset. hosted_start() comes next. */
    void (*opened)(void *context, int32_t partition, int64_t next_offset);
    /* It reads no more until somebody decides; what is owed is still delivered. */
    void (*halted)(void *context, int32_t partition, enum status why);
    void (*symbol_seen)(void *context, int32_t partition, const char *symbol);
    void (*checkpointed)(void *context, int32_t partition, int64_t next_offset,
                         const struct kafka_mark *mark);
    void (*closed)(void *context, int32_t partition);
    void (*failed)(void *context, int32_t partition, enum status status);
};

struct hosted *hosted_open(const struct hosted_options *options);

/* Lets it run with records from `source`. */
void hosted_start(struct hosted *hosted, struct actor *source);

/* Its partition actor, for the source; valid from hosted_start() on. */
struct actor *hosted_actor(struct hosted *hosted);

/* When to stop waiting; monotonic. */
struct hosted_deadlines {
    int64_t sinks_ms;
    int64_t snapshot_ms; /* for it to be copied on */
};

/* Commits, waits for the sinks, takes a snapshot, and closes. Again: with deadlines that may be
 * earlier. While it opens: it closes as soon as the worker comes back. */
void hosted_drain(struct hosted *hosted, struct hosted_deadlines deadlines);

/* Reads no more: see `halted`. While it opens: as soon as it runs. */
void hosted_halt(struct hosted *hosted, enum status why);

/* OK: it is not halted. */
enum status hosted_halt_reason(const struct hosted *hosted);

/* NULL: it takes none, at least not now. */
struct snapshotter *hosted_snapshotter(struct hosted *hosted);

/* Somebody else may have it already: nothing is flushed. */
void hosted_drop(struct hosted *hosted);

/* NULL while it opens. */
struct store *hosted_store(struct hosted *hosted);

/* Tells the metrics how large the state is. */
void hosted_measure(struct hosted *hosted);

int32_t hosted_partition(const struct hosted *hosted);

/* What checkpoints cover; -1: not known yet, or nothing. */
int64_t hosted_next_offset(const struct hosted *hosted);

/* Whether it runs, and checkpoints cover no more than at the last call: then no record tells it
 * where the log ends. */
bool hosted_stands_still(struct hosted *hosted);

/* Tells the metrics how far it is behind. -1: nobody knows where the log ends. */
void hosted_note_log_end(struct hosted *hosted, int64_t log_end);

bool hosted_is_running(const struct hosted *hosted);

/* It owes nothing to anybody. */
bool hosted_is_opening(const struct hosted *hosted);

#endif
