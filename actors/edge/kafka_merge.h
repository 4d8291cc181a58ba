/* The records of all partitions of a topic in the order of their timestamps, the order of each
 * partition kept.
 *
 * A partition that has come to its end does not hold up the others; one whose next record has not
 * come yet does. So records that arrive at the same time may still change places.
 * Thread: the reader's. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_MERGE_H
#define CANDLED_ACTORS_EDGE_KAFKA_MERGE_H

#include "actors/edge/kafka_message.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdint.h>

struct kafka_merge;
struct kafka_reader;

/* The reader is borrowed. */
struct kafka_merge *kafka_merge_create(struct kafka_reader *reader, int32_t partition_count);

/* Releases the records that were not handed out. */
void kafka_merge_destroy(struct kafka_merge **merge_p);

/* STATUS_NOT_FOUND: every partition is at its end. STATUS_TIMED_OUT: see kafka_reader_wait().
 * Others as kafka_reader_next() has them. The message is the caller's to release. */
MUST_CHECK enum status kafka_merge_next(struct kafka_merge *merge,
                                        struct kafka_message *out_message);

/* The offset after the last record handed out; where nothing is read ahead, the reader's position.
 */
int64_t kafka_merge_position(const struct kafka_merge *merge, int32_t partition);

#endif
