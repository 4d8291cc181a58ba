#include "tests/faults/made_log.h"

#include "proto/interval.h"

#include <inttypes.h>
#include <stdio.h>

static const int64_t BEGIN_MS = INT64_C(1738368000000);

static const char *const symbols[] = {"MADEUSDT", "MADEBTC"};

static int print_kline(char *value, const char *symbol, int64_t minute, int64_t extra,
                       bool is_closed)
{
    int64_t open_ms = BEGIN_MS + minute * MINUTE_MS;
    int64_t event_ms = open_ms + (is_closed ? MINUTE_MS + 20 + extra : MINUTE_MS / 2);
    int64_t price = 1000 + minute * 7 % 50;
    return snprintf(value, MADE_VALUE_MAX,
                    "{\"e\":\"kline\",\"E\":%" PRId64 ",\"s\":\"%s\",\"k\":{\"t\":%" PRId64
                    ",\"T\":%" PRId64 ",\"s\":\"%s\",\"i\":\"1m\",\"f\":%" PRId64 ",\"L\":%" PRId64
                    ",\"o\":\"%" PRId64 "\",\"c\":\"%" PRId64 "\",\"h\":\"%" PRId64
                    "\",\"l\":\"%" PRId64 "\",\"v\":\"%" PRId64 ".5\",\"n\":10,\"x\":%s"
                    ",\"q\":\"12345.25\",\"V\":\"0.125\",\"Q\":\"9\",\"B\":\"0\"}}",
                    event_ms, symbol, open_ms, open_ms + MINUTE_MS - 1, symbol, minute * 10,
                    minute * 10 + 9, price, price + 1, price + 5, price - 5, 3 + extra,
                    is_closed ? "true" : "false");
}

/* What stands at this offset: mostly the next minute of one of the symbols. */
static int print_value(char *value, int offset)
{
    const char *symbol = symbols[offset % 2];
    int64_t minute = offset / 2;
    switch (offset % 23) {
    case 5:
        return snprintf(value, MADE_VALUE_MAX, "garbage %d", offset);
    case 9:
        return print_kline(value, symbol, minute, 0, false);
    case 14: /* a correction */
        return print_kline(value, symbol, minute - 3, 400, true);
    case 19: /* a minute that another record skipped, late */
        return print_kline(value, symbol, minute - 5, 0, true);
    default:
        return print_kline(value, symbol, minute, 0, true);
    }
}

void made_log_init(struct made_log *log)
{
    for (int i = 0; i < MADE_RECORDS; i++) {
        int size = print_value(log->values[i], i);
        log->records[i] = (struct record){
            .key = slice_of_text(symbols[i % 2]),
            .value = {log->values[i], (size_t)size},
            .offset = i,
            .timestamp_ms = BEGIN_MS + (int64_t)(i / 2 + 2) * MINUTE_MS,
        };
    }
}
