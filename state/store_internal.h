/* What the files of the store share, and nobody else sees. The only place that includes LMDB. */
#ifndef CANDLED_STATE_STORE_INTERNAL_H
#define CANDLED_STATE_STORE_INTERNAL_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/meta.h"
#include "state/schema.h"
#include "state/store.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { STORE_PATH_MAX = 4096, STORE_KEY_MAX = 511 };

struct store {
    MDB_env *env;
    MDB_dbi tables[TABLE_COUNT];
    pthread_rwlock_t map_lock; /* read: a snapshot is open; write: the map moves */
    struct meta meta;
    enum store_sync sync;
    size_t map_bytes;
    size_t map_bytes_max;
    int lock_fd; /* -1: not locked yet */
    bool is_read_only;
    bool is_broken;       /* a commit failed for good: nothing may be marked clean */
    bool is_marked;       /* the folder says that commits may not be synced */
    bool has_marked_open; /* it was not before */
    bool is_disk_full;    /* said so already */
    bool is_loss_told;    /* that LMDB has lost track of pages */
    char boot_id[sizeof(((struct meta *)0)->boot_id)];
    char folder[STORE_PATH_MAX];
};

/* Closes LMDB and frees; the lock stays as it is. */
void store_free(struct store *store);

/* Turns LMDB's code into ours and logs it: past this point LMDB's own text is lost. MDB_MAP_FULL is
 * not logged: the store mends it. */
MUST_CHECK enum status store_status(struct store *store, int lmdb_code, const char *call);

/* The same for what writes, and so for the thread that commits: STATUS_DISK_FULL when the disk had
 * no room and the environment can still be used; logged once until a commit succeeds. */
MUST_CHECK enum status store_status_of_write(struct store *store, int lmdb_code, const char *call);

/* Logs a record whose checksum is wrong, or that leads out of the map. STATUS_CORRUPT. */
MUST_CHECK enum status store_status_of_damage(struct store *store, enum store_table table);

#endif
