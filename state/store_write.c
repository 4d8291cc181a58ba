#include "state/store_write.h"

#include "runtime/log.h"
#include "state/folder.h"
#include "state/store_internal.h"
#include "state/store_meta.h"
#include "state/txn.h"

#include <assert.h>
#include <string.h>

static struct meta next_meta(const struct store *store, const struct meta *wanted)
{
    struct meta meta = *wanted;
    meta.format = STORE_FORMAT;
    memcpy(meta.boot_id, store->boot_id, sizeof(meta.boot_id));
    meta.is_clean = false;
    meta.outbox_bytes = store->meta.outbox_bytes;
    return meta;
}

static enum status write_once(struct store *store, const struct meta *wanted, store_write_fn *apply,
                              void *context)
{
    struct txn txn;
    struct meta meta = next_meta(store, wanted);

    enum status status = txn_begin(&txn, store, TXN_WRITE);
    if (status != STATUS_OK) {
        return status;
    }
    status = apply(context, &txn, &meta);
    if (status == STATUS_OK) {
        status = store_meta_save(&txn, &meta, &store->meta);
    }
    if (status != STATUS_OK) {
        txn_abort(&txn);
        return status;
    }
    status = txn_commit(&txn);
    if (status == STATUS_OK) {
        store->meta = meta;
    }
    return status;
}

/* STATUS_MAP_FULL when it is as large as it may be. Waits until nobody reads. */
static enum status grow(struct store *store)
{
    size_t bytes = store->map_bytes * 2;
    if (bytes > store->map_bytes_max) {
        bytes = store->map_bytes_max;
    }
    if (bytes <= store->map_bytes) {
        log_event(LOG_store_call_failed, log_text("error", "the map may not grow any further"),
                  log_int("map_bytes", (int64_t)store->map_bytes),
                  log_text("folder", store->folder));
        return STATUS_MAP_FULL;
    }
    (void)pthread_rwlock_wrlock(&store->map_lock);
    int rc = mdb_env_set_mapsize(store->env, bytes);
    (void)pthread_rwlock_unlock(&store->map_lock);
    if (rc != 0) {
        return store_status(store, rc, "mdb_env_set_mapsize");
    }
    store->map_bytes = bytes;
    log_event(LOG_store_grown, log_int("map_bytes", (int64_t)bytes),
              log_text("folder", store->folder));
    return STATUS_OK;
}

static enum status write_growing(struct store *store, const struct meta *wanted,
                                 store_write_fn *apply, void *context)
{
    enum status status = write_once(store, wanted, apply, context);
    while (status == STATUS_MAP_FULL) {
        status = grow(store);
        if (status != STATUS_OK) {
            break;
        }
        status = write_once(store, wanted, apply, context);
    }
    return status;
}

/* The folder tells of commits that are not synced before there is one. */
static enum status mark_unsynced(struct store *store)
{
    if (store->sync == STORE_SYNC_commit || store->is_marked) {
        return STATUS_OK;
    }
    enum status status = folder_write_unsynced(store->folder, store->boot_id);
    store->is_marked = status == STATUS_OK;
    return status;
}

enum status store_write(struct store *store, const struct meta *wanted, store_write_fn *apply,
                        void *context)
{
    assert(!store->is_read_only);
    enum status status = mark_unsynced(store);
    if (status == STATUS_OK) {
        status = write_growing(store, wanted, apply, context);
    }
    if (status == STATUS_OK) {
        store->is_disk_full = false;
    } else if (status != STATUS_DISK_FULL) {
        store->is_broken = true;
    }
    return status;
}
