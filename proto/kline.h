/* One kline of one minute as a record of the log tells it, decoded from hostile bytes.
 *
 * Four encodings are read: the exchange's raw event, the same inside a combined-stream wrapper, the
 * bare inner object, and candled's own msgpack (kline_encode below). Field names differ only in
 * letter case, so matching is exact; unknown fields are ignored; a field given twice is refused.
 * Source of the shapes: github.com/binance/binance-spot-api-docs, web-socket-streams.md.
 *
 * What is msgpack is told by the first byte: a map with the names of the inner object (t T s i f L
 * o c h l v n x q V Q) and E, in any order, prices and volumes as strings. In JSON an object with
 * `e` or `k` is an event, else one with `data` a wrapper, else one with `t`, `i` or `x` is bare.
 *
 * Beyond the design's rules: a symbol is UTF-8; in an event the symbol may be in `s`, `k.s` or
 * both, and both must agree (wrong_type); a time from 10^14 on is in microseconds; a negative E is
 * `negative`, and one past 10^14 ms is `future`; n has at most 15 digits, and trade ids beyond that
 * are unknown, so that no sum of them can overflow. */
#ifndef CANDLED_PROTO_KLINE_H
#define CANDLED_PROTO_KLINE_H

#include "proto/decimal.h"
#include "proto/reason.h"
#include "runtime/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { SYMBOL_BYTES_MAX = 64, KLINE_ERROR_MAX = 160 };

enum trade_ids {
    TRADE_IDS_unknown, /* f and L absent or null (REST, archive), or no range of ids */
    TRADE_IDS_known,   /* first_trade_id..last_trade_id; else both are -1 */
    TRADE_IDS_none,    /* f = L = -1 and no trade: an empty minute */
};

struct kline {
    char symbol[SYMBOL_BYTES_MAX + 1]; /* zero-terminated */
    uint8_t symbol_size;
    bool is_closed;
    enum trade_ids trade_ids;
    int64_t open_ms;  /* on a minute */
    int64_t event_ms; /* E; in the bare shape T when closed, t when not */
    struct decimal open;
    struct decimal high;
    struct decimal low;
    struct decimal close;
    struct decimal volume;
    struct decimal quote_volume;
    struct decimal taker_buy_volume;
    struct decimal taker_buy_quote_volume;
    int64_t trades;
    int64_t first_trade_id;
    int64_t last_trade_id;
};

/* Memory that decoding reuses from record to record. */
struct kline_decoder;

struct kline_decoder *kline_decoder_create(void);

void kline_decoder_destroy(struct kline_decoder **decoder_p);

/* REASON_none and *out_kline, or what is wrong, and in `error` a short text for the person who
 * looks at the dead letter: which field, what it held (cut, printable), what was expected.
 * Everything is checked, for open klines too. Never reads past the value. */
enum reason kline_decode(struct kline_decoder *decoder, struct slice value, struct kline *out_kline,
                         char error[KLINE_ERROR_MAX]);

/* The msgpack form of a kline, as kline_decode() reads it. Returns the bytes written. */
enum { KLINE_ENCODED_MAX = 640 };
size_t kline_encode(const struct kline *kline, unsigned char bytes[KLINE_ENCODED_MAX]);

/* The raw JSON event, as the exchange sends it (f and L left out when unknown). */
enum { KLINE_JSON_MAX = 1024 };
size_t kline_print_json(const struct kline *kline, char text[KLINE_JSON_MAX]);

#endif
