/* A large file that is written beside stores that commit to the same disk.
 *
 * Left alone, the kernel collects a GB of pages and writes them at once, and whoever syncs
 * meanwhile waits behind it. So each piece goes to the disk as soon as it is whole, with a few of
 * them under way at a time, and the room for the next ones is asked for ahead: then no commit of
 * the filesystem's journal has to wait for the piece that is being written. What nobody will read
 * soon leaves memory piece by piece, too: a GB at once is a pause for all.
 *
 * Ownership: the file stays the caller's; nothing is to be freed.
 * Thread: any; blocks. errno says what went wrong. */
#ifndef CANDLED_STATE_STEADY_FILE_H
#define CANDLED_STATE_STEADY_FILE_H

#include "runtime/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum steady_file_use {
    STEADY_FILE_read_soon,
    STEADY_FILE_put_away, /* what is on the disk leaves memory */
};

struct steady_file {
    int fd;
    enum steady_file_use use;
    int64_t size;      /* written so far, from the beginning of the file */
    int64_t sent;      /* of it, on its way to the disk */
    int64_t arrived;   /* of that, on the disk */
    int64_t set_aside; /* room asked for */
};

/* An empty file, at its beginning. */
void steady_file_init(struct steady_file *file, int fd, enum steady_file_use use);

/* All of it; false: the disk refused, now or for an earlier piece. */
MUST_CHECK bool steady_file_write(struct steady_file *file, const void *bytes, size_t size);

/* Gives back the room that was not needed, and syncs. */
MUST_CHECK bool steady_file_sync(struct steady_file *file);

#endif
