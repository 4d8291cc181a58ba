/* The collector's frames between the exchange and Kafka: on the disk first, then sent in their
 * order, and forgotten when Kafka has acknowledged them.
 *
 * Frames that come together are committed together: a commit begins as soon as the one before has
 * ended. What a symbol's ledger says goes into the same commit as its frames. A kill between
 * acknowledgement and commit has a frame sent twice, byte for byte; none is lost.
 * At three quarters of its limit it takes no more open klines, at the limit no closed ones either:
 * these stay a hole in the ledger, which REST fills later.
 * Ownership: feed_spool_close() ends it; memory goes in later rounds of the loop.
 * Thread: the loop's; commits are jobs. */
#ifndef CANDLED_ACTORS_EDGE_FEED_SPOOL_H
#define CANDLED_ACTORS_EDGE_FEED_SPOOL_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"
#include "state/feed_batch.h"

#include <stdbool.h>
#include <stdint.h>

struct feed_spool;
struct feed_store;
struct kafka_feed;
struct loop;
struct metrics_set;

struct feed_spool_options {
    struct loop *loop;        /* borrowed */
    struct feed_store *store; /* borrowed */
    int64_t bytes_max;
    struct metrics_set *metrics;
    void *context;
    /* Just before a commit: what else belongs into it. */
    void (*prepare)(void *context, struct feed_batch *batch);
    /* Hands a frame to Kafka; false: later, feed_spool_send() tries again. */
    bool (*send)(void *context, const struct feed_frame *frame);
    /* A commit failed for good: nothing may go on. */
    void (*failed)(void *context, enum status status);
};

struct feed_spool *feed_spool_create(const struct feed_spool_options *options);

/* False: there is no room for it. */
bool feed_spool_put(struct feed_spool *spool, struct slice symbol, struct slice value,
                    bool is_closed, int64_t received_ms);

/* Something for `prepare` to write, and no frame with it. */
void feed_spool_touch(struct feed_spool *spool);

/* Sends what is committed, as far as there is room. */
void feed_spool_send(struct feed_spool *spool);

void feed_spool_acknowledged(struct feed_spool *spool, uint64_t sequence);

/* What was sent and not acknowledged is sent again. */
void feed_spool_lost(struct feed_spool *spool);

/* Nothing waits: neither for the disk nor for Kafka. */
bool feed_spool_is_empty(const struct feed_spool *spool);

/* Nothing waits for the disk. */
bool feed_spool_is_durable(const struct feed_spool *spool);

/* A commit that is under way ends first; others are not begun. NULL inside is fine. */
void feed_spool_close(struct feed_spool **spool_p, void (*closed)(void *context));

#endif
