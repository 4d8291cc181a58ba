#include "actors/edge/kafka_message.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>

enum { NUMBER_BYTES_MAX = 24 };

static struct slice slice_of(const void *bytes, size_t size)
{
    return (struct slice){bytes, bytes == NULL ? 0 : size};
}

struct kafka_message kafka_message_of(struct rd_kafka_message_s *raw)
{
    rd_kafka_timestamp_type_t type;
    return (struct kafka_message){
        .key = slice_of(raw->key, raw->key_len),
        .value = slice_of(raw->payload, raw->len),
        .partition = raw->partition,
        .offset = raw->offset,
        .timestamp_ms = rd_kafka_message_timestamp(raw, &type),
        .raw = raw,
    };
}

void kafka_message_release(struct kafka_message *message)
{
    if (message->raw != NULL) {
        rd_kafka_message_destroy(message->raw);
    }
    *message = (struct kafka_message){.offset = 0};
}

bool kafka_message_header(const struct kafka_message *message, const char *name,
                          struct slice *out_value)
{
    rd_kafka_headers_t *headers;
    const void *bytes;
    size_t size;
    if (rd_kafka_message_headers(message->raw, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &bytes, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    *out_value = slice_of(bytes, size);
    return true;
}

bool kafka_message_header_at(const struct kafka_message *message, size_t index,
                             struct kafka_header *out_header)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *bytes;
    size_t size;
    if (rd_kafka_message_headers(message->raw, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_all(headers, index, &name, &bytes, &size) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    *out_header = (struct kafka_header){name, slice_of(bytes, size)};
    return true;
}

bool kafka_message_number(const struct kafka_message *message, const char *name,
                          int64_t *out_number)
{
    char text[NUMBER_BYTES_MAX];
    char *end;
    struct slice value;
    if (!kafka_message_header(message, name, &value) || value.size == 0 ||
        value.size >= sizeof(text)) {
        return false;
    }
    memcpy(text, value.bytes, value.size);
    text[value.size] = '\0';
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (*end != '\0' || errno != 0) {
        return false;
    }
    *out_number = number;
    return true;
}
