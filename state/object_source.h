/* The file that an object is made of, read from its beginning.
 *
 * Ownership: plain struct; object_source_close() ends it. What goes wrong is logged here. */
#ifndef CANDLED_STATE_OBJECT_SOURCE_H
#define CANDLED_STATE_OBJECT_SOURCE_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/object_store.h"

#include <stddef.h>
#include <stdint.h>

struct object_source {
    int fd;
    const char *path; /* borrowed */
    int64_t size_bytes;
};

/* STATUS_NOT_FOUND: there is no such file; STATUS_IO. */
MUST_CHECK enum status object_source_open(const char *path, struct object_source *out_source);

void object_source_close(struct object_source *source);

/* Up to `size` bytes from `offset` on; 0: the end. */
MUST_CHECK enum status object_source_read(const struct object_source *source, int64_t offset,
                                          void *bytes, size_t size, size_t *out_size);

/* 64 hexadecimal digits and a zero. */
enum { OBJECT_SHA256_SIZE = 65 };

/* Reads it all. STATUS_TIMED_OUT: `progress` ended it. */
MUST_CHECK enum status object_source_sha256(const struct object_source *source,
                                            const struct object_progress *progress,
                                            char digits[OBJECT_SHA256_SIZE]);

#endif
