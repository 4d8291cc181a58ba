/* An idempotent producer for tools: records in, acknowledgements counted, the first failure kept.
 *
 * Records of one partition arrive in the order of their sending, each once, or not at all from the
 * first failure on. Thread: one at a time. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_WRITER_H
#define CANDLED_ACTORS_EDGE_KAFKA_WRITER_H

#include "actors/edge/kafka_message.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kafka_property;
struct kafka_writer;

enum { KAFKA_WRITER_BY_KEY = -1 };

struct kafka_writer_options {
    const char *brokers; /* borrowed while creating */
    const struct kafka_property *properties;
    /* No request is sent twice: when nothing is acknowledged for ten seconds, or for four after a
     * connection broke, the writer fails with STATUS_UNAVAILABLE, and the caller finds out what has
     * arrived. Without it, librdkafka repeats for half a minute, and the broker drops the repeats
     * unless it has forgotten us. */
    bool never_repeats;
    void *context;
    /* The broker has it; NULL: nobody wants to know. The offset is -1 where it is not told. */
    void (*delivered)(void *context, int32_t partition, int64_t offset);
};

struct kafka_writer_record {
    const char *topic;
    int32_t partition; /* or KAFKA_WRITER_BY_KEY: murmur2, as Java clients do it */
    struct slice key;  /* bytes NULL: none */
    struct slice value;
    int64_t timestamp_ms;                   /* 0: now */
    const struct kafka_message *headers_of; /* its headers go along; NULL: nobody's */
    const struct kafka_header *headers;     /* and after them these */
    size_t header_count;
};

MUST_CHECK enum status kafka_writer_create(const struct kafka_writer_options *options,
                                           struct kafka_writer **out_writer);

/* What is not acknowledged is given up. */
void kafka_writer_destroy(struct kafka_writer **writer_p);

/* The partition of a key among so many, as Java clients choose it. */
int32_t kafka_writer_partition_of(struct slice key, int32_t partition_count);

/* Copies the record. STATUS_BUSY: the queue is full; serve, then send it again. Others: the record
 * can never be sent; kafka_writer_error() says why. */
MUST_CHECK enum status kafka_writer_send(struct kafka_writer *writer,
                                         const struct kafka_writer_record *record);

/* Takes acknowledgements in, waiting that long for the first. */
void kafka_writer_serve(struct kafka_writer *writer, int64_t millis);

/* Sends what waits to be sent, and waits that long until all is acknowledged. STATUS_TIMED_OUT:
 * some is not. */
MUST_CHECK enum status kafka_writer_flush(struct kafka_writer *writer, int64_t millis);

/* STATUS_OK, or what became of the first record that failed: STATUS_REJECTED: it never will be
 * accepted. STATUS_UNAVAILABLE, STATUS_PEER_FATAL: this writer is finished, another one may do it.
 */
enum status kafka_writer_failure(struct kafka_writer *writer);

const char *kafka_writer_error(const struct kafka_writer *writer);

uint64_t kafka_writer_acknowledged(const struct kafka_writer *writer);

#endif
