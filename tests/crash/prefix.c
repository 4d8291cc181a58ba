#include "tests/crash/prefix.h"

#include "state/layout.h"
#include "state/outbox.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    RECORD_MS = 1000,
    LIFE_MS = 400 * RECORD_MS,
    REDIS_LAG = 40, /* records by which a sink is behind */
    MONGO_LAG = 300,
    RESET_ONE_IN = 97, /* records that delete their actor */
};

static uint64_t mix(uint64_t number)
{
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
    number = (number ^ number >> 27) * 0x94d049bb133111ebu;
    return number ^ number >> 31;
}

void prefix_init(struct prefix *prefix)
{
    memset(prefix, 0, sizeof(*prefix));
    for (int window = 0; window < PREFIX_WINDOWS; window++) {
        for (int symbol = 0; symbol < PREFIX_SYMBOLS; symbol++) {
            prefix->candles[window][symbol].window = -1;
        }
    }
    prefix->outbox_next = 1;
    prefix->outbox_next_at[0] = 1;
}

size_t prefix_value(uint64_t digest, unsigned char value[PREFIX_VALUE_MAX])
{
    size_t size = sizeof(digest) + digest % (PREFIX_VALUE_MAX - sizeof(digest));
    memset(value, (int)(digest >> 8 & 0xff), size);
    memcpy(value, &digest, sizeof(digest));
    return size;
}

size_t prefix_actor_key(int symbol, unsigned char *key)
{
    return (size_t)sprintf((char *)key, "SYMBOL%02d", symbol);
}

size_t prefix_candle_key(int64_t window, int symbol, unsigned char *key)
{
    char name[16];
    (void)prefix_actor_key(symbol, (unsigned char *)name);
    return layout_candle_key(name, INTERVAL_5m, window * interval_ms(INTERVAL_5m), key);
}

uint64_t prefix_entry_digest(int64_t sequence)
{
    return mix((uint64_t)sequence + 77);
}

static void put_actor(const struct prefix *prefix, int symbol, struct batch *batch)
{
    unsigned char key[LAYOUT_CANDLE_KEY_MAX];
    unsigned char value[PREFIX_VALUE_MAX];
    struct slice name = {key, prefix_actor_key(symbol, key)};
    size_t size = prefix_value(prefix->actors[symbol].digest, value);
    if (prefix->actors[symbol].count == 0) {
        batch_delete(batch, TABLE_actors, name);
    } else {
        batch_put(batch, TABLE_actors, name, (struct slice){value, size});
    }
}

static void put_candle(const struct prefix *prefix, int64_t window, int symbol, struct batch *batch)
{
    unsigned char key[LAYOUT_CANDLE_KEY_MAX];
    unsigned char value[PREFIX_VALUE_MAX];
    struct slice name = {key, prefix_candle_key(window, symbol, key)};
    size_t size = prefix_value(prefix->candles[window % PREFIX_WINDOWS][symbol].digest, value);
    batch_put_candle(batch, name, (struct slice){value, size},
                     prefix->candles[window % PREFIX_WINDOWS][symbol].expire_ms);
}

static void put_entry(int64_t sequence, struct batch *batch)
{
    unsigned char key[LAYOUT_OUTBOX_KEY_SIZE];
    unsigned char payload[PREFIX_VALUE_MAX];
    unsigned char value[PREFIX_VALUE_MAX + 2];
    size_t size = prefix_value(prefix_entry_digest(sequence), payload);
    layout_outbox_key(sequence, key);
    size = outbox_encode(OUTBOX_candle, INTERVAL_5m, (struct slice){payload, size}, value);
    batch_put(batch, TABLE_outbox, SLICE_OF(key), (struct slice){value, size});
}

void prefix_advance(struct prefix *prefix, struct batch *batch)
{
    int64_t offset = prefix->next++;
    uint64_t number = mix((uint64_t)offset);
    int symbol = (int)(number % PREFIX_SYMBOLS);
    int64_t window = offset / PREFIX_WINDOW;
    int64_t entries = (int64_t)(number >> 20 & 3) % 3;
    bool is_reset = (number >> 30) % RESET_ONE_IN == 0;

    prefix->actors[symbol].count = is_reset ? 0 : prefix->actors[symbol].count + 1;
    prefix->actors[symbol].digest = is_reset ? 0 : mix(prefix->actors[symbol].digest ^ number);
    prefix->candles[window % PREFIX_WINDOWS][symbol].window = window;
    prefix->candles[window % PREFIX_WINDOWS][symbol].expire_ms = offset * RECORD_MS + LIFE_MS;
    prefix->candles[window % PREFIX_WINDOWS][symbol].digest = number;
    if (batch != NULL) {
        put_actor(prefix, symbol, batch);
        put_candle(prefix, window, symbol, batch);
        for (int64_t i = 0; i < entries; i++) {
            put_entry(prefix->outbox_next + i, batch);
        }
    }
    prefix->outbox_next += entries;
    prefix->outbox_next_at[prefix->next % PREFIX_HISTORY] = prefix->outbox_next;
}

/* What a sink that is so many records behind has. */
static int64_t cursor(const struct prefix *prefix, int64_t lag)
{
    int64_t had = prefix->next > lag ? prefix->next - lag : 0;
    return prefix->outbox_next_at[had % PREFIX_HISTORY] - 1;
}

void prefix_describe(const struct prefix *prefix, struct meta *meta)
{
    meta->next_offset = prefix->next;
    meta->stream_time_ms = (prefix->next - 1) * RECORD_MS;
    meta->outbox_next = prefix->outbox_next;
    meta->cursors[SINK_redis] = cursor(prefix, REDIS_LAG);
    meta->cursors[SINK_mongo] = cursor(prefix, MONGO_LAG);
    meta->fingerprint = (struct record_fingerprint){
        .timestamp_ms = prefix->next * 3,
        .size = (uint64_t)prefix->next % 1000,
        .crc32c = (uint32_t)mix((uint64_t)prefix->next),
        .is_known = true,
    };
    (void)snprintf(meta->settings, sizeof(meta->settings), "as of %" PRId64, prefix->next / 100);
    meta->settings_offset = prefix->next / 100 * 100;
}

bool prefix_matches(const struct prefix *prefix, const struct meta *meta)
{
    struct meta wanted = *meta;
    prefix_describe(prefix, &wanted);
    return meta->next_offset == wanted.next_offset &&
           meta->stream_time_ms == wanted.stream_time_ms &&
           meta->outbox_next == wanted.outbox_next &&
           memcmp(meta->cursors, wanted.cursors, sizeof(wanted.cursors)) == 0 &&
           meta->fingerprint.timestamp_ms == wanted.fingerprint.timestamp_ms &&
           meta->fingerprint.size == wanted.fingerprint.size &&
           meta->fingerprint.crc32c == wanted.fingerprint.crc32c && meta->fingerprint.is_known &&
           strcmp(meta->settings, wanted.settings) == 0 &&
           meta->settings_offset == wanted.settings_offset;
}
