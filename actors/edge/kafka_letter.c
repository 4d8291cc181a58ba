#include "actors/edge/kafka_letter.h"
#include "runtime/crc32c.h"

#include "proto/candle.h"
#include "proto/dead_letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CUT_VALUE_BYTES_MAX = 4096, ID_BYTES_MAX = 320, NUMBER_BYTES_MAX = 24 };

struct letter {
    struct slice key; /* bytes NULL: none, as with the value */
    struct slice value;
    rd_kafka_headers_t *headers;
};

static void add(struct letter *letter, const char *name, const char *text)
{
    (void)rd_kafka_header_add(letter->headers, name, -1, text, -1);
}

static void add_number(struct letter *letter, const char *name, int64_t number)
{
    char text[NUMBER_BYTES_MAX];
    (void)snprintf(text, sizeof(text), "%" PRId64, number);
    add(letter, name, text);
}

/* Librdkafka copies key and value, and frees headers that it took. */
static rd_kafka_resp_err_t produce(rd_kafka_t *producer, const char *topic, struct letter *letter,
                                   void *opaque)
{
    void *key;
    void *value;
    memcpy(&key, &letter->key.bytes, sizeof(key)); /* its interface knows no const */
    memcpy(&value, &letter->value.bytes, sizeof(value));
    const rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {key, letter->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {value, letter->value.size}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = letter->headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(producer, fields, ARRAY_COUNT(fields));
    if (error == NULL) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(letter->headers);
    return code;
}

static rd_kafka_resp_err_t produce_dead_letter(rd_kafka_t *producer, const char *topic,
                                               const struct delivery *delivery,
                                               const struct outbox_row *row, bool is_cut,
                                               void *opaque)
{
    struct dead_letter dead;
    if (dead_letter_decode(row->payload, &dead) != STATUS_OK) {
        return RD_KAFKA_RESP_ERR__BAD_MSG;
    }
    if (is_cut && dead.value.size > CUT_VALUE_BYTES_MAX) {
        dead.value.size = CUT_VALUE_BYTES_MAX;
        dead.is_truncated = true;
    }
    char id[ID_BYTES_MAX];
    size_t size = (size_t)snprintf(id, sizeof(id), "%s/%" PRId32 "/%" PRId64, delivery->topic,
                                   dead.partition, dead.offset);
    if (dead.reason == REASON_rejected && size < sizeof(id)) { /* a record has several candles */
        (void)snprintf(id + size, sizeof(id) - size, "/%08" PRIx32,
                       crc32c_update(crc32c(slice_of_text(dead.error)), dead.value));
    }
    struct letter letter = {dead.key, dead.value, rd_kafka_headers_new(8)};
    add(&letter, "reason", reason_name(dead.reason));
    add(&letter, "error", dead.error);
    add(&letter, "topic", delivery->topic);
    add_number(&letter, "partition", dead.partition);
    add_number(&letter, "offset", dead.offset);
    add_number(&letter, "timestamp", dead.timestamp_ms);
    add(&letter, "id", id);
    if (dead.is_truncated) {
        add(&letter, "truncated", "true");
    }
    return produce(producer, topic, &letter, opaque);
}

/* A candle's id names its output, which its revision orders. */
static rd_kafka_resp_err_t produce_candle(rd_kafka_t *producer, const char *topic,
                                          const struct outbox_row *row, void *opaque)
{
    struct candle candle;
    if (candle_decode(row->payload, &candle) != STATUS_OK) {
        return RD_KAFKA_RESP_ERR__BAD_MSG;
    }
    char json[CANDLE_JSON_MAX];
    size_t size = candle_print_json(&candle, json);
    char id[ID_BYTES_MAX];
    (void)snprintf(id, sizeof(id), "%s:%s:%" PRId64 ":%" PRId64, candle.symbol,
                   interval_name(candle.interval), candle.open_ms, candle.revision);
    struct letter letter = {slice_of_text(candle.symbol), {json, size}, rd_kafka_headers_new(2)};
    add(&letter, "id", id);
    add_number(&letter, "revision", candle.revision);
    return produce(producer, topic, &letter, opaque);
}

rd_kafka_resp_err_t kafka_letter_produce(rd_kafka_t *producer, const char *topic,
                                         const struct delivery *delivery, size_t row, bool is_cut,
                                         void *opaque)
{
    const struct outbox_row *r = &delivery->rows->rows[row];
    if (r->kind == OUTBOX_dead_letter) {
        return produce_dead_letter(producer, topic, delivery, r, is_cut, opaque);
    }
    return produce_candle(producer, topic, r, opaque);
}
