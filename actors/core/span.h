/* A stretch of one symbol's minutes, some of them absent, and what trade ids prove about it. Pure.
 *
 * Spot trade ids are contiguous: f(next) = L(previous) + 1 where no trade is missing, so that
 * absent minutes between two such minutes had no trade. A proof looks past empty, filled and absent
 * minutes, PROOF_MINUTES_MAX at most, and never past a traded minute whose ids are unknown.
 * Ownership: span_init() and span_deinit() manage the memory, which is reused. */
#ifndef CANDLED_ACTORS_CORE_SPAN_H
#define CANDLED_ACTORS_CORE_SPAN_H

#include "proto/candle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    int64_t first_ms; /* the open time of minute 0 */
    size_t count;
    size_t capacity;
    struct candle *minutes; /* minutes == 0 in an absent one */
};

enum { SPAN_NOT_FOUND = -1 };

void span_deinit(struct span *span);

/* Makes room for `count` minutes from first_ms on, all absent. */
void span_reset(struct span *span, int64_t first_ms, size_t count);

bool span_has(const struct span *span, size_t index);

/* The nearest minute with known trade ids before (after) `index` that proofs may reach from there,
 * or SPAN_NOT_FOUND. */
ptrdiff_t span_previous(const struct span *span, size_t index);
ptrdiff_t span_next(const struct span *span, size_t index);

/* True when the two minutes' trade ids leave no trade between them. */
bool span_is_contiguous(const struct span *span, ptrdiff_t previous, ptrdiff_t next);

/* Trades that ids prove to be missing from the minutes [begin, end): a gap counts where an absent
 * minute lies in it, or, when none is absent, where the minute after it lies. */
int64_t span_missing_trades(const struct span *span, size_t begin, size_t end);

#endif
