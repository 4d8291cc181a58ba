#include "state/store_internal.h"
#include "state/store_meta.h"
#include "state/txn.h"

enum status store_read_meta(struct store *store, struct meta *out_meta)
{
    struct txn txn;
    struct meta meta;
    enum status status = txn_begin(&txn, store, TXN_READ);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_meta_load(&txn, &meta);
    txn_abort(&txn);
    if (status == STATUS_OK) {
        *out_meta = meta;
    }
    return status;
}

enum status store_stats(struct store *store, struct store_stats *out_stats)
{
    enum { HEADER_PAGES = 2 };
    struct txn txn;
    struct store_stats stats = {.map_bytes = 0};
    MDB_envinfo info;
    MDB_stat stat;

    enum status status = txn_begin(&txn, store, TXN_READ);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < TABLE_COUNT && status == STATUS_OK; i++) {
        status = store_status(store, mdb_stat(txn.handle, store->tables[i], &stat), "mdb_stat");
        if (status == STATUS_OK) {
            size_t pages = stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
            stats.used_bytes += pages * stat.ms_psize;
            stats.entries[i] = stat.ms_entries;
        }
    }
    (void)mdb_env_info(store->env, &info);
    stats.map_bytes = info.me_mapsize;
    (void)mdb_env_stat(store->env, &stat);
    stats.used_bytes += (HEADER_PAGES + stat.ms_leaf_pages) * stat.ms_psize;
    txn_abort(&txn);
    if (status == STATUS_OK) {
        *out_stats = stats;
    }
    return status;
}
