/* Reads a page of a refill out of a store; see actors/refill.h.
 *
 * Thread: a worker's; beside commits, on a snapshot of its own. */
#ifndef CANDLED_ACTORS_EDGE_STORE_REFILL_H
#define CANDLED_ACTORS_EDGE_STORE_REFILL_H

#include "runtime/base.h"
#include "runtime/status.h"

struct refill_page;
struct store;

/* Looks at a bounded number of candles, so that a page may be empty and not the last. The rows are
 * allocated; `after` moves on to where they end. On failure the page is as it was. */
MUST_CHECK enum status store_refill_read(struct store *store, struct refill_page *page);

#endif
