/* One transaction that takes the store from one meta to the next: what commits and eras share.
 *
 * Thread: as store_commit(). */
#ifndef CANDLED_STATE_STORE_WRITE_H
#define CANDLED_STATE_STORE_WRITE_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/meta.h"

struct store;
struct txn;

/* Writes all but `meta`, of which it may change what follows from that. Called again when the map
 * was full and has grown. */
typedef enum status store_write_fn(void *context, struct txn *txn, struct meta *meta);

/* What it returns is what store_commit() does. */
MUST_CHECK enum status store_write(struct store *store, const struct meta *wanted,
                                   store_write_fn *apply, void *context);

#endif
