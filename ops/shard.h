/* A shard: one loop, one consumer, the partitions that the group gives it, and the sinks.
 *
 * `candled shard` is this and nothing else; `candled run` adds a broker and a feed on the same
 * loop.
 * Thread: the loop's. */
#ifndef CANDLED_OPS_SHARD_H
#define CANDLED_OPS_SHARD_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct loop;
struct metrics;
struct shard;

struct shard_options {
    const struct config *config; /* borrowed */
    const char *brokers;         /* NULL: the configuration's */
    const char *data_dir;        /* NULL: the configuration's */
    bool is_passing;             /* its state is not to last: no snapshots are taken */
    bool shows_candles;          /* candles.intervals on standard output */
    bool is_json;                /* shown as JSON lines */
    void *context;
    /* After each checkpoint; may be NULL. */
    void (*checkpointed)(void *context, int32_t partition, int64_t next_offset);
};

/* STATUS_BAD_CONFIG: told in the log. */
MUST_CHECK enum status shard_create(const struct shard_options *options, struct shard **out_shard);

/* Runs until it is stopped by a signal or by shard_stop(), or cannot go on. SIGTERM and SIGINT stop
 * it as shard_stop() does; a second one ends the process at once. */
MUST_CHECK enum status shard_run(struct shard *shard);

/* Stops reading, commits, drains the sinks, leaves the group; then shard_run() returns. */
void shard_stop(struct shard *shard);

/* Whether it has a partition, and checkpoints cover each that it has up to its end; ends: by
 * partition, 0: none; beyond the count there are none. */
bool shard_covers(const struct shard *shard, const int64_t *ends, size_t count);

/* After shard_run(). */
void shard_destroy(struct shard **shard_p);

struct loop *shard_loop(struct shard *shard);

struct metrics *shard_metrics(struct shard *shard);

#endif
