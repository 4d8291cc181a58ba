/* What the log says: a range of one partition folded again by the actors of a shard, into a store
 * of its own that nobody else sees. What verify and explain hold everything else against.
 *
 * It reads from so far before the range that every window in it is read whole, up to an offset that
 * the caller names (the one that the shard has reached).
 * Thread: one, which is blocked until it is done. Ownership: refold_destroy(), which removes the
 * store. */
#ifndef CANDLED_OPS_REFOLD_H
#define CANDLED_OPS_REFOLD_H

#include "actors/core/rules.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct batch;
struct kafka_property;
struct kline;
struct metrics_set;
struct record;
struct refold;
struct store;

/* Sees records one by one as they are applied. */
struct refold_watcher {
    void *context;
    /* True: this record gets a checkpoint of its own, which applied() is shown. */
    bool (*is_watched)(void *context, const struct record *record);
    /* The record is about to be applied, all before it are; the partition's counters by now. */
    void (*begins)(void *context, const struct metrics_set *metrics);
    /* What became of it: what its checkpoint writes, and the partition's counters by now. */
    void (*applied)(void *context, const struct record *record, const struct batch *batch,
                    const struct metrics_set *metrics);
};

/* Klines that come from elsewhere than the log. */
struct refold_feed {
    void *context;
    /* False: there is none any more. The first one's offset is 0, the next one's 1, and so on. */
    bool (*next)(void *context, struct kline *out_kline);
};

struct refold_options {
    const struct refold_feed *feed; /* NULL: the log; else of what follows only `topic`, `rules`,
                                       `is_idle` and `parent` are looked at */
    const char *brokers;
    const char *topic;
    const struct kafka_property *properties;
    struct candle_rules rules;
    int32_t partition;
    int32_t partition_count;
    int64_t begin_offset;
    int64_t end_offset; /* the first one that is not read */
    int64_t era;
    bool is_idle;       /* nothing has come for long: what is due by wall time is emitted */
    const char *parent; /* the folder under which the store is made; NULL: see scratch.h */
    struct refold_watcher watcher; /* is_watched NULL: nobody watches */
    void *context;
    void (*progress)(void *context, int64_t offset); /* NULL: nobody */
};

/* STATUS_LOG_LOST: the log does not hold begin_offset any more. Logs what went wrong. */
MUST_CHECK enum status refold_run(const struct refold_options *options, struct refold **out_refold);

/* Its table `candles` holds the answer, below no floor; nothing of it expires. */
struct store *refold_store(struct refold *refold);

void refold_destroy(struct refold **refold_p);

#endif
