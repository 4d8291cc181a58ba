/* What verify.c, verify_range.c and verify_compare.c share. */
#ifndef CANDLED_OPS_VERIFY_INTERNAL_H
#define CANDLED_OPS_VERIFY_INTERNAL_H

#include "ops/verify.h"

#include "actors/core/rules.h"

struct kafka_log;
struct kafka_property;
struct mongo_reader;
struct redis_reader;
struct state_book;

enum { VERIFY_CHUNK = 500 };

struct verify {
    struct verify_options options;
    struct verify_result result;
    struct candle_rules rules;
    const struct kafka_property *properties;
    struct kafka_log *log;
    struct redis_reader *redis; /* NULL: off */
    struct mongo_reader *mongo;
    struct state_book *book; /* what LMDB holds, by candle */
    int64_t now_ms;
    int64_t stream_time_ms; /* of the partition in work */
    int32_t partition_count;

    struct candle candles[VERIFY_CHUNK]; /* wanted */
    size_t count;
    enum status status;
};

/* What of the log is read for one partition, and what of the answer is compared. */
struct verify_range {
    int32_t partition;
    int64_t begin_offset;
    int64_t end_offset;
    int64_t era;
    int64_t from_ms;
    int64_t floor_ms;
    int64_t log_floor_ms; /* what opens before it the log no longer tells whole; INT64_MIN: none */
    bool is_idle;
};

/* verify_range.c. STATUS_NOT_FOUND: there is nothing to compare. */
MUST_CHECK enum status verify_find_range(struct verify *v, int32_t partition,
                                         struct verify_range *out_range);

/* Compares the chunk, and empties it. */
void verify_compare_chunk(struct verify *v);

#endif
