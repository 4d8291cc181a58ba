/* A large file that is written beside stores that commit to the same disk.
 *
 * Left alone, the kernel collects a GB of pages and writes them at once, and whoever syncs
 * meanwhile waits behind it. So each piece goes to the disk as soon as it is whole, with a few of
 * them under way at a time, and the room for the next ones is asked for ahead: then no commit of
 * the filesystem's journal has to wait for the piece that is being written. What nobody will read
 * soon passes the page cache by where the filesystem can do that, and else leaves it piece by
 * piece: a GB of pages is a pause for all, in coming as in going.
 *
 * Ownership: the file stays the caller's.
 * Thread: any; blocks. errno says what went wrong. */
#ifndef CANDLED_STATE_STEADY_FILE_H
#define CANDLED_STATE_STEADY_FILE_H

#include "runtime/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum steady_file_use {
    STEADY_FILE_read_soon,
    STEADY_FILE_put_away, /* what is on the disk is not in memory */
    STEADY_FILE_checked,  /* the same, and each piece is read back first; for reading, too */
};

struct steady_file {
    int fd;
    enum steady_file_use use;
    int64_t size;         /* taken so far, from the beginning of the file */
    int64_t written;      /* of it, to the file */
    int64_t sent;         /* of that, on its way to the disk */
    int64_t arrived;      /* of that, on the disk */
    int64_t set_aside;    /* room asked for */
    uint32_t crc32c;      /* of a checked one: of what was read back */
    bool is_direct;       /* past the page cache */
    unsigned char *piece; /* that is not whole yet; in `memory` */
    size_t piece_size;
    unsigned char *memory;
};

/* An empty file, at its beginning. */
void steady_file_init(struct steady_file *file, int fd, enum steady_file_use use);

void steady_file_deinit(struct steady_file *file);

/* All of it; false: the disk refused, now or for an earlier piece. */
MUST_CHECK bool steady_file_write(struct steady_file *file, const void *bytes, size_t size);

/* Writes what is left, gives back the room that was not needed, and syncs. */
MUST_CHECK bool steady_file_sync(struct steady_file *file);

#endif
