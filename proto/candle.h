/* A candle: what a symbol traded in one window, of any interval; a minute is a candle of 1m.
 *
 * Fields as in the design's data contract. Plain data; owns nothing. */
#ifndef CANDLED_PROTO_CANDLE_H
#define CANDLED_PROTO_CANDLE_H

#include "proto/decimal.h"
#include "proto/interval.h"
#include "proto/kline.h"
#include "proto/series.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

/* A revision orders the values of one output: era << 48 | offset + 1 of the last record that
 * changed it. 0: not built from the log. */
enum { REVISION_OFFSET_BITS = 48, REVISION_ERA_MAX = 15 };

static inline int64_t revision_of(int64_t era, int64_t offset)
{
    return (int64_t)(((uint64_t)era << REVISION_OFFSET_BITS) | (uint64_t)(offset + 1));
}

static inline int64_t revision_offset(int64_t revision)
{
    return (revision & ((INT64_C(1) << REVISION_OFFSET_BITS) - 1)) - 1;
}

struct candle {
    char symbol[SYMBOL_BYTES_MAX + 1]; /* zero-terminated */
    enum interval interval;
    int64_t open_ms;
    int64_t event_ms;   /* of the kline itself; decides which of two klines is newer; 1m only */
    int64_t updated_ms; /* event time of the record that changed it last */
    struct decimal open;
    struct decimal high;
    struct decimal low;
    struct decimal close;
    struct decimal volume;
    struct decimal quote_volume;
    struct decimal taker_buy_volume;
    struct decimal taker_buy_quote_volume;
    int64_t trades;
    int64_t minutes; /* 1m klines it holds, proved empty ones included */
    bool is_complete;
    bool is_fill;         /* 1m only: no kline said so, the trade ids around it prove it empty */
    bool is_emitted;      /* it has been put into the outbox at least once */
    bool has_unknown_ids; /* some traded minute in it has no trade ids */
    enum trade_ids trade_ids; /* known: first and last are valid; none: no trade at all */
    int64_t first_trade_id;
    int64_t last_trade_id;
    int64_t missing_trades; /* -1: unknown */
    int64_t revision;
    int64_t
        window_minutes; /* of a day in a zone, which may have 23 or 25 hours; 0: the interval's */
    struct derived derived; /* as of when it was emitted last */
};

/* How many minutes its window has. */
int64_t candle_minutes(const struct candle *candle);

int64_t candle_close_ms(const struct candle *candle);

/* The stored form: msgpack with every field above. Unknown fields of a newer writer are ignored,
 * so that fields can be added. */
enum { CANDLE_ENCODED_MAX = 800 + SERIES_ENCODED_MAX };
size_t candle_encode(const struct candle *candle, unsigned char bytes[CANDLE_ENCODED_MAX]);

/* STATUS_MALFORMED on anything that candle_encode() cannot have written. */
MUST_CHECK enum status candle_decode(struct slice bytes, struct candle *out_candle);

/* The value in Redis: JSON with exact-digit numbers: symbol interval openTime closeTime open high
 * low close volume quoteVolume trades takerBuyVolume takerBuyQuoteVolume minutes complete
 * firstTradeId lastTradeId missingTrades revision x updatedAt, and the derived series it has. The
 * symbol is escaped. */
enum { CANDLE_JSON_MAX = 2048 };
size_t candle_print_json(const struct candle *candle, char text[CANDLE_JSON_MAX]);

#endif
