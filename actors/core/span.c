#include "actors/core/span.h"

#include "actors/core/rules.h"
#include "runtime/mem.h"

#include <assert.h>
#include <string.h>

void span_deinit(struct span *span)
{
    mem_free(span->minutes);
    *span = (struct span){.minutes = NULL};
}

void span_reset(struct span *span, int64_t first_ms, size_t count)
{
    if (count > span->capacity) {
        span->minutes = mem_resize(span->minutes, count, sizeof(*span->minutes));
        span->capacity = count;
    }
    span->first_ms = first_ms;
    span->count = count;
    for (size_t i = 0; i < count; i++) {
        span->minutes[i].minutes = 0;
    }
}

bool span_has(const struct span *span, size_t index)
{
    return span->minutes[index].minutes != 0;
}

enum sight { SIGHT_past, SIGHT_target, SIGHT_wall };

/* What a proof that looks at a minute does there. */
static enum sight look_at(const struct span *span, size_t index)
{
    const struct candle *minute = &span->minutes[index];
    if (!span_has(span, index)) {
        return SIGHT_past;
    }
    if (minute->trade_ids == TRADE_IDS_known) {
        return SIGHT_target;
    }
    return minute->has_unknown_ids ? SIGHT_wall : SIGHT_past;
}

static ptrdiff_t find(const struct span *span, size_t index, ptrdiff_t step)
{
    ptrdiff_t at = (ptrdiff_t)index;
    for (int far = 1; far <= PROOF_MINUTES_MAX; far++) {
        at += step;
        if (at < 0 || at >= (ptrdiff_t)span->count) {
            return SPAN_NOT_FOUND;
        }
        enum sight sight = look_at(span, (size_t)at);
        if (sight != SIGHT_past) {
            return sight == SIGHT_target ? at : SPAN_NOT_FOUND;
        }
    }
    return SPAN_NOT_FOUND;
}

ptrdiff_t span_previous(const struct span *span, size_t index)
{
    return find(span, index, -1);
}

ptrdiff_t span_next(const struct span *span, size_t index)
{
    return find(span, index, 1);
}

static int64_t gap_between(const struct span *span, ptrdiff_t previous, ptrdiff_t next)
{
    return span->minutes[next].first_trade_id - span->minutes[previous].last_trade_id - 1;
}

bool span_is_contiguous(const struct span *span, ptrdiff_t previous, ptrdiff_t next)
{
    return gap_between(span, previous, next) == 0;
}

/* Does the gap (previous, next) count among the minutes [begin, end)? */
static bool gap_counts(const struct span *span, ptrdiff_t previous, ptrdiff_t next, size_t begin,
                       size_t end)
{
    bool has_absent = false;
    for (size_t i = (size_t)previous + 1; i < (size_t)next; i++) {
        if (!span_has(span, i)) {
            has_absent = true;
            if (i >= begin && i < end) {
                return true;
            }
        }
    }
    return !has_absent && (size_t)next >= begin && (size_t)next < end;
}

int64_t span_missing_trades(const struct span *span, size_t begin, size_t end)
{
    int64_t missing = 0;
    for (size_t i = begin; i < span->count && i < end + PROOF_MINUTES_MAX; i++) {
        if (look_at(span, i) != SIGHT_target) {
            continue;
        }
        ptrdiff_t previous = span_previous(span, i);
        if (previous == SPAN_NOT_FOUND) {
            continue;
        }
        int64_t gap = gap_between(span, previous, (ptrdiff_t)i);
        if (gap > 0 && gap_counts(span, previous, (ptrdiff_t)i, begin, end)) {
            missing += gap;
        }
        if (i >= end) {
            break; /* the first one past the end is the last whose gap reaches back */
        }
    }
    return missing;
}
