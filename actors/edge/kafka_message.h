/* One record as a tool reads it: its bytes, its headers, and where it stood.
 *
 * Ownership: whoever holds it calls kafka_message_release(); slices live that long. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_MESSAGE_H
#define CANDLED_ACTORS_EDGE_KAFKA_MESSAGE_H

#include "runtime/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd_kafka_message_s;

struct kafka_message {
    struct slice key;   /* bytes NULL: none */
    struct slice value; /* bytes NULL: none */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;           /* -1: none */
    struct rd_kafka_message_s *raw; /* librdkafka's; NULL once released */
};

struct kafka_header {
    const char *name;
    struct slice value;
};

/* Takes librdkafka's message over. */
struct kafka_message kafka_message_of(struct rd_kafka_message_s *raw);

/* Releasing twice is fine. */
void kafka_message_release(struct kafka_message *message);

/* The last header of that name, which is what counts where there are several. */
bool kafka_message_header(const struct kafka_message *message, const char *name,
                          struct slice *out_value);

/* False: there are no more. */
bool kafka_message_header_at(const struct kafka_message *message, size_t index,
                             struct kafka_header *out_header);

/* The last header of that name as a decimal number; false: there is none. */
bool kafka_message_number(const struct kafka_message *message, const char *name,
                          int64_t *out_number);

#endif
