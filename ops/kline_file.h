/* Recorded klines, read as a stream: rows of the exchange's archive (CSV), or JSON lines.
 *
 * A JSON line is an event, a combined-stream wrapper or a bare kline, sent on byte for byte; or
 * {"recv":..,"frame":..}, of which the frame is sent. What is wrong with a JSON value is for the
 * shard to judge; a wrong CSV row stops the reading. Files may be packed with gzip or zstd.
 * Several files are merged by event time.
 * Memory: a line a file, whatever their size. */
#ifndef CANDLED_OPS_KLINE_FILE_H
#define CANDLED_OPS_KLINE_FILE_H

#include "ops/feed_record.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>
#include <stdint.h>

enum { KLINE_FILE_ERROR_MAX = 700, KLINE_FILE_LINE_MAX = 4 << 20 };

struct kline_file; /* one file */

/* symbol: of all rows; NULL: the file's name tells (CSV), or each line (JSON). STATUS_IO,
 * STATUS_MALFORMED or STATUS_BAD_CONFIG (a CSV file whose symbol nothing tells): `error` says why,
 * with the file's name. */
MUST_CHECK enum status kline_file_open(const char *path, const char *symbol,
                                       struct kline_file **out_file,
                                       char error[KLINE_FILE_ERROR_MAX]);

/* STATUS_NOT_FOUND is the end. Otherwise as above; `error` names file and line. */
MUST_CHECK enum status kline_file_next(struct kline_file *file, struct feed_record *out_record,
                                       char error[KLINE_FILE_ERROR_MAX]);

/* How far, and of how much, in bytes on disk; a size of 0 is unknown. */
uint64_t kline_file_position(const struct kline_file *file);

uint64_t kline_file_size(const struct kline_file *file);

void kline_file_close(struct kline_file **file_p);

#endif
