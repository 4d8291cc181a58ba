#include "runtime/mem.h"
#include "state/meta_fields.h"
#include "state/store_internal.h"
#include "state/store_meta.h"
#include "state/txn.h"
#include "state/txn_cursor.h"

#include <assert.h>
#include <string.h>

struct store_view {
    struct store *store; /* borrowed */
    struct txn txn; /* kept from time to time, since a new one costs a slot in a shared table */
    int64_t stream_time_ms;
    bool is_open;
    bool has_txn;
};

struct store_view *store_view_create(struct store *store)
{
    struct store_view *view = mem_new(1, sizeof(*view));
    view->store = store;
    return view;
}

void store_view_destroy(struct store_view **view_p)
{
    struct store_view *view = *view_p;
    *view_p = NULL;
    if (view == NULL) {
        return;
    }
    if (view->has_txn) {
        txn_abort(&view->txn);
    }
    mem_free(view);
}

enum status store_view_open(struct store_view *view)
{
    assert(!view->is_open);
    enum status status =
        view->has_txn ? txn_resume(&view->txn) : txn_begin(&view->txn, view->store, TXN_READ);
    if (status != STATUS_OK) {
        return status;
    }
    view->has_txn = true;
    status = store_meta_load_stream_time(&view->txn, &view->stream_time_ms);
    if (status != STATUS_OK) {
        txn_pause(&view->txn);
        return status;
    }
    view->is_open = true;
    return STATUS_OK;
}

void store_view_close(struct store_view *view)
{
    assert(view->is_open);
    txn_pause(&view->txn);
    view->is_open = false;
}

/* Swept or not, it is gone: what actors see must not depend on how far the sweep has come. */
static bool is_expired(const struct store_view *view, const struct record *record)
{
    return record->expire_ms != 0 && record->expire_ms <= view->stream_time_ms;
}

enum status store_view_get(struct store_view *view, enum store_table table, struct slice key,
                           struct slice *out_value)
{
    assert(view->is_open);
    struct record record;
    enum status status = txn_get(&view->txn, table, key, &record);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_expired(view, &record)) {
        return STATUS_NOT_FOUND;
    }
    *out_value = record.value;
    return STATUS_OK;
}

static bool begins_with(struct slice key, struct slice prefix)
{
    return key.size >= prefix.size &&
           (prefix.size == 0 || memcmp(key.bytes, prefix.bytes, prefix.size) == 0);
}

/* From the first record whose key is not less than `start`: those that begin with it, or, when it
 * is passed by, all that come after it. */
static enum status walk(struct store_view *view, enum store_table table, struct slice start,
                        bool is_passed_by, store_visit_fn *visit, void *context)
{
    assert(view->is_open);
    struct txn_cursor cursor;
    struct slice key;
    struct record record;

    enum status status = txn_cursor_open(&cursor, &view->txn, table);
    if (status != STATUS_OK) {
        return status;
    }
    status = txn_cursor_seek(&cursor, start, &key, &record);
    while (status == STATUS_OK && (is_passed_by || begins_with(key, start))) {
        bool is_skipped = is_expired(view, &record) ||
                          (is_passed_by && start.size > 0 && slice_equals(key, start));
        if (!is_skipped && !visit(context, key, record.value)) {
            break;
        }
        status = txn_cursor_next(&cursor, &key, &record);
    }
    txn_cursor_close(&cursor);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_view_each(struct store_view *view, enum store_table table, struct slice prefix,
                            store_visit_fn *visit, void *context)
{
    return walk(view, table, prefix, false, visit, context);
}

enum status store_view_after(struct store_view *view, enum store_table table, struct slice after,
                             store_visit_fn *visit, void *context)
{
    return walk(view, table, after, true, visit, context);
}
