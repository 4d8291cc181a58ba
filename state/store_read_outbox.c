#include "runtime/mem.h"
#include "state/bytes.h"
#include "state/layout.h"
#include "state/outbox.h"
#include "state/store_internal.h"
#include "state/txn.h"
#include "state/txn_cursor.h"

#include <assert.h>
#include <string.h>

enum { SCAN_FACTOR = 16 };

struct reading {
    struct outbox_rows *rows;
    const struct outbox_filter *filter;
    size_t rows_max;
    size_t bytes_max;
    size_t bytes_used;
    size_t bytes_capacity;
};

static bool has_room(const struct reading *reading, size_t size)
{
    if (reading->rows->count == 0) {
        return true;
    }
    return reading->rows->count < reading->rows_max &&
           reading->bytes_used + size <= reading->bytes_max;
}

/* Payloads are where they are once all are there: until then `size` alone is right. */
static void take(struct reading *reading, const struct outbox_row *row)
{
    struct outbox_rows *rows = reading->rows;
    size_t needed = reading->bytes_used + row->payload.size;

    if (needed > reading->bytes_capacity) {
        reading->bytes_capacity = needed * 2;
        rows->bytes = mem_resize(rows->bytes, reading->bytes_capacity, 1);
    }
    if (row->payload.size > 0) {
        memcpy(rows->bytes + reading->bytes_used, row->payload.bytes, row->payload.size);
    }
    reading->bytes_used = needed;
    rows->rows[rows->count++] = *row;
}

static void place_payloads(struct outbox_rows *rows)
{
    size_t used = 0;
    for (size_t i = 0; i < rows->count; i++) {
        struct slice *payload = &rows->rows[i].payload;
        payload->bytes = payload->size > 0 ? rows->bytes + used : NULL;
        used += payload->size;
    }
}

static enum status decode(struct txn_cursor *cursor, struct slice key, struct slice value,
                          struct outbox_row *row)
{
    if (key.size != LAYOUT_OUTBOX_KEY_SIZE || outbox_decode(value, row) != STATUS_OK) {
        return store_status_of_damage(cursor->txn->store, TABLE_outbox);
    }
    row->sequence = (int64_t)bytes_get_be(key.bytes, key.size);
    return STATUS_OK;
}

static enum status scan(struct txn_cursor *cursor, struct reading *reading, int64_t after)
{
    unsigned char least[LAYOUT_OUTBOX_KEY_SIZE];
    struct slice key;
    struct record record;

    layout_outbox_key(after + 1, least);
    enum status status = txn_cursor_seek(cursor, SLICE_OF(least), &key, &record);
    for (size_t seen = 0; status == STATUS_OK && seen < SCAN_FACTOR * reading->rows_max; seen++) {
        struct outbox_row row;
        status = decode(cursor, key, record.value, &row);
        if (status != STATUS_OK) {
            break;
        }
        if (outbox_filter_wants(reading->filter, row.kind, row.interval)) {
            if (!has_room(reading, row.payload.size)) {
                break;
            }
            take(reading, &row);
        }
        reading->rows->scanned_to = row.sequence;
        status = txn_cursor_next(cursor, &key, &record);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status read_rows(struct store *store, struct reading *reading, int64_t after)
{
    struct txn txn;
    struct txn_cursor cursor;

    enum status status = txn_begin(&txn, store, TXN_READ);
    if (status != STATUS_OK) {
        return status;
    }
    status = txn_cursor_open(&cursor, &txn, TABLE_outbox);
    if (status == STATUS_OK) {
        status = scan(&cursor, reading, after);
        txn_cursor_close(&cursor);
    }
    txn_abort(&txn);
    return status;
}

enum status store_read_outbox(struct store *store, int64_t after,
                              const struct outbox_filter *filter, size_t rows_max, size_t bytes_max,
                              struct outbox_rows **out_rows)
{
    assert(after >= 0);
    assert(rows_max > 0);
    struct outbox_rows *rows = mem_new(1, sizeof(*rows));
    struct reading reading = {
        .rows = rows, .filter = filter, .rows_max = rows_max, .bytes_max = bytes_max};

    rows->rows = mem_new(rows_max, sizeof(*rows->rows));
    rows->scanned_to = after;
    enum status status = read_rows(store, &reading, after);
    if (status != STATUS_OK) {
        outbox_rows_destroy(&rows);
        return status;
    }
    place_payloads(rows);
    *out_rows = rows;
    return STATUS_OK;
}
