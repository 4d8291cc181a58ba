/* Reads a topic from given offsets, partition by partition, for tools: no group, no commits.
 *
 * Each partition has a queue of its own, bounded in bytes, so that a caller may leave one alone
 * while it waits for another. Whether the cluster answers is logged once per change.
 * Ownership: messages are the caller's, to be released before kafka_reader_destroy().
 * Thread: one at a time; only kafka_reader_wait() and the first and last call block. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_READER_H
#define CANDLED_ACTORS_EDGE_KAFKA_READER_H

#include "actors/edge/kafka_message.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdint.h>

struct kafka_property;
struct kafka_reader;
struct metrics_set;

enum { KAFKA_READER_NOT_READ = -1 };

struct kafka_reader_options {
    const char *brokers; /* copied, as is the topic */
    const char *topic;
    const struct kafka_property *properties;
    int32_t partition_count;
    const int64_t *offsets;      /* where each begins, or KAFKA_READER_NOT_READ */
    int64_t bytes_max;           /* waiting in all queues together */
    struct metrics_set *process; /* borrowed: kafka_up */
};

MUST_CHECK enum status kafka_reader_create(const struct kafka_reader_options *options,
                                           struct kafka_reader **out_reader);

void kafka_reader_destroy(struct kafka_reader **reader_p);

/* The next record of a partition. STATUS_NOT_FOUND: the log holds no more as yet.
 * STATUS_TIMED_OUT: it may hold more, and nothing has come. STATUS_LOG_LOST: the log does not hold
 * the next offset. Other errors end the reading; kafka_reader_error() has the words. */
MUST_CHECK enum status kafka_reader_next(struct kafka_reader *reader, int32_t partition,
                                         struct kafka_message *out_message);

/* Returns when something has come, or after that time. */
void kafka_reader_wait(struct kafka_reader *reader, int64_t millis);

/* The offset after the last record of the partition that was handed out or, at its end, skipped. */
int64_t kafka_reader_position(const struct kafka_reader *reader, int32_t partition);

/* The log's end as it was last told; -1: it was not yet. */
int64_t kafka_reader_end(const struct kafka_reader *reader, int32_t partition);

const char *kafka_reader_error(const struct kafka_reader *reader);

#endif
