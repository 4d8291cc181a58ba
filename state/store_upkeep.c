#include "state/store_upkeep.h"

#include "state/bytes.h"
#include "state/layout.h"
#include "state/outbox.h"
#include "state/store_internal.h"
#include "state/txn.h"
#include "state/txn_cursor.h"

#include <string.h>

enum { TIME_SIZE = 8 };

static const struct slice first = {NULL, 0};

static enum status sweep_one(struct txn_cursor *expiry, int64_t stream_time_ms, bool *is_done)
{
    struct slice key;
    struct record record;
    unsigned char candle[STORE_KEY_MAX];

    enum status status = txn_cursor_seek(expiry, first, &key, &record);
    if (status == STATUS_NOT_FOUND) {
        *is_done = true;
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (key.size <= TIME_SIZE || key.size > STORE_KEY_MAX) {
        return store_status_of_damage(expiry->txn->store, TABLE_expiry);
    }
    if (bytes_get_sorted(key.bytes) > stream_time_ms) {
        *is_done = true;
        return STATUS_OK;
    }
    size_t size = key.size - TIME_SIZE;
    memcpy(candle, (const unsigned char *)key.bytes + TIME_SIZE, size);
    status = txn_cursor_delete(expiry);
    if (status != STATUS_OK) {
        return status;
    }
    return txn_delete(expiry->txn, TABLE_candles, (struct slice){candle, size});
}

enum status store_upkeep_sweep(struct txn *txn, int64_t stream_time_ms, uint32_t max)
{
    struct txn_cursor cursor;
    bool is_done = false;

    enum status status = txn_cursor_open(&cursor, txn, TABLE_expiry);
    for (uint32_t i = 0; i < max && !is_done && status == STATUS_OK; i++) {
        status = sweep_one(&cursor, stream_time_ms, &is_done);
    }
    txn_cursor_close(&cursor);
    return status;
}

/* The last sequence that nobody needs: all of them when no sink is enabled. */
static int64_t last_done(const struct meta *meta)
{
    int64_t least = meta->outbox_next - 1;
    for (size_t i = 0; i < SINK_COUNT; i++) {
        if (meta->cursors[i] != META_NO_CURSOR && meta->cursors[i] < least) {
            least = meta->cursors[i];
        }
    }
    return least;
}

static enum status trim_one(struct txn_cursor *outbox, struct meta *meta, int64_t last,
                            bool *is_done)
{
    struct slice key;
    struct record record;
    struct outbox_row row;

    enum status status = txn_cursor_seek(outbox, first, &key, &record);
    if (status == STATUS_NOT_FOUND) {
        *is_done = true;
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (key.size != LAYOUT_OUTBOX_KEY_SIZE || outbox_decode(record.value, &row) != STATUS_OK) {
        return store_status_of_damage(outbox->txn->store, TABLE_outbox);
    }
    if ((int64_t)bytes_get_be(key.bytes, key.size) > last) {
        *is_done = true;
        return STATUS_OK;
    }
    meta->outbox_bytes -= (int64_t)row.payload.size;
    return txn_cursor_delete(outbox);
}

enum status store_upkeep_trim(struct txn *txn, struct meta *meta, uint32_t max)
{
    struct txn_cursor cursor;
    int64_t last = last_done(meta);
    bool is_done = false;

    enum status status = txn_cursor_open(&cursor, txn, TABLE_outbox);
    for (uint32_t i = 0; i < max && !is_done && status == STATUS_OK; i++) {
        status = trim_one(&cursor, meta, last, &is_done);
    }
    txn_cursor_close(&cursor);
    return status;
}
