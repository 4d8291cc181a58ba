#include "tests/unit/actors/edge/sink_probe_candle.h"

#include "runtime/mem.h"
#include "runtime/rand.h"

#include <inttypes.h>
#include <stdio.h>

static struct decimal number(int64_t coefficient, uint8_t scale)
{
    return (struct decimal){.coefficient = coefficient, .scale = scale};
}

struct candle sink_probe_candle(const struct sink_probe_series *s, int64_t i, int64_t version)
{
    int64_t base = 100000000 + i * 100 + version;
    struct candle candle = {
        .interval = INTERVAL_1m,
        .open_ms = s->base_ms + i / s->symbols * MINUTE_MS,
        .updated_ms = s->base_ms + i / s->symbols * MINUTE_MS + MINUTE_MS + version,
        .open = number(base, 8),
        .high = number(base + 50, 8),
        .low = number(base - 50, 8),
        .close = number(base + 1, 8),
        .volume = number(i * 1000 + version, 5),
        .quote_volume = number(i * 7 + version, 3),
        .taker_buy_volume = number(i * 500 + version, 5),
        .taker_buy_quote_volume = number(i * 3, 0),
        .trades = i + version,
        .minutes = 1,
        .is_complete = i % 3 != 0,
        .is_emitted = true,
        .trade_ids = i % 2 == 0 ? TRADE_IDS_known : TRADE_IDS_unknown,
        .has_unknown_ids = i % 2 != 0,
        .first_trade_id = i % 2 == 0 ? i * 10 : 0,
        .last_trade_id = i % 2 == 0 ? i * 10 + 9 : 0,
        .missing_trades = i % 2 == 0 ? version : -1,
        .revision = revision_of(1, i * 16 + version),
    };
    (void)snprintf(candle.symbol, sizeof(candle.symbol), "SIM%" PRId64 "USDT", i % s->symbols);
    return candle;
}

void sink_probe_shuffle(struct sink_probe_item *items, size_t count, uint64_t seed)
{
    struct rand rand = {.state = seed};
    for (size_t i = count; seed != 0 && i > 1; i--) {
        size_t j = (size_t)rand_below(&rand, i);
        struct sink_probe_item swapped = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swapped;
    }
}

struct outbox_rows *sink_probe_rows(const struct sink_probe_series *series,
                                    const struct sink_probe_item *items, size_t count)
{
    struct outbox_rows *rows = mem_new(1, sizeof(*rows));
    rows->rows = mem_new(count, sizeof(rows->rows[0]));
    rows->bytes = mem_new(count, CANDLE_ENCODED_MAX);
    rows->count = count;
    for (size_t i = 0; i < count; i++) {
        struct candle candle = sink_probe_candle(series, items[i].candle, items[i].version);
        unsigned char *bytes = rows->bytes + i * CANDLE_ENCODED_MAX;
        rows->rows[i] = (struct outbox_row){
            .sequence = (int64_t)(i + 1),
            .kind = OUTBOX_candle,
            .interval = candle.interval,
            .payload = {bytes, candle_encode(&candle, bytes)},
        };
    }
    return rows;
}
