/* Several files of recorded klines as one, in the order of event times; at the same time, in the
 * order of the names. */
#ifndef CANDLED_OPS_KLINE_MERGE_H
#define CANDLED_OPS_KLINE_MERGE_H

#include "ops/kline_file.h"

struct kline_merge;

/* As kline_file_open(). */
MUST_CHECK enum status kline_merge_open(const char *const *paths, size_t count, const char *symbol,
                                        struct kline_merge **out_merge,
                                        char error[KLINE_FILE_ERROR_MAX]);

/* As kline_file_next(). */
MUST_CHECK enum status kline_merge_next(struct kline_merge *merge, struct feed_record *out_record,
                                        char error[KLINE_FILE_ERROR_MAX]);

uint64_t kline_merge_position(const struct kline_merge *merge);

uint64_t kline_merge_size(const struct kline_merge *merge);

void kline_merge_close(struct kline_merge **merge_p);

#endif
