#include "tests/sim/check_sinks.h"

#include "runtime/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DIFFERENCES_SHOWN = 5 };

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

static unsigned compare(const struct check_sinks_options *o, const struct candle *c,
                        const struct oracle_candle *want)
{
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
        {"complete", c->is_complete, want->minutes == interval_minutes(c->interval)},
        {"firstTradeId", c->first_trade_id, want->first_id},
        {"lastTradeId", c->last_trade_id, want->last_id},
        {"missingTrades", c->missing_trades, want->missing},
        {"revision", c->revision, want->revision},
        {"updatedAt", c->updated_ms, want->updated_ms},
    };
    unsigned differences = 0;
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (fields[i].held != fields[i].wanted) {
            printf("%s: %s %s %" PRId64 ": %s is %" PRId64 ", not %" PRId64 "\n", o->name,
                   c->symbol, interval_name(c->interval), c->open_ms, fields[i].name,
                   fields[i].held, fields[i].wanted);
            differences++;
        }
    }
    return differences;
}

static bool is_rejected(const struct sink_server *server, const char *symbol, int64_t open_ms,
                        enum interval interval)
{
    return server->rejects && symbol[3] == 'B' && open_ms / MINUTE_MS % 17 == 0 &&
           interval != INTERVAL_1m;
}

static unsigned check_window(const struct check_sinks_options *o, const char *symbol,
                             enum interval interval, int64_t open_ms)
{
    struct oracle_candle want = oracle_candle(o->oracle, symbol, interval, open_ms);
    const struct candle *held = sink_server_find(o->server, symbol, interval, open_ms);

    if (is_rejected(o->server, symbol, open_ms, interval)) {
        bool is_told = sink_server_has_rejected(o->letters, symbol, interval, open_ms);
        if (held != NULL || is_told != want.exists) {
            printf("%s: rejected %s %s %" PRId64 " is %s\n", o->name, symbol,
                   interval_name(interval), open_ms, held != NULL ? "held" : "no dead letter");
            return 1;
        }
        return 0;
    }
    if (want.exists != (held != NULL)) {
        printf("%s: %s %s %" PRId64 " is %s\n", o->name, symbol, interval_name(interval), open_ms,
               want.exists ? "not there" : "too much");
        return 1;
    }
    return held == NULL ? 0 : compare(o, held, &want);
}

static unsigned check_candles(const struct check_sinks_options *o)
{
    unsigned differences = 0;
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((o->filter.intervals & INTERVAL_BIT(i)) == 0) {
            continue;
        }
        for (char s = 'A'; s < 'A' + LOG_SYMBOLS_MAX; s++) {
            char symbol[5] = {'S', 'I', 'M', s, '\0'};
            for (int64_t open_ms = oracle_first_ms(o->oracle);
                 open_ms <= oracle_last_ms(o->oracle) && differences < DIFFERENCES_SHOWN;
                 open_ms += interval_ms(i)) {
                differences += check_window(o, symbol, i, open_ms);
            }
        }
    }
    return differences;
}

static unsigned check_dead_letters(const struct check_sinks_options *o)
{
    unsigned differences = 0;
    for (size_t i = 0; i < o->log->count && differences < DIFFERENCES_SHOWN; i++) {
        bool is_dead = oracle_is_dead(o->oracle, (int64_t)i);
        if (is_dead != sink_server_has_dead(o->server, (int64_t)i)) {
            printf("%s: offset %zu %s a dead letter\n", o->name, i,
                   is_dead ? "should be" : "should not be");
            differences++;
        }
    }
    return differences;
}

bool check_sinks(const struct check_sinks_options *o)
{
    unsigned differences = o->server->is_broken;
    differences += check_candles(o);
    if (o->filter.wants_dead_letters) {
        differences += check_dead_letters(o);
    }
    return differences == 0;
}
