#include "state/txn_cursor.h"

#include "state/store_internal.h"
#include "state/txn.h"

#include <assert.h>
#include <stdint.h>

static MDB_val to_val(struct slice slice)
{
    return (MDB_val){.mv_size = slice.size, .mv_data = (void *)(uintptr_t)slice.bytes};
}

enum status txn_cursor_open(struct txn_cursor *cursor, struct txn *txn, enum store_table table)
{
    *cursor = (struct txn_cursor){.txn = txn, .table = table};
    int rc = mdb_cursor_open(txn->handle, txn->store->tables[table], &cursor->handle);
    return store_status(txn->store, rc, "mdb_cursor_open");
}

static enum status decode(const struct txn_cursor *cursor, struct slice key, struct slice stored,
                          struct record *out_record)
{
    enum status status = txn_check(cursor->txn, key);
    if (status == STATUS_OK) {
        status = txn_check(cursor->txn, stored);
    }
    if (status == STATUS_OK) {
        status = record_decode(cursor->table, key, stored, out_record);
    }
    return status == STATUS_OK ? status : store_status_of_damage(cursor->txn->store, cursor->table);
}

static enum status move(struct txn_cursor *cursor, MDB_cursor_op op, struct slice from,
                        struct slice *out_key, struct record *out_record)
{
    MDB_val key = to_val(from);
    MDB_val value;

    int rc = mdb_cursor_get(cursor->handle, &key, &value, op);
    if (rc != 0) {
        return store_status(cursor->txn->store, rc, "mdb_cursor_get");
    }
    struct slice found = {key.mv_data, key.mv_size};
    enum status status =
        decode(cursor, found, (struct slice){value.mv_data, value.mv_size}, out_record);
    if (status == STATUS_OK) {
        *out_key = found;
    }
    return status;
}

enum status txn_cursor_seek(struct txn_cursor *cursor, struct slice least, struct slice *out_key,
                            struct record *out_record)
{
    assert(least.size <= STORE_KEY_MAX);
    return move(cursor, least.size == 0 ? MDB_FIRST : MDB_SET_RANGE, least, out_key, out_record);
}

enum status txn_cursor_next(struct txn_cursor *cursor, struct slice *out_key,
                            struct record *out_record)
{
    return move(cursor, MDB_NEXT, (struct slice){NULL, 0}, out_key, out_record);
}

enum status txn_cursor_find(struct txn_cursor *cursor, struct slice key, struct record *out_record)
{
    assert(key.size <= STORE_KEY_MAX);
    struct slice found;
    return move(cursor, MDB_SET_KEY, key, &found, out_record);
}

static int put(struct txn_cursor *cursor, struct slice key, const struct record *record,
               unsigned flags)
{
    assert(key.size <= STORE_KEY_MAX);
    MDB_val lmdb_key = to_val(key);
    MDB_val room = {.mv_size = record_size(cursor->table, record->value.size)};

    int rc = mdb_cursor_put(cursor->handle, &lmdb_key, &room, MDB_RESERVE | flags);
    if (rc == 0) {
        record_encode(cursor->table, key, record, room.mv_data);
    }
    return rc;
}

enum status txn_cursor_put(struct txn_cursor *cursor, struct slice key, const struct record *record)
{
    return store_status_of_write(cursor->txn->store, put(cursor, key, record, 0), "mdb_cursor_put");
}

enum status txn_cursor_append(struct txn_cursor *cursor, struct slice key,
                              const struct record *record)
{
    int rc = put(cursor, key, record, MDB_APPEND);
    if (rc == MDB_KEYEXIST) {
        return STATUS_REJECTED;
    }
    return store_status_of_write(cursor->txn->store, rc, "mdb_cursor_put");
}

enum status txn_cursor_delete(struct txn_cursor *cursor)
{
    return store_status_of_write(cursor->txn->store, mdb_cursor_del(cursor->handle, 0),
                                 "mdb_cursor_del");
}

void txn_cursor_close(struct txn_cursor *cursor)
{
    if (cursor->handle != NULL) {
        mdb_cursor_close(cursor->handle);
        cursor->handle = NULL;
    }
}
