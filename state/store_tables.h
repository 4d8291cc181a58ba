/* The tables of an environment as it opens: made when it is new, refused when they are not ours. */
#ifndef CANDLED_STATE_STORE_TABLES_H
#define CANDLED_STATE_STORE_TABLES_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct store;

/* Fills store->tables and store->meta. STATUS_OLD_FORMAT before anything is written. */
MUST_CHECK enum status store_tables_open(struct store *store, bool *out_is_new);

/* The file ended at page `file_pages` and was filled up. STATUS_CORRUPT unless each page from there
 * on is free: otherwise the file was cut. */
MUST_CHECK enum status store_tables_check_missing(struct store *store, uint64_t file_pages);

#endif
