/* Keys of the tables: bytes that sort as they should (big-endian, symbol first). */
#ifndef CANDLED_STATE_LAYOUT_H
#define CANDLED_STATE_LAYOUT_H

#include "proto/interval.h"
#include "proto/kline.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    LAYOUT_CANDLE_KEY_MAX = SYMBOL_BYTES_MAX + 1 + 2 + 8,
    LAYOUT_EXPIRY_KEY_MAX = 8 + LAYOUT_CANDLE_KEY_MAX,
    LAYOUT_OUTBOX_KEY_SIZE = 8,
};

/* Symbol, 0, minutes of the interval (2 bytes), openTime (8 bytes): a symbol's candles of one
 * interval lie side by side in order of time. Returns the size. */
size_t layout_candle_key(const char *symbol, enum interval interval, int64_t open_ms,
                         unsigned char key[LAYOUT_CANDLE_KEY_MAX]);

/* STATUS_CORRUPT on a key that layout_candle_key() cannot have made. The symbol is terminated. */
MUST_CHECK enum status layout_parse_candle_key(struct slice key, char symbol[SYMBOL_BYTES_MAX + 1],
                                               enum interval *out_interval, int64_t *out_open_ms);

size_t layout_expiry_key(int64_t expire_ms, struct slice candle_key,
                         unsigned char key[LAYOUT_EXPIRY_KEY_MAX]);

void layout_outbox_key(int64_t sequence, unsigned char key[LAYOUT_OUTBOX_KEY_SIZE]);

#endif
