#include "actors/edge/store_refill.h"

#include "actors/refill.h"
#include "proto/candle.h"
#include "runtime/mem.h"
#include "state/store.h"

#include <string.h>

enum { LOOKED_AT_MAX = 16 * REFILL_PAGE_CANDLES };

struct reading {
    const struct refill_page *page;
    struct outbox_rows *rows;
    int64_t horizon_ms; /* what was written up to then has expired */
    int64_t floor_ms;
    size_t looked_at;
    size_t bytes_used;
    size_t bytes_capacity;
    unsigned char after[LAYOUT_CANDLE_KEY_MAX];
    size_t after_size;
    bool is_cut; /* there is more */
    enum status status;
};

/* When it was written last, in event time: never before its close. */
static int64_t written_ms(const struct candle *candle)
{
    int64_t closed_ms = candle_close_ms(candle) + 1;
    return candle->updated_ms > closed_ms ? candle->updated_ms : closed_ms;
}

static bool is_wanted(const struct reading *reading, const struct candle *candle)
{
    return candle->is_emitted && written_ms(candle) > reading->horizon_ms &&
           candle->open_ms >= reading->floor_ms;
}

/* Payloads are where they are once all are there: until then `size` alone is right. */
static void take(struct reading *reading, enum interval interval, struct slice value)
{
    struct outbox_rows *rows = reading->rows;
    size_t needed = reading->bytes_used + value.size;

    if (needed > reading->bytes_capacity) {
        reading->bytes_capacity = needed * 2;
        rows->bytes = mem_resize(rows->bytes, reading->bytes_capacity, 1);
    }
    memcpy(rows->bytes + reading->bytes_used, value.bytes, value.size);
    reading->bytes_used = needed;
    rows->rows[rows->count++] = (struct outbox_row){
        .kind = OUTBOX_candle, .interval = interval, .payload = {NULL, value.size}};
}

static void place_payloads(struct outbox_rows *rows)
{
    size_t used = 0;
    for (size_t i = 0; i < rows->count; i++) {
        rows->rows[i].payload.bytes = rows->bytes + used;
        used += rows->rows[i].payload.size;
    }
}

static bool is_full(const struct reading *reading)
{
    return reading->rows->count >= REFILL_PAGE_CANDLES || reading->looked_at >= LOOKED_AT_MAX ||
           reading->bytes_used >= REFILL_PAGE_BYTES_MAX;
}

static enum status look_at(struct reading *reading, struct slice key, struct slice value)
{
    char symbol[SYMBOL_BYTES_MAX + 1];
    enum interval interval;
    int64_t open_ms;
    struct candle candle;

    enum status status = layout_parse_candle_key(key, symbol, &interval, &open_ms);
    if (status != STATUS_OK || (reading->page->intervals & INTERVAL_BIT(interval)) == 0) {
        return status;
    }
    status = candle_decode(value, &candle);
    if (status == STATUS_OK && is_wanted(reading, &candle)) {
        take(reading, interval, value);
    }
    return status;
}

static bool visit(void *context, struct slice key, struct slice value)
{
    struct reading *reading = context;

    if (is_full(reading)) {
        reading->is_cut = true;
        return false;
    }
    reading->looked_at++;
    if (look_at(reading, key, value) != STATUS_OK) {
        reading->status = STATUS_CORRUPT;
        return false;
    }
    memcpy(reading->after, key.bytes, key.size);
    reading->after_size = key.size;
    return true;
}

static enum status walk(struct store *store, struct reading *reading)
{
    struct store_view *view = store_view_create(store);
    enum status status = store_view_open(view);
    if (status == STATUS_OK) {
        struct slice after = {reading->page->after, reading->page->after_size};
        status = store_view_after(view, TABLE_candles, after, visit, reading);
        store_view_close(view);
    }
    store_view_destroy(&view);
    return status == STATUS_OK ? reading->status : status;
}

static void finish(struct refill_page *page, const struct reading *reading)
{
    place_payloads(reading->rows);
    page->rows = reading->rows;
    page->is_last = !reading->is_cut;
    if (reading->after_size > 0) {
        memcpy(page->after, reading->after, reading->after_size);
        page->after_size = reading->after_size;
    }
}

enum status store_refill_read(struct store *store, struct refill_page *page)
{
    struct meta meta;
    enum status status = store_read_meta(store, &meta);
    if (status != STATUS_OK) {
        return status;
    }
    struct reading reading = {
        .page = page,
        .rows = mem_new(1, sizeof(*reading.rows)),
        .horizon_ms =
            meta.stream_time_ms == META_NO_TIME ? INT64_MIN : meta.stream_time_ms - page->ttl_ms,
        .floor_ms = meta.floor_ms, /* META_NO_TIME is below every time */
    };
    reading.rows->rows = mem_new(REFILL_PAGE_CANDLES, sizeof(*reading.rows->rows));
    status = walk(store, &reading);
    if (status != STATUS_OK) {
        outbox_rows_destroy(&reading.rows);
        return status;
    }
    finish(page, &reading);
    return STATUS_OK;
}
