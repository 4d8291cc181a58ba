/* What each commit clears away, a bounded amount at a time. */
#ifndef CANDLED_STATE_STORE_UPKEEP_H
#define CANDLED_STATE_STORE_UPKEEP_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/meta.h"

#include <stdint.h>

struct txn;

/* Deletes candles whose time has come, with their entries in `expiry`: the earliest first. */
MUST_CHECK enum status store_upkeep_sweep(struct txn *txn, int64_t stream_time_ms, uint32_t max);

/* Deletes outbox entries that every enabled sink has, and lowers meta->outbox_bytes. */
MUST_CHECK enum status store_upkeep_trim(struct txn *txn, struct meta *meta, uint32_t max);

#endif
