/* Changes of the collector's store that become durable together: plain memory.
 *
 * Ownership: feed_batch_deinit() frees; a zeroed one is empty. */
#ifndef CANDLED_STATE_FEED_BATCH_H
#define CANDLED_STATE_FEED_BATCH_H

#include "runtime/slice.h"
#include "state/feed_ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define FEED_TABLES(X)                                                          \
    /* name      key                       value                             */ \
    X(meta,      "a field's name",         "its text")                          \
    X(spool,     "sequence",               "a frame that Kafka has not got yet") \
    X(symbols,   "symbol",                 "struct feed_symbol")                \
    X(holes,     "symbol, 0, kind, from",  "struct feed_hole")
/* clang-format on */

enum feed_table {
#define X(name, key, value) FEED_TABLE_##name,
    FEED_TABLES(X)
#undef X
        FEED_TABLE_COUNT
};

enum { FEED_KEY_MAX = 80, FEED_CRC_SIZE = 4 };

struct feed_batch {
    unsigned char *bytes;
    size_t size;
    size_t room;
    size_t count;       /* of changes */
    size_t frame_count; /* of frames among them that are put */
};

/* One frame on its way to Kafka. Slices are borrowed. */
struct feed_frame {
    uint64_t sequence;
    int64_t received_ms; /* by the wall clock: its timestamp in Kafka */
    struct slice symbol;
    struct slice value;
};

void feed_batch_deinit(struct feed_batch *batch);

/* Keeps the memory. */
void feed_batch_clear(struct feed_batch *batch);

/* All changes of another one, behind these. */
void feed_batch_append(struct feed_batch *batch, const struct feed_batch *other);

void feed_batch_put_frame(struct feed_batch *batch, const struct feed_frame *frame);

void feed_batch_delete_frame(struct feed_batch *batch, uint64_t sequence);

void feed_batch_put_symbol(struct feed_batch *batch, const struct feed_symbol *symbol);

void feed_batch_put_hole(struct feed_batch *batch, const struct feed_hole *hole);

void feed_batch_delete_hole(struct feed_batch *batch, const struct feed_hole *hole);

/* Walks the changes in the order they were made. */
struct feed_change {
    enum feed_table table;
    bool is_delete;
    struct slice key;
    struct slice value; /* with its checksum in front */
};

/* *at begins at 0. False: there are no more. */
bool feed_batch_next(const struct feed_batch *batch, size_t *at, struct feed_change *out_change);

/* Of stored values, without their checksums. False: they are not what this version writes. */
bool feed_batch_read_frame(struct slice key, struct slice value, struct feed_frame *out_frame);

bool feed_batch_read_symbol(struct slice key, struct slice value, struct feed_symbol *out_symbol);

bool feed_batch_read_hole(struct slice key, struct slice value, struct feed_hole *out_hole);

/* Of key and value: what stands in front of a stored value. */
uint32_t feed_batch_checksum(enum feed_table table, struct slice key, struct slice value);

#endif
