/* The actor of one partition of the log: records become batches, batches become checkpoints.
 *
 * Pure. It asks its source for a slice of records, decodes them, counts event time, and hands
 * closed klines to their symbols. A batch ends when the source has no more, at records_max, or
 * after linger (one of open klines only, for whose checkpoint nobody waits, at records_max or after
 * 200 ms, or linger if that is longer); then the symbols save what changed, and everything goes
 * into one checkpoint with the next offset. One checkpoint is in the air at a time; meanwhile
 * records wait in the source.
 *
 *   gathering --(batch ends)--> saving --> committing --(it lasts)--> gathering
 *
 * A record that must not be passed (STATUS_UNKEYED), or partition_halt(), halts it: what came
 * before is committed and delivered, nothing after it is read, and `halted` is called; it is
 * drained as ever.
 *
 * After partition_drain() it reads no more, commits what it has, waits until the sinks have all
 * that is owed or the deadline comes, commits their cursors, and calls `drained`. Ownership: the
 * pipeline's. The symbols are its own. */
#ifndef CANDLED_ACTORS_PARTITION_H
#define CANDLED_ACTORS_PARTITION_H

#include "actors/core/rules.h"
#include "runtime/actor.h"
#include "runtime/status.h"
#include "state/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct meta;
struct metrics;
struct partition;
struct sched;
struct store;

struct partition_options {
    struct sched *sched;
    struct store *store; /* borrowed; read on this thread, committed to by the store writer */
    struct candle_rules rules;
    struct actor *source;
    struct actor *store_writer;
    struct metrics *metrics; /* borrowed */
    const char *topic;       /* borrowed */
    int32_t partition;
    int64_t linger_ms;
    size_t records_max;       /* of one checkpoint */
    int64_t floor_ms;         /* for a store that knows no offset yet: see struct meta */
    int64_t quiet_until;      /* the same */
    bool is_key_required;     /* a kline whose key is not its symbol halts the partition */
    int32_t topic_partitions; /* remembered with the state; 0: not known */
    const char *cluster;      /* the same; borrowed; NULL: not known */
    int64_t outbox_bytes_max; /* reading stops beyond it, and goes on at half of it */
    bool is_always_slow;      /* for tests: symbols take no fast path */
    void *context;
    /* After each checkpoint: for group offsets and for the terminal. May be NULL. */
    void (*checkpointed)(void *context, int64_t next_offset, int64_t acked_offset);
    /* Once, after partition_drain(). */
    void (*drained)(void *context);
    /* A symbol that this partition had not seen since its start. May be NULL. */
    void (*symbol_seen)(void *context, const char *symbol);
    /* Once: it reads no more, see above. */
    void (*halted)(void *context, enum status why);
};

struct partition *partition_create(const struct partition_options *options);

/* Nothing of it may be in the air: see partition_is_busy(). */
void partition_destroy(struct partition **partition_p);

struct actor *partition_actor(struct partition *partition);

/* The last sequence that a sink has: a sink that is new owes nothing of the past. */
int64_t partition_first_cursor(const struct meta *meta, enum sink sink);

/* A sink takes part: it is told of news. Before partition_start(). */
void partition_add_dispatcher(struct partition *partition, enum sink sink,
                              struct actor *dispatcher);

/* True while it rebuilds what every sink has: dispatchers of sinks that can forget wait for
 * QUIET_OVER before they hold the sink against what it had. */
bool partition_is_quiet(const struct partition *partition);

/* Wakes the symbols that have pending windows (all, when the rules are new), and asks for the first
 * records. */
void partition_start(struct partition *partition);

/* deadline_ms: monotonic; when to stop waiting for the sinks. */
void partition_drain(struct partition *partition, int64_t deadline_ms);

/* Reads no more, as if the next record must not be passed. */
void partition_halt(struct partition *partition, enum status why);

/* Where the log ends, for the lag, while no record tells it. */
void partition_note_log_end(struct partition *partition, int64_t log_end);

/* Nothing more is asked, committed or told: what comes is ignored. */
void partition_stop(struct partition *partition);

/* True while a checkpoint is in the air. */
bool partition_is_busy(const struct partition *partition);

#endif
