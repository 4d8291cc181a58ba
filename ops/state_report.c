#include "ops/state_report.h"

#include "actors/symbol.h"
#include "proto/candle.h"
#include "proto/dead_letter.h"
#include "proto/interval.h"
#include "runtime/base.h"
#include "state/layout.h"
#include "state/meta.h"
#include "state/outbox.h"
#include "state/store.h"

#include <inttypes.h>
#include <string.h>

static void add_place(struct text *out, const struct meta *meta)
{
    text_add(out, "\"topic\":");
    text_add_json(out, meta->topic);
    text_add(out, ",\"partition\":%" PRId32, meta->partition);
}

static void add_time(struct text *out, const char *name, int64_t time_ms)
{
    if (time_ms == META_NO_TIME) {
        text_add(out, ",\"%s\":null", name);
    } else {
        text_add(out, ",\"%s\":%" PRId64, name, time_ms);
    }
}

static void add_sinks(struct text *out, const struct meta *meta)
{
    const char *comma = "";
    text_add(out, ",\"sinks\":{");
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (meta->cursors[sink] != META_NO_CURSOR) {
            text_add(out, "%s\"%s\":{\"acknowledged\":%" PRId64 ",\"owed\":%" PRId64 "}", comma,
                     schema_sink_name(sink), meta->cursors[sink],
                     meta->outbox_next - 1 - meta->cursors[sink]);
            comma = ",";
        }
    }
    text_add(out, "}");
}

enum status state_report_list(struct store *store, struct text *out)
{
    struct meta meta;
    struct store_stats stats;
    enum status status = store_read_meta(store, &meta);

    if (status == STATUS_OK) {
        status = store_stats(store, &stats);
    }
    if (status != STATUS_OK) {
        return status;
    }
    text_add(out, "{");
    add_place(out, &meta);
    text_add(out, ",\"era\":%" PRId64 ",\"nextOffset\":%" PRId64, meta.era, meta.next_offset);
    add_time(out, "streamTime", meta.stream_time_ms);
    add_time(out, "floor", meta.floor_ms == META_FLOOR_DUE ? META_NO_TIME : meta.floor_ms);
    text_add(out, ",\"outboxNext\":%" PRId64 ",\"outboxBytes\":%" PRId64, meta.outbox_next,
             meta.outbox_bytes);
    add_sinks(out, &meta);
    text_add(out, ",\"usedBytes\":%zu,\"mapBytes\":%zu,\"entries\":{", stats.used_bytes,
             stats.map_bytes);
    for (enum store_table table = 0; table < TABLE_COUNT; table++) {
        text_add(out, "%s\"%s\":%zu", table == 0 ? "" : ",", schema_table_name(table),
                 stats.entries[table]);
    }
    text_add(out, "}}\n");
    return STATUS_OK;
}

static void add_candle(struct text *out, const struct candle *candle)
{
    char json[CANDLE_JSON_MAX];
    size_t size = candle_print_json(candle, json);
    text_add_bytes(out, json, size - 1); /* without the closing brace */
    text_add(out, ",\"emitted\":%s,\"fill\":%s}", candle->is_emitted ? "true" : "false",
             candle->is_fill ? "true" : "false");
}

static bool show_candle(void *context, struct slice key, struct slice value)
{
    struct text *out = context;
    struct candle candle;
    (void)key;
    if (candle_decode(value, &candle) == STATUS_OK) {
        add_candle(out, &candle);
        text_add(out, "\n");
    }
    return true;
}

static void add_member(void *context, const char *name, int64_t number)
{
    text_add(context, ",\"%s\":%" PRId64, name, number);
}

static enum status show(struct store_view *view, const struct meta *meta, const char *symbol,
                        struct text *out)
{
    unsigned char prefix[LAYOUT_CANDLE_KEY_MAX];
    size_t prefix_size = strlen(symbol) + 1;
    struct slice state;

