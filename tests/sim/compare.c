#include "tests/sim/compare.h"

#include "runtime/base.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t at_scale(struct decimal decimal, uint8_t scale)
{
    while (decimal.scale < scale) {
        decimal.coefficient *= 10;
        decimal.scale++;
    }
    return decimal.scale == scale ? (int64_t)decimal.coefficient : INT64_MIN;
}

struct field {
    const char *name;
    int64_t held;
    int64_t wanted;
};

const char *compare_candle(const struct candle *c, const struct oracle_candle *want)
{
    static char text[160];
    const struct field fields[] = {
        {"open", at_scale(c->open, 2), want->open},
        {"high", at_scale(c->high, 2), want->high},
        {"low", at_scale(c->low, 2), want->low},
        {"close", at_scale(c->close, 2), want->close},
        {"volume", at_scale(c->volume, 3), want->volume},
        {"quoteVolume", at_scale(c->quote_volume, 5), want->quote},
        {"takerBuyVolume", at_scale(c->taker_buy_volume, 3), want->taker},
        {"takerBuyQuoteVolume", at_scale(c->taker_buy_quote_volume, 5), want->taker_quote},
        {"trades", c->trades, want->trades},
        {"minutes", c->minutes, want->minutes},
        {"complete", c->is_complete, want->minutes == want->length},
        {"closeTime", candle_close_ms(c), c->open_ms + want->length * 60000 - 1},
        {"firstTradeId", c->first_trade_id, want->first_id},
        {"lastTradeId", c->last_trade_id, want->last_id},
        {"missingTrades", c->missing_trades, want->missing},
        {"revision", c->revision, want->revision},
        {"updatedAt", c->updated_ms, want->updated_ms},
    };
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (fields[i].held != fields[i].wanted) {
            snprintf(text, sizeof(text), "%s is %" PRId64 ", not %" PRId64, fields[i].name,
                     fields[i].held, fields[i].wanted);
            return text;
        }
    }
    for (size_t i = 0; i < SERIES_MAX; i++) {
        bool is_known = i < c->derived.count && c->derived.is_known[i];
        if (is_known != want->derived[i].is_known ||
            (is_known && c->derived.values[i] != want->derived[i].value)) {
            snprintf(text, sizeof(text), "derived value %zu is %s%" PRId64 ", not %s%" PRId64, i,
                     is_known ? "" : "null, ",
                     (int64_t)(i < c->derived.count ? c->derived.values[i] : 0),
                     want->derived[i].is_known ? "" : "null, ", (int64_t)want->derived[i].value);
            return text;
        }
    }
    return NULL;
}
