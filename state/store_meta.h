/* struct meta in the table `meta`. */
#ifndef CANDLED_STATE_STORE_META_H
#define CANDLED_STATE_STORE_META_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/meta.h"

#include <stdint.h>

struct store;
struct txn;

/* STATUS_NOT_FOUND: there is no record. STATUS_OLD_FORMAT: only `format` was read. */
MUST_CHECK enum status store_meta_load(struct txn *txn, struct meta *meta);

/* This one field, for what opens snapshots often. */
MUST_CHECK enum status store_meta_load_stream_time(struct txn *txn, int64_t *out_stream_time_ms);

/* Writes the fields that differ from `stored`; NULL: all. */
MUST_CHECK enum status store_meta_save(struct txn *txn, const struct meta *meta,
                                       const struct meta *stored);

/* The last commit of a store that closes. */
MUST_CHECK enum status store_meta_mark_clean(struct store *store);

#endif
