#include "state/store_meta.h"

#include "state/meta_fields.h"
#include "state/store_internal.h"
#include "state/txn.h"

#include <string.h>

static enum status load_field(struct txn *txn, struct meta *meta, size_t field)
{
    struct record record;
    enum status status = txn_get(txn, TABLE_meta, meta_fields_key(field), &record);
    if (status != STATUS_OK) {
        return status;
    }
    status = meta_fields_decode(meta, field, record.value);
    return status == STATUS_OK ? status : store_status_of_damage(txn->store, TABLE_meta);
}

enum status store_meta_load(struct txn *txn, struct meta *meta)
{
    *meta = meta_fields_default();
    enum status status = load_field(txn, meta, META_FIELD_format);
    if (status != STATUS_OK) {
        return status;
    }
    if (meta->format != STORE_FORMAT) {
        return STATUS_OLD_FORMAT;
    }
    for (size_t i = 1; i < meta_fields_count(); i++) {
        status = load_field(txn, meta, i);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status store_meta_load_stream_time(struct txn *txn, int64_t *out_stream_time_ms)
{
    struct meta meta;
    enum status status = load_field(txn, &meta, META_FIELD_stream_time);
    if (status == STATUS_OK) {
        *out_stream_time_ms = meta.stream_time_ms;
    }
    return status;
}

enum status store_meta_save(struct txn *txn, const struct meta *meta, const struct meta *stored)
{
    unsigned char bytes[META_FIELD_BYTES_MAX];
    unsigned char before[META_FIELD_BYTES_MAX];
    enum status status = STATUS_OK;

    for (size_t i = 0; i < meta_fields_count() && status == STATUS_OK; i++) {
        struct record record = {.value = {bytes, meta_fields_encode(meta, i, bytes)}};
        if (stored != NULL) {
            struct slice old = {before, meta_fields_encode(stored, i, before)};
            if (slice_equals(record.value, old)) {
                continue;
            }
        }
        status = txn_put(txn, TABLE_meta, meta_fields_key(i), &record);
    }
    return status;
}

enum status store_meta_mark_clean(struct store *store)
{
    struct txn txn;
    struct meta meta = store->meta;
    meta.is_clean = true;

    enum status status = txn_begin(&txn, store, TXN_WRITE);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_meta_save(&txn, &meta, &store->meta);
    if (status != STATUS_OK) {
        txn_abort(&txn);
        return status;
    }
    return txn_commit(&txn);
}
