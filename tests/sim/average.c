#include "tests/sim/average.h"

/* Hundredths, and the quotient of 1e-5 and 1e-3, are that far from SERIES_SCALE. */
static const int64_t unit = INT64_C(1000000000000);

/* To the nearest, a half to the even one. */
static int128 nearest(int128 dividend, int128 divisor)
{
    int128 twice = 2 * dividend + divisor;
    int128 value = twice / (2 * divisor);
    return twice % (2 * divisor) == 0 && value % 2 != 0 ? value - 1 : value;
}

static int128 exponential(int64_t n, const int64_t *closes, int64_t count)
{
    int128 value = (int128)closes[0] * unit;
    for (int64_t i = 1; i < count; i++) {
        value = nearest((n - 1) * value + 2 * (int128)closes[i] * unit, n + 1);
    }
    return value;
}

int128 average_closes(struct series series, const int64_t *closes, int64_t count)
{
    int128 sum = 0;
    if (series.kind == SERIES_ema) {
        return exponential(series.length, closes, count);
    }
    for (int64_t i = 0; i < count; i++) {
        sum += (int128)closes[i] * unit;
    }
    return nearest(sum, count);
}

int128 average_price(int64_t quote, int64_t volume)
{
    return nearest((int128)quote * unit, volume);
}
