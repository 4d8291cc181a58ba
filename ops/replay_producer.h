/* Writes recorded klines into a topic: an idempotent producer, keyed and partitioned as every other
 * Kafka client does it (murmur2), so that a symbol stays where it is.
 *
 * Thread: one; calls block, as a command may. */
#ifndef CANDLED_OPS_REPLAY_PRODUCER_H
#define CANDLED_OPS_REPLAY_PRODUCER_H

#include "ops/feed_record.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { REPLAY_ERROR_MAX = 512 };

struct kafka_property;
struct replay_producer;

struct replay_producer_options {
    const char *brokers; /* borrowed while opening, as are the others */
    const char *topic;
    const struct kafka_property *properties;
    int32_t partitions; /* these three when the topic is created */
    int32_t replication_factor;
    int64_t retention_ms;
    void *context;
    /* The broker has it; NULL: nobody wants to know. See kafka_writer.h. */
    void (*delivered)(void *context, int32_t partition, int64_t offset);
    bool never_repeats; /* see kafka_writer.h: a broker forgets the producer of old records */
};

/* Creates the topic where it is missing. STATUS_UNAVAILABLE, STATUS_REJECTED or STATUS_BAD_CONFIG:
 * `error` says why. */
MUST_CHECK enum status replay_producer_open(const struct replay_producer_options *options,
                                            struct replay_producer **out_producer,
                                            char error[REPLAY_ERROR_MAX]);

/* The newest event time among the last records of all partitions; INT64_MIN: there is none. */
MUST_CHECK enum status replay_producer_newest(struct replay_producer *producer,
                                              int64_t *out_event_ms, char error[REPLAY_ERROR_MAX]);

/* Copies the record; waits while the queue is full. timestamp_ms 0: the wall clock. Fails when this
 * record or one before it did not arrive, as far as is known by now. */
MUST_CHECK enum status replay_producer_send(struct replay_producer *producer,
                                            const struct feed_record *record, int64_t timestamp_ms,
                                            char error[REPLAY_ERROR_MAX]);

/* Serves the producer for that long. */
void replay_producer_wait(struct replay_producer *producer, int64_t millis);

/* STATUS_OK, or what became of the first record that did not arrive. To be asked now and then where
 * nothing is sent for long. */
MUST_CHECK enum status replay_producer_failure(struct replay_producer *producer,
                                               char error[REPLAY_ERROR_MAX]);

/* Waits for all acknowledgements; fails when some records did not arrive. */
MUST_CHECK enum status replay_producer_flush(struct replay_producer *producer,
                                             char error[REPLAY_ERROR_MAX]);

/* Records that the brokers have acknowledged. */
uint64_t replay_producer_acknowledged(const struct replay_producer *producer);

void replay_producer_close(struct replay_producer **producer_p);

#endif
