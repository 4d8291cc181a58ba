#include "actors/edge/kafka_reader.h"

#include "actors/edge/kafka_client.h"
#include "actors/edge/kafka_health.h"
#include "runtime/loop_status.h"
#include "runtime/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ERROR_BYTES_MAX = 320, KIB_MIN = 256 };

struct partition {
    rd_kafka_queue_t *queue; /* NULL: not read */
    int64_t position;
    int64_t end_position; /* where we were told that there is no more; -1: never */
};

struct kafka_reader {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    struct kafka_health health;
    struct partition *partitions;
    int32_t partition_count;
    int fd; /* an eventfd: one of the queues is no longer empty */
    char error[ERROR_BYTES_MAX];
};

static const uint64_t one = 1;

static void on_error(rd_kafka_t *client, int code, const char *text, void *opaque)
{
    struct kafka_reader *reader = opaque;
    (void)client;
    (void)kafka_health_on_error(&reader->health, (rd_kafka_resp_err_t)code, text);
}

static int on_stats(rd_kafka_t *client, char *json, size_t size, void *opaque)
{
    struct kafka_reader *reader = opaque;
    (void)client;
    (void)size;
    (void)kafka_health_on_stats(&reader->health, json);
    return 0; /* librdkafka frees the text */
}

static enum status make_client(struct kafka_reader *reader,
                               const struct kafka_reader_options *options)
{
    char queued[24];
    int64_t kib = options->bytes_max / 1024 / options->partition_count;
    snprintf(queued, sizeof(queued), "%" PRId64, kib < KIB_MIN ? KIB_MIN : kib);
    const struct kafka_property ours[] = {
        {"client.id", "candled-tool"},          {"auto.offset.reset", "error"},
        {"enable.auto.commit", "false"},        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", "true"},       {"allow.auto.create.topics", "false"},
        {"queued.min.messages", "10000000"}, /* bytes are the bound */
        {"queued.max.messages.kbytes", queued}, {"fetch.wait.max.ms", "50"},
        {"fetch.error.backoff.ms", "100"},      {"topic.metadata.refresh.interval.ms", "5000"},
        {"socket.timeout.ms", "10000"},         {"socket.keepalive.enable", "true"},
        {"reconnect.backoff.ms", "50"},         {"reconnect.backoff.max.ms", "1000"},
        {"statistics.interval.ms", "1000"},     {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    enum status status = kafka_client_conf(options->brokers, ours, options->properties, &conf);
    if (status != STATUS_OK) {
        return status;
    }
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_stats_cb(conf, on_stats);
    rd_kafka_conf_set_opaque(conf, reader);
    return kafka_client_new(RD_KAFKA_CONSUMER, conf, &reader->client);
}

static enum status start_partition(struct kafka_reader *reader, int32_t number, int64_t offset)
{
    struct partition *p = &reader->partitions[number];
    *p = (struct partition){.position = offset, .end_position = -1};
    if (offset == KAFKA_READER_NOT_READ) {
        return STATUS_OK;
    }
    p->queue = rd_kafka_queue_new(reader->client);
    rd_kafka_queue_io_event_enable(p->queue, reader->fd, &one, sizeof(one));
    if (rd_kafka_consume_start_queue(reader->topic, number, offset, p->queue) == 0) {
        return STATUS_OK;
    }
    snprintf(reader->error, sizeof(reader->error), "%s", rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_queue_destroy(p->queue);
    p->queue = NULL;
    return STATUS_PEER_FATAL;
}

enum status kafka_reader_create(const struct kafka_reader_options *options,
                                struct kafka_reader **out_reader)
{
    struct kafka_reader *reader = mem_new(1, sizeof(*reader));
    reader->partitions = mem_new((size_t)options->partition_count, sizeof(*reader->partitions));
    reader->partition_count = options->partition_count;
    kafka_health_init(&reader->health, "reader", options->process, METRIC_kafka_up);
    reader->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum status status = reader->fd < 0 ? loop_status(-errno, "eventfd") : STATUS_OK;
    if (status == STATUS_OK) {
        status = make_client(reader, options);
    }
    if (status == STATUS_OK) {
        reader->topic = rd_kafka_topic_new(reader->client, options->topic, NULL);
        status = reader->topic == NULL ? STATUS_BAD_CONFIG : STATUS_OK;
    }
    for (int32_t i = 0; i < options->partition_count && status == STATUS_OK; i++) {
        status = start_partition(reader, i, options->offsets[i]);
    }
    if (status != STATUS_OK) {
        kafka_reader_destroy(&reader);
        return status;
    }
    *out_reader = reader;
    return STATUS_OK;
}

static void stop_partition(struct kafka_reader *reader, int32_t number)
{
    struct partition *p = &reader->partitions[number];
    if (p->queue != NULL) {
        rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
        (void)rd_kafka_consume_stop(reader->topic, number);
        rd_kafka_queue_destroy(p->queue);
    }
}

void kafka_reader_destroy(struct kafka_reader **reader_p)
{
    struct kafka_reader *reader = *reader_p;
    *reader_p = NULL;
    if (reader == NULL) {
        return;
    }
    for (int32_t i = 0; i < reader->partition_count; i++) {
        stop_partition(reader, i);
    }
    if (reader->topic != NULL) {
        rd_kafka_topic_destroy(reader->topic);
    }
    if (reader->client != NULL) {
        rd_kafka_destroy(reader->client);
    }
    if (reader->fd >= 0) {
        (void)close(reader->fd);
    }
    mem_free(reader->partitions);
    mem_free(reader);
}

/* What an event of a queue means that is no record; STATUS_OK: it passes. */
static enum status judge(struct kafka_reader *reader, struct partition *p,
                         const rd_kafka_message_t *message)
{
    const char *text = rd_kafka_message_errstr(message);
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (message->offset > p->position) { /* markers of transactions stood there */
            p->position = message->offset;
        }
        p->end_position = p->position;
        return STATUS_OK;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        snprintf(reader->error, sizeof(reader->error),
                 "partition %" PRId32 ", offset %" PRId64 ": %s", message->partition, p->position,
                 text);
        return STATUS_LOG_LOST;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__FATAL:
        snprintf(reader->error, sizeof(reader->error), "%s", text);
        return STATUS_PEER_FATAL;
    default:
        return STATUS_OK; /* librdkafka goes on by itself */
    }
}

static bool is_at_end(const struct kafka_reader *reader, int32_t partition)
{
    const struct partition *p = &reader->partitions[partition];
    int64_t end = kafka_reader_end(reader, partition);
    return p->queue == NULL || p->end_position == p->position || (end >= 0 && p->position >= end);
}

enum status kafka_reader_next(struct kafka_reader *reader, int32_t partition,
                              struct kafka_message *out_message)
{
    struct partition *p = &reader->partitions[partition];
    rd_kafka_message_t *raw;
    while (p->queue != NULL && (raw = rd_kafka_consume_queue(p->queue, 0)) != NULL) {
        if (raw->err == RD_KAFKA_RESP_ERR_NO_ERROR && raw->offset >= p->position) {
            p->position = raw->offset + 1;
            *out_message = kafka_message_of(raw);
            return STATUS_OK;
        }
        /* A record from before our position: librdkafka may fetch from an older one. */
        enum status status =
            raw->err == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : judge(reader, p, raw);
        rd_kafka_message_destroy(raw);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return is_at_end(reader, partition) ? STATUS_NOT_FOUND : STATUS_TIMED_OUT;
}

void kafka_reader_wait(struct kafka_reader *reader, int64_t millis)
{
    struct pollfd wait = {.fd = reader->fd, .events = POLLIN};
    uint64_t count;
    (void)rd_kafka_poll(reader->client, 0);
    if (poll(&wait, 1, (int)millis) > 0) {
        (void)!read(reader->fd, &count, sizeof(count));
    }
    (void)rd_kafka_poll(reader->client, 0);
}

int64_t kafka_reader_position(const struct kafka_reader *reader, int32_t partition)
{
    return reader->partitions[partition].position;
}

int64_t kafka_reader_end(const struct kafka_reader *reader, int32_t partition)
{
    int64_t low;
    int64_t high;
    rd_kafka_resp_err_t code = rd_kafka_get_watermark_offsets(
        reader->client, rd_kafka_topic_name(reader->topic), partition, &low, &high);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : -1;
}

const char *kafka_reader_error(const struct kafka_reader *reader)
{
    return reader->error;
}