    if (prefix_size > SYMBOL_BYTES_MAX + 1) {
        return STATUS_NOT_FOUND;
    }
    enum status status = store_view_get(view, TABLE_actors, slice_of_text(symbol), &state);
    if (status != STATUS_OK) {
        return status;
    }
    text_add(out, "{");
    add_place(out, meta);
    text_add(out, ",\"symbol\":");
    text_add_json(out, symbol);
    symbol_state_describe(state, add_member, out);
    text_add(out, "}\n");
    memcpy(prefix, symbol, prefix_size); /* its zero ends the symbol in the key */
    return store_view_each(view, TABLE_candles, (struct slice){prefix, prefix_size}, show_candle,
                           out);
}

enum status state_report_show(struct store *store, const char *symbol, struct text *out)
{
    struct meta meta;
    enum status status = store_read_meta(store, &meta);
    if (status != STATUS_OK) {
        return status;
    }
    struct store_view *view = store_view_create(store);
    status = store_view_open(view);
    if (status == STATUS_OK) {
        status = show(view, &meta, symbol, out);
        store_view_close(view);
    }
    store_view_destroy(&view);
    return status;
}

static void add_hex(struct text *out, struct slice bytes)
{
    const unsigned char *at = bytes.bytes;
    for (size_t i = 0; i < bytes.size; i++) {
        text_add(out, "%02x", at[i]);
    }
}

static void add_outbox(struct text *out, struct slice value)
{
    struct outbox_row row;
    struct candle candle;
    struct dead_letter letter;

    if (outbox_decode(value, &row) != STATUS_OK) {
        return;
    }
    if (row.kind == OUTBOX_candle && candle_decode(row.payload, &candle) == STATUS_OK) {
        text_add(out, ",\"candle\":");
        add_candle(out, &candle);
    } else if (row.kind == OUTBOX_dead_letter &&
               dead_letter_decode(row.payload, &letter) == STATUS_OK) {
        text_add(out, ",\"deadLetter\":{\"reason\":\"%s\",\"offset\":%" PRId64 ",\"error\":",
                 reason_name(letter.reason), letter.offset);
        text_add_json(out, letter.error);
        text_add(out, "}");
    }
}

struct exporter {
    const struct meta *meta;
    struct state_export *at;
    size_t bytes_max;
    struct text *out;
};

static void add_record(struct exporter *e, struct slice key, struct slice value)
{
    struct candle candle;
    text_add(e->out, "{");
    add_place(e->out, e->meta);
    text_add(e->out, ",\"table\":\"%s\",\"key\":\"", schema_table_name(e->at->table));
    add_hex(e->out, key);
    text_add(e->out, "\"");
    if (e->at->table == TABLE_candles && candle_decode(value, &candle) == STATUS_OK) {
        text_add(e->out, ",\"candle\":");
        add_candle(e->out, &candle);
    } else if (e->at->table == TABLE_outbox) {
        add_outbox(e->out, value);
    } else {
        text_add(e->out, ",\"value\":\"");
        add_hex(e->out, value);
        text_add(e->out, "\"");
    }
    text_add(e->out, "}\n");
}

static bool export_record(void *context, struct slice key, struct slice value)
{
    struct exporter *e = context;
    add_record(e, key, value);
    memcpy(e->at->key, key.bytes, key.size);
    e->at->key_size = key.size;
    return e->out->size < e->bytes_max;
}

static enum status export_some(struct store_view *view, struct exporter *e)
{
    while (e->out->size < e->bytes_max && !e->at->is_done) {
        enum status status = store_view_after(
            view, e->at->table, (struct slice){e->at->key, e->at->key_size}, export_record, e);
        if (status != STATUS_OK) {
            return status;
        }
        if (e->out->size >= e->bytes_max) {
            break;
        }
        e->at->table++;
        e->at->key_size = 0;
        e->at->is_done = e->at->table == TABLE_COUNT;
    }
    return STATUS_OK;
}

enum status state_report_export(struct store *store, struct state_export *at, size_t bytes_max,
                                struct text *out)
{
    struct meta meta;
    struct exporter exporter = {&meta, at, bytes_max, out};
    enum status status = store_read_meta(store, &meta);
    if (status != STATUS_OK) {
        return status;
    }
    struct store_view *view = store_view_create(store);
    status = store_view_open(view);
    if (status == STATUS_OK) {
        status = export_some(view, &exporter);
        store_view_close(view);
    }
    store_view_destroy(&view);
    return status;
}
