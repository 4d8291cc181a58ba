/* A day's backup as the batch reads and writes it, by way of a file of its own on this machine.
 *
 * Ownership: batch_backup_close(), which removes that file. Thread: one that may block. */
#ifndef CANDLED_OPS_BATCH_BACKUP_H
#define CANDLED_OPS_BATCH_BACKUP_H

#include "ops/batch_fold.h"
#include "ops/batch_symbols.h"
#include "ops/scratch.h"
#include "runtime/base.h"
#include "runtime/status.h"
#include "state/archive.h"

#include <stdbool.h>

struct ledger_day;
struct object_store;

enum { BATCH_BACKUP_PATH_MAX = SCRATCH_PATH_MAX + 16 };

/* One that is read, symbol by symbol in the order of names. */
struct batch_backup {
    struct archive_reader *reader; /* NULL: there is none of that day */
    bool was_opened;
    struct scratch folder;
    struct candle next; /* read, and not yet taken */
    bool has_next;
};

/* Looks for the day's backup once; a day that has none is no failure. One that is damaged is (it is
 * logged). */
MUST_CHECK enum status batch_backup_open(struct batch_backup *backup, struct object_store *store,
                                         const struct ledger_day *day);

/* Zeroed is fine. */
void batch_backup_close(struct batch_backup *backup);

/* Visits the candles of a symbol; the symbols of several calls come in the order of names. */
MUST_CHECK enum status batch_backup_take(struct batch_backup *backup, const char *symbol,
                                         batch_visit_fn *visit, void *context);

/* Adds the symbols of a day's backup. None is fine. */
MUST_CHECK enum status batch_backup_symbols(struct object_store *store,
                                            const struct ledger_day *day,
                                            struct batch_symbols *symbols);

/* One that is made. */
struct batch_backup_file {
    struct archive_writer *writer;
    struct scratch folder;
    char path[BATCH_BACKUP_PATH_MAX];
};

MUST_CHECK enum status batch_backup_file_create(struct batch_backup_file *file,
                                                const struct ledger_day *day);

/* Whole and in the store, unless the one that is there holds more. */
MUST_CHECK enum status batch_backup_file_publish(struct batch_backup_file *file,
                                                 struct object_store *store);

/* Zeroed is fine. */
void batch_backup_file_destroy(struct batch_backup_file *file);

#endif
