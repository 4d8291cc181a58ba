#include "actors/core/closes.h"

#include "runtime/mem.h"

#include <assert.h>
#include <string.h>

#define ONE INT64_C(100000000000000)         /* 10^SERIES_SCALE */
#define WHOLE_MAX INT64_C(10000000000000000) /* as many digits before the point as prices have */

_Static_assert(SERIES_SCALE == 14, "ONE has another scale");
_Static_assert(DECIMAL_INTEGER_DIGITS_MAX == 16, "WHOLE_MAX has other digits");

void closes_deinit(struct closes *closes)
{
    mem_free(closes->items);
    *closes = (struct closes){.count = 0};
}

void closes_clear(struct closes *closes)
{
    closes->count = 0;
}

static struct close close_of(const struct candle *candle)
{
    struct close close = {.is_there = false};
    if (candle != NULL) {
        close.is_there = decimal_coefficient_at(candle->close, SERIES_SCALE, &close.value);
    }
    return close;
}

/* Makes room by forgetting what is not wanted, so that it is moved once in so many times. */
static void make_room(struct closes *closes, size_t wanted)
{
    if (closes->count < closes->capacity) {
        return;
    }
    if (closes->count < 2 * wanted) {
        closes->capacity =
            closes->capacity * 2 < 2 * wanted ? closes->capacity * 2 + 8 : 2 * wanted;
        closes->items = mem_resize(closes->items, closes->capacity, sizeof(*closes->items));
        return;
    }
    memmove(closes->items, closes->items + closes->count - wanted, wanted * sizeof(*closes->items));
    closes->count = wanted;
}

void closes_push(struct closes *closes, int64_t open_ms, const struct candle *candle, size_t wanted)
{
    make_room(closes, wanted);
    closes->items[closes->count++] = close_of(candle);
    closes->last_ms = open_ms;
}

void closes_replace_last(struct closes *closes, const struct candle *candle)
{
    assert(closes->count > 0);
    closes->items[closes->count - 1] = close_of(candle);
}

/* To the nearest; a half to the even neighbour. Neither is negative. */
static int128 divide(int128 dividend, int128 divisor)
{
    int128 quotient = dividend / divisor;
    int128 rest = dividend % divisor;
    bool rounds_up = rest > divisor - rest || (rest == divisor - rest && quotient % 2 != 0);
    return quotient + (rounds_up ? 1 : 0);
}

/* Digit by digit, since the dividend times 10^SERIES_SCALE would not fit. */
static bool divide_decimals(struct decimal dividend, struct decimal divisor, int128 *out_value)
{
    int128 rest;
    int128 by;
    if (!decimal_coefficient_at(dividend, SERIES_SCALE, &rest) ||
        !decimal_coefficient_at(divisor, SERIES_SCALE, &by) || rest < 0 || by <= 0 ||
        rest / by >= WHOLE_MAX) {
        return false;
    }
    int128 value = rest / by;
    rest %= by;
    for (int digit = 0; digit < SERIES_SCALE; digit++) {
        value = value * 10 + rest * 10 / by;
        rest = rest * 10 % by;
    }
    bool rounds_up = rest > by - rest || (rest == by - rest && value % 2 != 0);
    *out_value = value + (rounds_up ? 1 : 0);
    return *out_value < (int128)WHOLE_MAX * ONE;
}

static int128 mean(const struct close *items, int64_t length)
{
    int128 sum = 0;
    for (int64_t i = 0; i < length; i++) {
        sum += items[i].value;
    }
    return divide(sum, length);
}

/* Seeded with the first close; rounded at each step. */
static int128 exponential_mean(const struct close *items, int64_t count, int64_t length)
{
    int128 value = items[0].value;
    for (int64_t i = 1; i < count; i++) {
        value = divide(value * (length - 1) + items[i].value * 2, length + 1);
    }
    return value;
}

/* How many of the last windows are there without a hole, up to `most`. */
static int64_t count_whole(const struct closes *closes, int64_t most)
{
    int64_t whole = 0;
    while (whole < most && whole < (int64_t)closes->count &&
           closes->items[closes->count - 1 - (size_t)whole].is_there) {
        whole++;
    }
    return whole;
}

static bool compute(const struct closes *closes, struct series series, const struct candle *candle,
                    int64_t whole, int128 *out_value)
{
    int64_t windows = series_windows(series);

    if (series.kind == SERIES_vwap) {
        return divide_decimals(candle->quote_volume, candle->volume, out_value);
    }
    if (whole < windows) {
        return false;
    }
    const struct close *items = closes->items + closes->count - (size_t)windows;
    *out_value = series.kind == SERIES_sma ? mean(items, series.length)
                                           : exponential_mean(items, windows, series.length);
    return true;
}

struct derived closes_derive(const struct closes *closes, const struct series_set *set,
                             const struct candle *candle)
{
    struct derived derived = {.count = (uint8_t)set->count};
    int64_t whole = count_whole(closes, series_set_windows(set));

    for (size_t i = 0; i < set->count; i++) {
        int128 value = 0;
        derived.series[i] = set->items[i];
        derived.is_known[i] = compute(closes, set->items[i], candle, whole, &value);
        derived.values[i] = derived.is_known[i] ? value : 0;
    }
    return derived;
}
