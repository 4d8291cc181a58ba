#include "actors/edge/kafka_writer.h"

#include "actors/edge/kafka_client.h"
#include "runtime/log.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

enum {
    ERROR_BYTES_MAX = 320,
    PURGE_MS = 1000,
    SILENCE_MS_MAX = 10000,
    DOUBT_MS_MAX = 4000,
    FATAL_MS = 1000
};

struct kafka_writer {
    rd_kafka_t *client;
    struct kafka_writer_options options;
    uint64_t acknowledged;
    int64_t heard_ms; /* the last acknowledgement, or when there was first one to wait for */
    bool is_in_doubt; /* a connection has broken since all was acknowledged */
    bool is_fatal;    /* it is finished; the report of the record that did it may be on its way */
    enum status failure;
    char error[ERROR_BYTES_MAX];
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum status status_of(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return STATUS_REJECTED;
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
        return STATUS_UNAVAILABLE;
    default:
        return STATUS_PEER_FATAL;
    }
}

static enum status fail(struct kafka_writer *writer, rd_kafka_resp_err_t code, const char *topic,
                        size_t size)
{
    if (writer->failure == STATUS_OK) {
        writer->failure = status_of(code);
        snprintf(writer->error, sizeof(writer->error), "%s does not take a record of %zu bytes: %s",
                 topic, size, rd_kafka_err2str(code));
    }
    return writer->failure;
}

static void on_delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct kafka_writer *writer = opaque;
    (void)client;
    if (message->err == RD_KAFKA_RESP_ERR__FATAL) {
        writer->is_fatal = true; /* another record is to blame, and its report tells */
        return;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)fail(writer, message->err, rd_kafka_topic_name(message->rkt), message->len);
        return;
    }
    writer->acknowledged++;
    writer->heard_ms = now_ms();
    if (writer->options.delivered != NULL) {
        writer->options.delivered(writer->options.context, message->partition, message->offset);
    }
}

static void give_up(struct kafka_writer *writer, enum status status, const char *what,
                    const char *why)
{
    if (writer->failure == STATUS_OK) {
        writer->failure = status;
        snprintf(writer->error, sizeof(writer->error), "%s: %s", what, why);
    }
}

/* A connection broke. Whether a request of ours was under way on it nobody tells; if so, its
 * records will not be acknowledged. */
static bool is_about_connections(int code)
{
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
           code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
}

static void on_error(rd_kafka_t *client, int code, const char *text, void *opaque)
{
    struct kafka_writer *writer = opaque;
    (void)text;
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        writer->is_fatal = true;
        writer->heard_ms = now_ms();
    } else if (is_about_connections(code) && rd_kafka_outq_len(client) > 0) {
        writer->is_in_doubt = true;
    }
}

/* Librdkafka calls the guarantee below an experiment at each start; that has been so for years.
 * Thread: any of librdkafka's. */
static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    bool is_known = strcmp(facility, "CONFWARN") == 0 || strcmp(facility, "FAIL") == 0 ||
                    strcmp(facility, "ERROR") == 0 || strcmp(facility, "GETPID") == 0;
    if (level <= LOG_WARNING && !is_known) {
        log_event(LOG_kafka_error, log_text("facility", facility), log_text("error", text));
    }
}

/* After the user's, who must not undo it. A property that this librdkafka does not know is none
 * that it would obey.
 *
 * A broker that restarts tells a repeat from a new batch by what it remembers of the producer, and
 * it forgets a producer whose records are older than a day: copies of old records would be written
 * twice. So a repeat is put off until this writer is long gone, and with one request at a time
 * nothing overtakes what failed. */
static void never_repeat(rd_kafka_conf_t *conf)
{
    static const struct kafka_property promises[] = {
        {"message.timeout.ms", "0"},
        {"retry.backoff.ms", "300000"},
        {"retry.backoff.max.ms", "300000"},
        {"max.in.flight.requests.per.connection", "1"},
    };
    char error[ERROR_BYTES_MAX];
    for (size_t i = 0; i < ARRAY_COUNT(promises); i++) {
        (void)rd_kafka_conf_set(conf, promises[i].name, promises[i].value, error, sizeof(error));
    }
}

