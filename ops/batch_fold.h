/* A stretch of klines folded by the actors of a shard, and its candles in order.
 *
 * Ownership: embedded by its owner; batch_fold_close(). Thread: one that may block. */
#ifndef CANDLED_OPS_BATCH_FOLD_H
#define CANDLED_OPS_BATCH_FOLD_H

#include "ops/refold.h"
#include "proto/candle.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct store_view;

struct batch_fold {
    struct refold *refold; /* NULL: it is empty */
    struct store_view *view;
};

/* Blocks until all of it is folded. */
MUST_CHECK enum status batch_fold_open(const struct refold_options *options,
                                       struct batch_fold *out_fold);

/* A zeroed one is fine. */
void batch_fold_close(struct batch_fold *fold);

/* False ends the walk. The candle lives as long as the call. */
typedef bool batch_visit_fn(void *context, const struct candle *candle);

/* The candles of one symbol and interval that open in [from, to), in order, emitted or not. */
MUST_CHECK enum status batch_fold_each(const struct batch_fold *fold, const char *symbol,
                                       enum interval interval, int64_t from_ms, int64_t to_ms,
                                       batch_visit_fn *visit, void *context);

/* The symbol after this one, in place; after "" the first. STATUS_NOT_FOUND: that was the last. */
MUST_CHECK enum status batch_fold_next_symbol(const struct batch_fold *fold,
                                              char symbol[SYMBOL_BYTES_MAX + 1]);

#endif
