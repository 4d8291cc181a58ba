/* A look at LMDB's file before LMDB maps it: a bad header, or a file cut short, would be a crash.
 */
#ifndef CANDLED_STATE_MDB_FILE_H
#define CANDLED_STATE_MDB_FILE_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdint.h>

/* What a header says of a tree of pages. */
struct mdb_tree {
    uint32_t page_size; /* in the first tree only */
    uint16_t flags;
    uint16_t depth;
    uint64_t branch_pages;
    uint64_t leaf_pages;
    uint64_t overflow_pages;
    uint64_t entries;
    uint64_t root; /* MDB_NO_PAGE: empty */
};

#define MDB_NO_PAGE UINT64_MAX

struct mdb_file {
    uint64_t size; /* bytes of the file */
    uint64_t page_size;
    uint64_t page_count; /* up to the last page that either header speaks of */
    uint64_t missing;    /* pages behind the end of the file: the last pages of a file were never
                            written when they were free again before their commit */
    uint64_t txn_id;     /* of the last commit */
    struct mdb_tree free_pages; /* as of that commit */
    struct mdb_tree tables;
};

/* STATUS_NOT_FOUND: no file, or an empty one, which LMDB takes for new. STATUS_CORRUPT, logged: a
 * header is not LMDB's, or their trees begin behind the end of the file. */
MUST_CHECK enum status mdb_file_look(const char *path, struct mdb_file *out_file);

/* Zeros to the end of the last page: reading there is then damage, and no longer a signal. */
MUST_CHECK enum status mdb_file_fill(const char *path, const struct mdb_file *file);

/* Room for the lock file that goes with it, before mdb_env_open(): LMDB makes a file without blocks
 * and writes through a map, which on a full disk is a signal. STATUS_DISK_FULL, logged; whatever
 * else is wrong with that file is LMDB's to tell. */
MUST_CHECK enum status mdb_file_reserve_lock(const char *path, unsigned readers_max);

#endif