enum status kafka_writer_create(const struct kafka_writer_options *options,
                                struct kafka_writer **out_writer)
{
    static const struct kafka_property ours[] = {
        {"client.id", "candled-tool"},
        {"enable.idempotence", "true"},
        /* After a record that failed, no later one may be written: what is there tells what is
         * not. */
        {"enable.gapless.guarantee", "true"},
        {"acks", "all"},
        {"message.timeout.ms", "30000"},
        {"linger.ms", "5"},
        {"compression.type", "lz4"},
        {"partitioner", "murmur2_random"},
        {"message.max.bytes", "100000000"}, /* the broker judges */
        {"batch.size", "65536"},
        {"queue.buffering.max.messages", "100000"},
        {"queue.buffering.max.kbytes", "32768"},
        {"socket.timeout.ms", "10000"},
        {"socket.keepalive.enable", "true"},
        {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "1000"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    struct kafka_writer *writer = mem_new(1, sizeof(*writer));
    enum status status = kafka_client_conf(options->brokers, ours, options->properties, &conf);
    if (status == STATUS_OK) {
        writer->options = *options;
        if (options->never_repeats) {
            never_repeat(conf);
        }
        rd_kafka_conf_set_log_cb(conf, on_log);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
        rd_kafka_conf_set_error_cb(conf, on_error);
        rd_kafka_conf_set_opaque(conf, writer);
        status = kafka_client_new(RD_KAFKA_PRODUCER, conf, &writer->client);
    }
    if (status != STATUS_OK) {
        mem_free(writer);
        return status;
    }
    *out_writer = writer;
    return STATUS_OK;
}

void kafka_writer_destroy(struct kafka_writer **writer_p)
{
    struct kafka_writer *writer = *writer_p;
    *writer_p = NULL;
    if (writer == NULL) {
        return;
    }
    writer->options.delivered = NULL;
    (void)rd_kafka_purge(writer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)rd_kafka_flush(writer->client, PURGE_MS);
    rd_kafka_destroy(writer->client);
    mem_free(writer);
}

int32_t kafka_writer_partition_of(struct slice key, int32_t partition_count)
{
    return rd_kafka_msg_partitioner_murmur2(NULL, key.bytes, key.size, partition_count, NULL, NULL);
}

static rd_kafka_headers_t *headers_of(const struct kafka_writer_record *record)
{
    rd_kafka_headers_t *theirs;
    rd_kafka_headers_t *headers;
    if (record->headers_of != NULL &&
        rd_kafka_message_headers(record->headers_of->raw, &theirs) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        headers = rd_kafka_headers_copy(theirs);
    } else {
        headers = rd_kafka_headers_new(record->header_count);
    }
    for (size_t i = 0; i < record->header_count; i++) {
        const struct kafka_header *header = &record->headers[i];
        (void)rd_kafka_header_add(headers, header->name, -1, header->value.bytes,
                                  (ssize_t)header->value.size);
    }
    return headers;
}

/* Librdkafka copies the bytes, yet its types are not const. */
static void *unconst(const void *bytes)
{
    return (void *)(uintptr_t)bytes;
}

static rd_kafka_resp_err_t produce(struct kafka_writer *writer,
                                   const struct kafka_writer_record *record)
{
    rd_kafka_headers_t *headers = headers_of(record);
    const rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = record->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {unconst(record->key.bytes), record->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {unconst(record->value.bytes), record->value.size}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = record->timestamp_ms},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(writer->client, fields, ARRAY_COUNT(fields));
    if (error == NULL) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(headers); /* they are taken over only when the call succeeds */
    return code;
}

enum status kafka_writer_send(struct kafka_writer *writer, const struct kafka_writer_record *record)
{
    bool is_first = rd_kafka_outq_len(writer->client) == 0;
    rd_kafka_resp_err_t code = produce(writer, record);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return STATUS_BUSY;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail(writer, code, record->topic, record->value.size);
    }
    writer->heard_ms = is_first ? now_ms() : writer->heard_ms;
    return STATUS_OK;
}

void kafka_writer_serve(struct kafka_writer *writer, int64_t millis)
{
    (void)rd_kafka_poll(writer->client, (int)millis);
}

enum status kafka_writer_flush(struct kafka_writer *writer, int64_t millis)
{
    rd_kafka_resp_err_t code = rd_kafka_flush(writer->client, (int)millis);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : STATUS_TIMED_OUT;
}

enum status kafka_writer_failure(struct kafka_writer *writer)
{
    int64_t silent_ms = now_ms() - writer->heard_ms;
    char why[ERROR_BYTES_MAX / 2];
    if (writer->is_fatal) {
        if (rd_kafka_outq_len(writer->client) == 0 || silent_ms > FATAL_MS) {
            (void)rd_kafka_fatal_error(writer->client, why, sizeof(why));
            give_up(writer, STATUS_PEER_FATAL, "the producer gave up", why);
        }
    } else if (rd_kafka_outq_len(writer->client) == 0) {
        writer->is_in_doubt = false;
    } else if (writer->options.never_repeats &&
               silent_ms > (writer->is_in_doubt ? DOUBT_MS_MAX : SILENCE_MS_MAX)) {
        give_up(writer, STATUS_UNAVAILABLE, "the broker",
                writer->is_in_doubt ? "it went away" : "it does not acknowledge");
    }
    return writer->failure;
}

const char *kafka_writer_error(const struct kafka_writer *writer)
{
    return writer->error;
}

uint64_t kafka_writer_acknowledged(const struct kafka_writer *writer)
{
    return writer->acknowledged;
}
