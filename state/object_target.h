/* What takes an object's bytes: a file, or memory. What goes wrong is logged here. */
#ifndef CANDLED_STATE_OBJECT_TARGET_H
#define CANDLED_STATE_OBJECT_TARGET_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/steady_file.h"

#include <stddef.h>
#include <stdint.h>

struct object_target {
    int fd;              /* -1: into memory */
    const char *path;    /* of fd; borrowed */
    unsigned char *room; /* size_max bytes, borrowed, when there is no fd */
    size_t size_max;
    int64_t size;            /* so far */
    struct steady_file file; /* its crc32c, after the end: of what was read back from it */
};

/* A new, empty file; one that is there is emptied. */
MUST_CHECK enum status object_target_open(const char *path, struct object_target *out_target);

/* STATUS_MALFORMED: memory has no room for it; STATUS_DISK_FULL, STATUS_IO. */
MUST_CHECK enum status object_target_write(struct object_target *target, const void *bytes,
                                           size_t size);

/* Syncs and closes the file when all went well, and removes it otherwise; returns what came of it.
 */
MUST_CHECK enum status object_target_end(struct object_target *target, enum status status);

#endif
