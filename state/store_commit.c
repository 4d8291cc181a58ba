#include "state/batch.h"
#include "state/layout.h"
#include "state/sorted_batch.h"
#include "state/store_internal.h"
#include "state/store_upkeep.h"
#include "state/store_write.h"
#include "state/txn.h"
#include "state/txn_cursor.h"

#include <assert.h>
#include <string.h>

/* One table's share of a commit. */
struct share {
    struct txn_cursor cursor;
    struct meta *meta;
};

static enum status move_expiry(struct txn *txn, struct slice key, int64_t from_ms, int64_t to_ms)
{
    unsigned char bytes[LAYOUT_EXPIRY_KEY_MAX];
    const struct record nothing = {.expire_ms = 0};
    enum status status = STATUS_OK;

    if (from_ms == to_ms) {
        return STATUS_OK;
    }
    if (from_ms != 0) {
        size_t size = layout_expiry_key(from_ms, key, bytes);
        status = txn_delete(txn, TABLE_expiry, (struct slice){bytes, size});
    }
    if (to_ms != 0 && status == STATUS_OK) {
        size_t size = layout_expiry_key(to_ms, key, bytes);
        status = txn_put(txn, TABLE_expiry, (struct slice){bytes, size}, &nothing);
    }
    return status;
}

static enum status apply_candle(struct share *share, const struct batch_write *write)
{
    struct record old = {.expire_ms = 0};
    enum status status = txn_cursor_find(&share->cursor, write->key, &old);
    bool is_known = status == STATUS_OK;
    int64_t old_expire_ms = old.expire_ms;

    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    if (write->kind == BATCH_put) {
        struct record record = {write->value, write->expire_ms};
        status = txn_cursor_put(&share->cursor, write->key, &record);
    } else {
        status = is_known ? txn_cursor_delete(&share->cursor) : STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    return move_expiry(share->cursor.txn, write->key, old_expire_ms, write->expire_ms);
}

static int64_t payload_size(struct slice value)
{
    struct slice nothing = {NULL, 0};
    unsigned char head[8];
    size_t head_size = outbox_encode(OUTBOX_dead_letter, (enum interval)0, nothing, head);
    return (int64_t)value.size - (int64_t)head_size;
}

static enum status replace_entry(struct share *share, const struct batch_write *write)
{
    struct record old;
    enum status status = txn_cursor_find(&share->cursor, write->key, &old);
    bool is_known = status == STATUS_OK;

    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    share->meta->outbox_bytes -= is_known ? payload_size(old.value) : 0;
    if (write->kind == BATCH_put) {
        struct record record = {.value = write->value};
        return txn_cursor_put(&share->cursor, write->key, &record);
    }
    return is_known ? txn_cursor_delete(&share->cursor) : STATUS_OK;
}

static enum status apply_entry(struct share *share, const struct batch_write *write)
{
    struct record record = {.value = write->value};
    enum status status = STATUS_REJECTED;

    if (write->kind == BATCH_put) {
        assert(payload_size(write->value) >= 0);
        share->meta->outbox_bytes += payload_size(write->value);
        status = txn_cursor_append(&share->cursor, write->key, &record);
    }
    return status == STATUS_REJECTED ? replace_entry(share, write) : status;
}

static enum status apply_other(struct share *share, const struct batch_write *write)
{
    struct record record = {.value = write->value};
    if (write->kind == BATCH_put) {
        return txn_cursor_put(&share->cursor, write->key, &record);
    }
    return txn_delete(share->cursor.txn, write->table, write->key);
}

static enum status apply_one(struct share *share, const struct batch_write *write)
{
    switch (write->table) {
    case TABLE_candles:
        return apply_candle(share, write);
    case TABLE_outbox:
        return apply_entry(share, write);
    default:
        /* The store writes these two itself. */
        assert(write->table != TABLE_meta);
        assert(write->table != TABLE_expiry);
        return apply_other(share, write);
    }
}

static enum status apply_table(struct txn *txn, const struct sorted_batch *sorted,
                               enum store_table table, struct meta *meta)
{
    struct share share = {.meta = meta};
    if (sorted->starts[table] == sorted->starts[table + 1]) {
        return STATUS_OK;
    }
    enum status status = txn_cursor_open(&share.cursor, txn, table);
    for (size_t i = sorted->starts[table]; i < sorted->starts[table + 1] && status == STATUS_OK;
         i++) {
        struct batch_write write = sorted_batch_at(sorted, i);
        status = apply_one(&share, &write);
    }
    txn_cursor_close(&share.cursor);
    return status;
}

struct commit {
    const struct checkpoint *checkpoint;
    struct sorted_batch sorted;
};

static enum status apply(void *context, struct txn *txn, struct meta *meta)
{
    const struct commit *commit = context;
    enum status status = STATUS_OK;
    for (int i = 0; i < TABLE_COUNT && status == STATUS_OK; i++) {
        status = apply_table(txn, &commit->sorted, (enum store_table)i, meta);
    }
    if (status == STATUS_OK) {
        status = store_upkeep_sweep(txn, meta->stream_time_ms, commit->checkpoint->sweep_max);
    }
    return status == STATUS_OK ? store_upkeep_trim(txn, meta, commit->checkpoint->trim_max)
                               : status;
}

enum status store_commit(struct store *store, const struct checkpoint *checkpoint)
{
    struct commit commit = {.checkpoint = checkpoint};
    sorted_batch_init(&commit.sorted, checkpoint->batch);
    enum status status = store_write(store, checkpoint->meta, apply, &commit);
    sorted_batch_deinit(&commit.sorted);
    return status;
}
