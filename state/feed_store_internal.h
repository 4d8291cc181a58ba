/* What the parts of the collector's store share; see feed_store.h. The only one beside
 * store_internal.h that sees LMDB. */
#ifndef CANDLED_STATE_FEED_STORE_INTERNAL_H
#define CANDLED_STATE_FEED_STORE_INTERNAL_H

#include "state/feed_store.h"

#include <lmdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct feed_store {
    MDB_env *env;
    MDB_dbi tables[FEED_TABLE_COUNT];
    bool is_read_only;
    bool is_disk_full; /* said so already */
    int lock_fd;
    _Atomic int64_t spool_bytes;
    _Atomic int64_t spool_frames;
    uint64_t last_sequence;
    char folder[4096];
};

const char *feed_store_table_name(enum feed_table table);

/* LMDB's codes into ours, logged; a full disk once. */
MUST_CHECK enum status feed_store_status(struct feed_store *store, int lmdb_code, const char *call);

#endif
