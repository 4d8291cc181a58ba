#include "actors/core/fold.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void set_symbol(struct candle *candle, const char *symbol)
{
    memcpy(candle->symbol, symbol, strlen(symbol) + 1);
}

struct candle fold_minute(const struct kline *kline, int64_t revision, bool uses_trade_ids)
{
    struct candle minute = {
        .interval = INTERVAL_1m,
        .open_ms = kline->open_ms,
        .event_ms = kline->event_ms,
        .updated_ms = kline->event_ms,
        .open = kline->open,
        .high = kline->high,
        .low = kline->low,
        .close = kline->close,
        .volume = kline->volume,
        .quote_volume = kline->quote_volume,
        .taker_buy_volume = kline->taker_buy_volume,
        .taker_buy_quote_volume = kline->taker_buy_quote_volume,
        .trades = kline->trades,
        .minutes = 1,
        .is_complete = true,
        .trade_ids = kline->trade_ids,
        .first_trade_id = kline->trade_ids == TRADE_IDS_known ? kline->first_trade_id : -1,
        .last_trade_id = kline->trade_ids == TRADE_IDS_known ? kline->last_trade_id : -1,
        .revision = revision,
    };
    set_symbol(&minute, kline->symbol);
    minute.has_unknown_ids = minute.trade_ids == TRADE_IDS_unknown && minute.trades > 0;
    minute.missing_trades = !uses_trade_ids || minute.has_unknown_ids ? -1 : 0;
    return minute;
}

struct candle fold_fill(const struct candle *before, int64_t open_ms, int64_t revision,
                        int64_t updated_ms)
{
    struct candle fill = {
        .interval = INTERVAL_1m,
        .open_ms = open_ms,
        .event_ms = INT64_MIN, /* any real kline replaces it */
        .updated_ms = updated_ms,
        .open = before->close,
        .high = before->close,
        .low = before->close,
        .close = before->close,
        .minutes = 1,
        .is_complete = true,
        .is_fill = true,
        .trade_ids = TRADE_IDS_none,
        .first_trade_id = -1,
        .last_trade_id = -1,
        .revision = revision,
    };
    set_symbol(&fill, before->symbol);
    return fill;
}

struct candle fold_window(const char *symbol, enum interval interval, int64_t open_ms)
{
    struct candle window = {
        .interval = interval,
        .open_ms = open_ms,
        .event_ms = INT64_MIN,
        .updated_ms = INT64_MIN,
        .trade_ids = TRADE_IDS_none,
        .first_trade_id = -1,
        .last_trade_id = -1,
    };
    set_symbol(&window, symbol);
    return window;
}

/* Parsed decimals are bounded so that a day of them fits (see proto/decimal.h). */
static void add(struct decimal *sum, struct decimal addend)
{
    enum status status = decimal_add(sum, addend);
    assert(status == STATUS_OK);
    (void)status;
}

static void append_prices(struct candle *window, const struct candle *minute)
{
    if (window->minutes == 0) {
        window->open = minute->open;
        window->high = minute->high;
        window->low = minute->low;
    }
    if (decimal_compare(minute->high, window->high) > 0) {
        window->high = minute->high;
    }
    if (decimal_compare(minute->low, window->low) < 0) {
        window->low = minute->low;
    }
    window->close = minute->close;
}

/* first is that of the first traded minute, last that of the last; unknown when that one's are. */
static void append_trade_ids(struct candle *window, const struct candle *minute)
{
    if (minute->missing_trades < 0) {
        window->missing_trades = -1;
    }
    window->has_unknown_ids = window->has_unknown_ids || minute->has_unknown_ids;
    if (minute->trades == 0 && minute->trade_ids != TRADE_IDS_known) {
        return;
    }
    if (window->trades == 0) {
        window->first_trade_id = minute->first_trade_id;
    }
    window->last_trade_id = minute->last_trade_id;
    window->trade_ids = window->first_trade_id >= 0 || window->last_trade_id >= 0
                            ? TRADE_IDS_known
                            : TRADE_IDS_unknown;
}

void fold_append(struct candle *window, const struct candle *minute)
{
    append_prices(window, minute);
    append_trade_ids(window, minute);
    add(&window->volume, minute->volume);
    add(&window->quote_volume, minute->quote_volume);
    add(&window->taker_buy_volume, minute->taker_buy_volume);
    add(&window->taker_buy_quote_volume, minute->taker_buy_quote_volume);
    window->trades += minute->trades;
    window->minutes++;
    assert(window->minutes <= candle_minutes(window));
    window->is_complete = window->minutes == candle_minutes(window);
}

static bool same_numbers(const struct candle *a, const struct candle *b)
{
    return decimal_compare(a->open, b->open) == 0 && decimal_compare(a->high, b->high) == 0 &&
           decimal_compare(a->low, b->low) == 0 && decimal_compare(a->close, b->close) == 0 &&
           decimal_compare(a->volume, b->volume) == 0 &&
           decimal_compare(a->quote_volume, b->quote_volume) == 0 &&
           decimal_compare(a->taker_buy_volume, b->taker_buy_volume) == 0 &&
           decimal_compare(a->taker_buy_quote_volume, b->taker_buy_quote_volume) == 0 &&
           a->trades == b->trades;
}

bool fold_same_minute(const struct candle *a, const struct candle *b)
{
    return same_numbers(a, b) && a->trade_ids == b->trade_ids &&
           a->first_trade_id == b->first_trade_id && a->last_trade_id == b->last_trade_id;
}

bool fold_same_content(const struct candle *a, const struct candle *b)
{
    return same_numbers(a, b) && a->minutes == b->minutes &&
           candle_minutes(a) == candle_minutes(b) && a->is_complete == b->is_complete &&
           a->first_trade_id == b->first_trade_id && a->last_trade_id == b->last_trade_id &&
           a->missing_trades == b->missing_trades;
}
