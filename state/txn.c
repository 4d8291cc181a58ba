#include "state/txn.h"

#include "state/store_internal.h"

#include <assert.h>
#include <stdint.h>

static MDB_val to_val(struct slice slice)
{
    return (MDB_val){.mv_size = slice.size, .mv_data = (void *)(uintptr_t)slice.bytes};
}

static void look_at_map(struct txn *txn)
{
    MDB_envinfo info;
    MDB_stat stat;

    (void)mdb_env_info(txn->store->env, &info);
    (void)mdb_env_stat(txn->store->env, &stat);
    txn->map = info.me_mapaddr;
    txn->map_used = (info.me_last_pgno + 1) * stat.ms_psize;
}

static void lock_map(struct txn *txn)
{
    (void)pthread_rwlock_rdlock(&txn->store->map_lock);
    txn->has_map_lock = true;
}

static void unlock_map(struct txn *txn)
{
    if (txn->has_map_lock) {
        (void)pthread_rwlock_unlock(&txn->store->map_lock);
        txn->has_map_lock = false;
    }
}

static int begin_or_renew(struct txn *txn)
{
    if (txn->handle != NULL) {
        return mdb_txn_renew(txn->handle);
    }
    return mdb_txn_begin(txn->store->env, NULL, MDB_RDONLY, &txn->handle);
}

/* Another process has grown the file that we only read. */
static int follow_growth(struct txn *txn)
{
    unlock_map(txn);
    (void)pthread_rwlock_wrlock(&txn->store->map_lock);
    int rc = mdb_env_set_mapsize(txn->store->env, 0);
    (void)pthread_rwlock_unlock(&txn->store->map_lock);
    lock_map(txn);
    return rc;
}

enum status txn_resume(struct txn *txn)
{
    lock_map(txn);
    int rc = begin_or_renew(txn);
    if (rc == MDB_MAP_RESIZED) {
        rc = follow_growth(txn);
        rc = rc == 0 ? begin_or_renew(txn) : rc;
    }
    if (rc != 0) {
        unlock_map(txn);
        return store_status(txn->store, rc, "mdb_txn_begin");
    }
    look_at_map(txn);
    return STATUS_OK;
}

enum status txn_begin(struct txn *txn, struct store *store, enum txn_mode mode)
{
    *txn = (struct txn){.store = store};
    if (mode == TXN_READ) {
        return txn_resume(txn);
    }
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn->handle);
    if (rc != 0) {
        return store_status(store, rc, "mdb_txn_begin");
    }
    look_at_map(txn);
    return STATUS_OK;
}

void txn_pause(struct txn *txn)
{
    assert(txn->has_map_lock);
    mdb_txn_reset(txn->handle);
    unlock_map(txn);
}

enum status txn_check(const struct txn *txn, struct slice bytes)
{
    if (txn->map == NULL) {
        return STATUS_OK; /* LMDB tells the address of a fixed map only */
    }
    uintptr_t offset = (uintptr_t)bytes.bytes - (uintptr_t)txn->map;

    if (offset < txn->map_used) {
        return bytes.size <= txn->map_used - offset ? STATUS_OK : STATUS_CORRUPT;
    }
    /* A writer's own pages are elsewhere in memory; a reader has nothing but the map. */
    return txn->has_map_lock && bytes.size > 0 ? STATUS_CORRUPT : STATUS_OK;
}

enum status txn_get(struct txn *txn, enum store_table table, struct slice key,
                    struct record *out_record)
{
    assert(key.size <= STORE_KEY_MAX);
    MDB_val lmdb_key = to_val(key);
    MDB_val value;

    int rc = mdb_get(txn->handle, txn->store->tables[table], &lmdb_key, &value);
    if (rc != 0) {
        return store_status(txn->store, rc, "mdb_get");
    }
    struct slice stored = {value.mv_data, value.mv_size};
    enum status status = txn_check(txn, stored);
    if (status == STATUS_OK) {
        status = record_decode(table, key, stored, out_record);
    }
    return status == STATUS_OK ? status : store_status_of_damage(txn->store, table);
}

enum status txn_put(struct txn *txn, enum store_table table, struct slice key,
                    const struct record *record)
{
    assert(key.size <= STORE_KEY_MAX);
    MDB_val lmdb_key = to_val(key);
    MDB_val room = {.mv_size = record_size(table, record->value.size)};

    int rc = mdb_put(txn->handle, txn->store->tables[table], &lmdb_key, &room, MDB_RESERVE);
    if (rc == 0) {
        record_encode(table, key, record, room.mv_data);
    }
    return store_status_of_write(txn->store, rc, "mdb_put");
}

enum status txn_delete(struct txn *txn, enum store_table table, struct slice key)
{
    assert(key.size <= STORE_KEY_MAX);
    MDB_val lmdb_key = to_val(key);

    int rc = mdb_del(txn->handle, txn->store->tables[table], &lmdb_key, NULL);
    return rc == MDB_NOTFOUND ? STATUS_OK : store_status_of_write(txn->store, rc, "mdb_del");
}

enum status txn_commit(struct txn *txn)
{
    assert(txn->handle != NULL);
    MDB_txn *handle = txn->handle;

    txn->handle = NULL; /* LMDB frees it even when the commit fails */
    int rc = mdb_txn_commit(handle);
    unlock_map(txn);
    return store_status_of_write(txn->store, rc, "mdb_txn_commit");
}

void txn_abort(struct txn *txn)
{
    if (txn->handle != NULL) {
        mdb_txn_abort(txn->handle);
        txn->handle = NULL;
    }
    unlock_map(txn);
}
