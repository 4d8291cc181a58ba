/* One LMDB transaction: it begins, and ends in exactly one commit or abort.
 *
 * Thread: a write transaction stays on the thread that began it.
 * A read keeps the map from growing until it ends or pauses.
 * Lifetime: slices point into the map; they die with the transaction, and in one that writes with
 * its next write. */
#ifndef CANDLED_STATE_TXN_H
#define CANDLED_STATE_TXN_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"
#include "state/record.h"
#include "state/schema.h"

#include <stdbool.h>
#include <stddef.h>

struct MDB_txn;
struct MDB_cursor;
struct store;

enum txn_mode { TXN_READ, TXN_WRITE };

struct txn {
    struct store *store;      /* borrowed */
    struct MDB_txn *handle;   /* NULL once it ended */
    bool has_map_lock;        /* reads: the map stays where it is */
    const unsigned char *map; /* what a damaged page must not lead out of */
    size_t map_used;
};

MUST_CHECK enum status txn_begin(struct txn *txn, struct store *store, enum txn_mode mode);

/* A read transaction lets go of its snapshot, and takes a new one: cheaper than to begin another.
 */
void txn_pause(struct txn *txn);

MUST_CHECK enum status txn_resume(struct txn *txn);

/* STATUS_NOT_FOUND leaves *out_record alone. */
MUST_CHECK enum status txn_get(struct txn *txn, enum store_table table, struct slice key,
                               struct record *out_record);

MUST_CHECK enum status txn_put(struct txn *txn, enum store_table table, struct slice key,
                               const struct record *record);

/* Deleting what is not there is fine. */
MUST_CHECK enum status txn_delete(struct txn *txn, enum store_table table, struct slice key);

/* Ends the transaction whatever it returns. */
MUST_CHECK enum status txn_commit(struct txn *txn);

/* Does nothing to a transaction that ended, so that a cleanup label may always call it. */
void txn_abort(struct txn *txn);

/* Checks what LMDB gave out: STATUS_CORRUPT when it leads out of the map. */
MUST_CHECK enum status txn_check(const struct txn *txn, struct slice bytes);

#endif
