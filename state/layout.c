#include "state/layout.h"

#include "state/bytes.h"

#include <assert.h>
#include <string.h>

enum { MINUTES_SIZE = 2, TIME_SIZE = 8, TAIL_SIZE = 1 + MINUTES_SIZE + TIME_SIZE };

size_t layout_candle_key(const char *symbol, enum interval interval, int64_t open_ms,
                         unsigned char key[LAYOUT_CANDLE_KEY_MAX])
{
    size_t symbol_size = strlen(symbol);
    assert(symbol_size > 0);
    assert(symbol_size <= SYMBOL_BYTES_MAX);

    memcpy(key, symbol, symbol_size + 1);
    unsigned char *tail = key + symbol_size + 1;
    bytes_put_be(tail, MINUTES_SIZE, (uint64_t)interval_minutes(interval));
    bytes_put_sorted(tail + MINUTES_SIZE, open_ms);
    return symbol_size + TAIL_SIZE;
}

static enum status interval_of(int64_t minutes, enum interval *out_interval)
{
    for (int i = 0; i < INTERVAL_COUNT; i++) {
        if (interval_minutes((enum interval)i) == minutes) {
            *out_interval = (enum interval)i;
            return STATUS_OK;
        }
    }
    return STATUS_CORRUPT;
}

enum status layout_parse_candle_key(struct slice key, char symbol[SYMBOL_BYTES_MAX + 1],
                                    enum interval *out_interval, int64_t *out_open_ms)
{
    if (key.size <= TAIL_SIZE || key.size > LAYOUT_CANDLE_KEY_MAX) {
        return STATUS_CORRUPT;
    }
    const unsigned char *bytes = key.bytes;
    size_t symbol_size = key.size - TAIL_SIZE;
    /* The first zero ends the symbol, so it must stand exactly there. */
    if (memchr(bytes, 0, symbol_size + 1) != bytes + symbol_size) {
        return STATUS_CORRUPT;
    }
    const unsigned char *tail = bytes + symbol_size + 1;
    enum interval interval;
    if (interval_of((int64_t)bytes_get_be(tail, MINUTES_SIZE), &interval) != STATUS_OK) {
        return STATUS_CORRUPT;
    }
    memcpy(symbol, bytes, symbol_size + 1);
    *out_interval = interval;
    *out_open_ms = bytes_get_sorted(tail + MINUTES_SIZE);
    return STATUS_OK;
}

size_t layout_expiry_key(int64_t expire_ms, struct slice candle_key,
                         unsigned char key[LAYOUT_EXPIRY_KEY_MAX])
{
    assert(candle_key.size > 0);
    assert(candle_key.size <= LAYOUT_CANDLE_KEY_MAX);
    bytes_put_sorted(key, expire_ms);
    memcpy(key + TIME_SIZE, candle_key.bytes, candle_key.size);
    return TIME_SIZE + candle_key.size;
}

void layout_outbox_key(int64_t sequence, unsigned char key[LAYOUT_OUTBOX_KEY_SIZE])
{
    assert(sequence > 0);
    bytes_put_be(key, LAYOUT_OUTBOX_KEY_SIZE, (uint64_t)sequence);
}
