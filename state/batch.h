/* Writes that become durable together: plain memory, and the youngest layer of what actors read.
 *
 * A later write of the same key replaces the earlier one. Keys and values are copied.
 * Thread: one at a time; handed to the store's worker with the commit. */
#ifndef CANDLED_STATE_BATCH_H
#define CANDLED_STATE_BATCH_H

#include "runtime/slice.h"
#include "state/schema.h"

#include <stddef.h>
#include <stdint.h>

struct batch;

enum batch_found {
    BATCH_nothing, /* the batch does not know the key */
    BATCH_put,
    BATCH_deleted,
};

struct batch_write {
    enum store_table table;
    enum batch_found kind; /* put or deleted */
    struct slice key;
    struct slice value;
    int64_t expire_ms; /* candles only; 0: never */
};

struct batch *batch_create(void);

void batch_destroy(struct batch **batch_p);

/* Empties it and keeps its memory, up to a few MiB, for the next round. */
void batch_clear(struct batch *batch);

void batch_put(struct batch *batch, enum store_table table, struct slice key, struct slice value);

/* A candle: the store adds the entry in `expiry`. */
void batch_put_candle(struct batch *batch, struct slice key, struct slice value, int64_t expire_ms);

void batch_delete(struct batch *batch, enum store_table table, struct slice key);

/* The value lives until the next write to the batch. */
enum batch_found batch_find(const struct batch *batch, enum store_table table, struct slice key,
                            struct slice *out_value);

size_t batch_count(const struct batch *batch);

/* In order of first writing. */
struct batch_write batch_at(const struct batch *batch, size_t index);

/* Keys and values. */
size_t batch_bytes(const struct batch *batch);

#endif
