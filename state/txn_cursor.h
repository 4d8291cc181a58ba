/* A place in one table, within one transaction: for what goes along in order of the keys.
 *
 * Lifetime: it is closed before its transaction ends. Slices are as in txn.h. */
#ifndef CANDLED_STATE_TXN_CURSOR_H
#define CANDLED_STATE_TXN_CURSOR_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"
#include "state/record.h"
#include "state/schema.h"

struct MDB_cursor;
struct txn;

struct txn_cursor {
    struct txn *txn; /* borrowed */
    enum store_table table;
    struct MDB_cursor *handle; /* NULL once closed */
};

MUST_CHECK enum status txn_cursor_open(struct txn_cursor *cursor, struct txn *txn,
                                       enum store_table table);

/* To the first record whose key is not less; an empty key is less than any. STATUS_NOT_FOUND: none.
 */
MUST_CHECK enum status txn_cursor_seek(struct txn_cursor *cursor, struct slice least,
                                       struct slice *out_key, struct record *out_record);

MUST_CHECK enum status txn_cursor_next(struct txn_cursor *cursor, struct slice *out_key,
                                       struct record *out_record);

/* To this very record. */
MUST_CHECK enum status txn_cursor_find(struct txn_cursor *cursor, struct slice key,
                                       struct record *out_record);

MUST_CHECK enum status txn_cursor_put(struct txn_cursor *cursor, struct slice key,
                                      const struct record *record);

/* A key greater than all others, written without a search. STATUS_REJECTED: it is not, and nothing
 * was written. */
MUST_CHECK enum status txn_cursor_append(struct txn_cursor *cursor, struct slice key,
                                         const struct record *record);

/* The record it stands on. */
MUST_CHECK enum status txn_cursor_delete(struct txn_cursor *cursor);

/* Closed already is fine. */
void txn_cursor_close(struct txn_cursor *cursor);

#endif
