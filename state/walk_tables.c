#include "runtime/crc32c.h"
#include "state/layout.h"
#include "state/mdb_file.h"
#include "state/outbox.h"
#include "state/store_internal.h"
#include "state/store_open.h"
#include "state/txn.h"
#include "state/txn_cursor.h"
#include "state/walk_internal.h"

#include <stdint.h>

/* Entries of `expiry` have no checksum. But each candle that expires has one, and no other has. */
struct sum {
    uint64_t count;
    uint64_t checksums;
};

struct walk {
    struct txn txn;
    struct sum promised; /* by candles */
    struct sum found;
    const char *fault;
};

static void count(struct sum *sum, struct slice expiry_key)
{
    sum->count++;
    sum->checksums += crc32c(expiry_key);
}

static enum status damaged(struct walk *walk, const char *fault)
{
    walk->fault = fault;
    return STATUS_CORRUPT;
}

static enum status look_at_candle(struct walk *walk, struct slice key, const struct record *record)
{
    unsigned char bytes[LAYOUT_EXPIRY_KEY_MAX];
    if (key.size > LAYOUT_CANDLE_KEY_MAX) {
        return damaged(walk, "a candle's key is too long");
    }
    if (record->expire_ms != 0) {
        size_t size = layout_expiry_key(record->expire_ms, key, bytes);
        count(&walk->promised, (struct slice){bytes, size});
    }
    return STATUS_OK;
}

static enum status look_at_entry(struct walk *walk, struct slice key, const struct record *record)
{
    struct outbox_row row;
    if (key.size != LAYOUT_OUTBOX_KEY_SIZE || outbox_decode(record->value, &row) != STATUS_OK) {
        return damaged(walk, "an entry of the outbox does not decode");
    }
    return STATUS_OK;
}

static enum status look(struct walk *walk, enum store_table table, struct slice key,
                        const struct record *record)
{
    switch (table) {
    case TABLE_candles:
        return look_at_candle(walk, key, record);
    case TABLE_expiry:
        count(&walk->found, key);
        return STATUS_OK;
    case TABLE_outbox:
        return look_at_entry(walk, key, record);
    default:
        return STATUS_OK;
    }
}

/* Each record's checksum is looked at as the cursor comes to it. */
static enum status walk_table(struct walk *walk, enum store_table table)
{
    static const struct slice first = {NULL, 0};
    struct txn_cursor cursor;
    struct slice key;
    struct record record;

    enum status status = txn_cursor_open(&cursor, &walk->txn, table);
    if (status != STATUS_OK) {
        return status;
    }
    status = txn_cursor_seek(&cursor, first, &key, &record);
    while (status == STATUS_OK) {
        status = look(walk, table, key, &record);
        if (status == STATUS_OK) {
            status = txn_cursor_next(&cursor, &key, &record);
        }
    }
    txn_cursor_close(&cursor);
    if (status == STATUS_CORRUPT && walk->fault == NULL) {
        walk->fault = "the checksum of a record is wrong";
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status walk_all(struct walk *walk)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < TABLE_COUNT && status == STATUS_OK; i++) {
        status = walk_table(walk, (enum store_table)i);
    }
    if (status == STATUS_OK && (walk->promised.count != walk->found.count ||
                                walk->promised.checksums != walk->found.checksums)) {
        return damaged(walk, "candles and the times they expire do not agree");
    }
    return status;
}

static enum status walk_store(struct store *store, const char **out_fault)
{
    struct walk walk = {.fault = NULL};
    enum status status = txn_begin(&walk.txn, store, TXN_READ);
    if (status == STATUS_OK) {
        status = walk_all(&walk);
        txn_abort(&walk.txn);
    }
    if (status != STATUS_OK) {
        *out_fault = walk.fault != NULL ? walk.fault : "LMDB cannot read it";
    }
    return status;
}

enum status walk_tables(const char *path, const char **out_fault)
{
    struct mdb_file file;
    struct store *store;

    *out_fault = "LMDB cannot open it";
    enum status status = mdb_file_look(path, &file);
    if (status != STATUS_OK || file.tables.entries == 0) {
        /* A process died before its first commit: there is nothing to read. */
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    status = store_open_file(path, &store);
    if (status == STATUS_OLD_FORMAT) {
        return STATUS_OK; /* sound, and to be refused by name */
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    }
    status = walk_store(store, out_fault);
    store_abandon(&store);
    return status;
}
