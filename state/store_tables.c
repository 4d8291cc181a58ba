#include "state/store_tables.h"

#include "runtime/log.h"
#include "state/meta_fields.h"
#include "state/store_internal.h"
#include "state/store_meta.h"
#include "state/txn.h"
#include "state/txn_cursor.h"

#include <stddef.h>
#include <string.h>

static enum status open_table(struct txn *txn, enum store_table table, unsigned flags)
{
    struct store *store = txn->store;
    int rc = mdb_dbi_open(txn->handle, schema_table_name(table), flags, &store->tables[table]);
    return (flags & MDB_CREATE) != 0 ? store_status_of_write(store, rc, "mdb_dbi_open")
                                     : store_status(store, rc, "mdb_dbi_open");
}

static enum status refuse_format(const struct store *store, int64_t format)
{
    log_event(
        LOG_store_refused, log_text("folder", store->folder), log_int("format", format),
        log_int("format_expected", STORE_FORMAT),
        log_text("reason", format < STORE_FORMAT
                               ? "an older candled wrote it: move the folder away, and state is "
                                 "rebuilt from the log"
                               : "a newer candled wrote it: run that one again, or move the "
                                 "folder away, and state is rebuilt from the log"));
    return STATUS_OLD_FORMAT;
}

/* STATUS_NOT_FOUND: the environment is new. */
static enum status load(struct txn *txn)
{
    struct store *store = txn->store;
    enum status status = open_table(txn, TABLE_meta, 0);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_meta_load(txn, &store->meta);
    if (status == STATUS_OLD_FORMAT) {
        return refuse_format(store, store->meta.format);
    }
    /* The table and its records came with one commit. */
    return status == STATUS_NOT_FOUND ? store_status_of_damage(store, TABLE_meta) : status;
}

static enum status open_others(struct txn *txn, unsigned flags)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < TABLE_COUNT && status == STATUS_OK; i++) {
        status = open_table(txn, (enum store_table)i, flags);
    }
    return status;
}

static enum status create_meta(struct txn *txn)
{
    struct store *store = txn->store;
    struct meta fresh = meta_fields_default();

    memcpy(fresh.topic, store->meta.topic, sizeof(fresh.topic));
    fresh.partition = store->meta.partition;
    memcpy(fresh.boot_id, store->boot_id, sizeof(fresh.boot_id));
    store->meta = fresh;
    return store_meta_save(txn, &store->meta, NULL);
}

/* Of no table at all. */
static bool is_empty(struct txn *txn)
{
    MDB_dbi tables;
    MDB_stat stat;
    return mdb_dbi_open(txn->handle, NULL, 0, &tables) == 0 &&
           mdb_stat(txn->handle, tables, &stat) == 0 && stat.ms_entries == 0;
}

/* A field whose name is damaged would else be taken for one that was never written. */
static enum status check_meta(struct txn *txn)
{
    static const struct slice first = {NULL, 0};
    struct txn_cursor cursor;
    struct slice key;
    struct record record;

    enum status status = txn_cursor_open(&cursor, txn, TABLE_meta);
    if (status == STATUS_OK) {
        status = txn_cursor_seek(&cursor, first, &key, &record);
    }
    while (status == STATUS_OK) {
        status = txn_cursor_next(&cursor, &key, &record);
    }
    txn_cursor_close(&cursor);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status open_all(struct txn *txn, bool *out_is_new)
{
    bool is_read_only = txn->store->is_read_only;
    enum status status = load(txn);
    bool is_new = status == STATUS_NOT_FOUND;

    if (status != STATUS_OK && (!is_new || is_read_only)) {
        return status;
    }
    if (is_new && !is_empty(txn)) {
        return store_status_of_damage(txn->store, TABLE_meta); /* it has lost its name */
    }
    /* All tables came with one commit. */
    status = open_others(txn, is_new ? MDB_CREATE : 0);
    if (status == STATUS_NOT_FOUND) {
        return store_status_of_damage(txn->store, TABLE_meta);
    }
    if (status == STATUS_OK) {
        status = is_new ? create_meta(txn) : check_meta(txn);
    }
    *out_is_new = is_new;
    return status;
}

enum status store_tables_open(struct store *store, bool *out_is_new)
{
    struct txn txn;
    enum status status = txn_begin(&txn, store, store->is_read_only ? TXN_READ : TXN_WRITE);
    if (status != STATUS_OK) {
        return status;
    }
    status = open_all(&txn, out_is_new);
    if (status != STATUS_OK) {
        txn_abort(&txn);
        return status;
    }
    return txn_commit(&txn);
}

/* A record of LMDB's list of free pages: how many there are, and their numbers. */
static uint64_t count_from(const MDB_val *list, uint64_t first_page)
{
    uint64_t count = 0;
    uint64_t number;
    for (size_t i = sizeof(number); i + sizeof(number) <= list->mv_size; i += sizeof(number)) {
        memcpy(&number, (const unsigned char *)list->mv_data + i, sizeof(number));
        count += number >= first_page;
    }
    return count;
}

static enum status count_free(struct txn *txn, uint64_t first_page, uint64_t *count)
{
    const MDB_dbi free_pages = 0;
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val list;

    int rc = mdb_cursor_open(txn->handle, free_pages, &cursor);
    if (rc != 0) {
        return store_status(txn->store, rc, "mdb_cursor_open");
    }
    while ((rc = mdb_cursor_get(cursor, &key, &list, MDB_NEXT)) == 0) {
        if (txn_check(txn, (struct slice){list.mv_data, list.mv_size}) != STATUS_OK) {
            rc = MDB_CORRUPTED;
            break;
        }
        *count += count_from(&list, first_page);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? STATUS_OK : store_status(txn->store, rc, "mdb_cursor_get");
}

enum status store_tables_check_missing(struct store *store, uint64_t file_pages)
{
    struct txn txn;
    MDB_envinfo info;
    uint64_t count = 0;

    enum status status = txn_begin(&txn, store, TXN_READ);
    if (status != STATUS_OK) {
        return status;
    }
    status = count_free(&txn, file_pages, &count);
    txn_abort(&txn);
    (void)mdb_env_info(store->env, &info);
    if (status == STATUS_OK && count != info.me_last_pgno + 1 - file_pages) {
        log_event(LOG_store_refused, log_text("folder", store->folder),
                  log_text("reason", "the file was cut: pages in use are missing at its end"));
        return STATUS_CORRUPT;
    }
    return status;
}
