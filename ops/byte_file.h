/* A file read as a stream of bytes, unpacked on the way: plain, gzip or zstd, told by its magic.
 *
 * Nothing is held but two buffers, however large the file. "-" is standard input. */
#ifndef CANDLED_OPS_BYTE_FILE_H
#define CANDLED_OPS_BYTE_FILE_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>
#include <stdint.h>

enum { BYTE_FILE_ERROR_MAX = 400 };

struct byte_file;

/* STATUS_IO: `error` says why. */
MUST_CHECK enum status byte_file_open(const char *path, struct byte_file **out_file,
                                      char error[BYTE_FILE_ERROR_MAX]);

/* Fills up to `size` bytes; *out_count 0 is the end. STATUS_IO, or STATUS_MALFORMED for a file that
 * does not unpack or ends too early. */
MUST_CHECK enum status byte_file_read(struct byte_file *file, void *bytes, size_t size,
                                      size_t *out_count, char error[BYTE_FILE_ERROR_MAX]);

/* Of the file as it lies on disk, for progress; the size is 0 where it has none (a pipe). */
uint64_t byte_file_position(const struct byte_file *file);

uint64_t byte_file_size(const struct byte_file *file);

void byte_file_close(struct byte_file **file_p);

#endif
