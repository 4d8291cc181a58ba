/* What the log knows of a range of days: each partition folded once, up to the log's end as of now.
 *
 * Ownership: batch_log_destroy(), which removes what was put on disk. Thread: one that may block.
 */
#ifndef CANDLED_OPS_BATCH_LOG_H
#define CANDLED_OPS_BATCH_LOG_H

#include "actors/core/rules.h"
#include "ops/batch_fold.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>
#include <stdint.h>

struct batch_log;
struct config;

enum { BATCH_LOG_ERROR_MAX = 320 };

struct batch_log_options {
    const struct config *config;
    struct candle_rules rules;
    int64_t from_ms;  /* candles that open at this time or later are wanted */
    int64_t reach_ms; /* how far before that what they are made from may lie */
    void *context;
    void (*progress)(void *context, int64_t done, int64_t total); /* records; NULL: nobody */
};

/* Of one symbol in one partition: after partitions were added, its key may lie in another. */
struct batch_source {
    char symbol[SYMBOL_BYTES_MAX + 1];
    const struct batch_fold *fold;
    int64_t first_ms; /* its first minute in the log */
    int64_t floor_ms; /* what opens earlier is torn by the log's beginning */
};

/* `error` says what went wrong. */
MUST_CHECK enum status batch_log_read(const struct batch_log_options *options,
                                      struct batch_log **out_log, char error[BATCH_LOG_ERROR_MAX]);

/* NULL inside is fine. */
void batch_log_destroy(struct batch_log **log_p);

/* By name. */
const struct batch_source *batch_log_sources(const struct batch_log *log, size_t *out_count);

/* All of that symbol, one beside the other. None: the log knows nothing of it. */
const struct batch_source *batch_log_find(const struct batch_log *log, const char *symbol,
                                          size_t *out_count);

/* What opens earlier is torn in some partition. INT64_MAX: the log is empty. */
int64_t batch_log_floor_ms(const struct batch_log *log);

int64_t batch_log_records(const struct batch_log *log);

#endif
