#include "actors/edge/kafka_log.h"

#include "actors/edge/kafka_log_internal.h"
#include "actors/edge/kafka_metadata.h"
#include "actors/record.h"
#include "runtime/log.h"
#include "runtime/mem.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { CALL_MS = KAFKA_LOG_CALL_MS, POLL_MS = 100 };

static int64_t now_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

static int ms_left(int64_t deadline_ms)
{
    int64_t left = deadline_ms - now_ms();
    return left < 0 ? 0 : (int)left;
}

static enum status refused(rd_kafka_resp_err_t code)
{
    log_event(LOG_kafka_error, log_text("client", "log"),
              log_text("error", rd_kafka_err2str(code)));
    return STATUS_REJECTED;
}

enum status kafka_log_status_of(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return STATUS_OK;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return STATUS_NOT_FOUND;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
        return STATUS_TIMED_OUT;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
        return refused(code);
    default:
        return STATUS_UNAVAILABLE;
    }
}

static enum status open_client(const struct kafka_log_options *o, rd_kafka_t **out_client)
{
    const struct kafka_property ours[] = {
        {"client.id", "candled-log"},
        /* Without a group librdkafka assigns nothing; this one is never joined. */
        {"group.id", o->group == NULL ? "candled-log" : o->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"enable.partition.eof", "true"},
        {"allow.auto.create.topics", "false"},
        /* One record is wanted; but past these limits 2.0 fetches nothing for a second. */
        {"queued.min.messages", "10000"},
        {"queued.max.messages.kbytes", "4096"},
        {"fetch.message.max.bytes", "65536"},
        {"fetch.wait.max.ms", "50"},
        {"fetch.error.backoff.ms", "100"},
        {"socket.keepalive.enable", "true"},
        {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "1000"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    enum status status = kafka_client_conf(o->brokers, ours, o->properties, &conf);
    if (status == STATUS_OK) {
        status = kafka_client_new(RD_KAFKA_CONSUMER, conf, out_client);
    }
    if (status == STATUS_OK) {
        (void)rd_kafka_poll_set_consumer(*out_client);
    }
    return status;
}

enum status kafka_log_create(const struct kafka_log_options *options, struct kafka_log **out_log)
{
    rd_kafka_t *client;
    enum status status = open_client(options, &client);
    if (status != STATUS_OK) {
        return status;
    }
    struct kafka_log *log = mem_new(1, sizeof(*log));
    size_t size = strlen(options->topic) + 1;
    log->topic = memcpy(mem_new(size, 1), options->topic, size);
    log->client = client;
    log->has_group = options->group != NULL;
    (void)uv_mutex_init(&log->lock);
    *out_log = log;
    return STATUS_OK;
}

void kafka_log_destroy(struct kafka_log **log_p)
{
    struct kafka_log *log = *log_p;
    *log_p = NULL;
    if (log == NULL) {
        return;
    }
    rd_kafka_destroy_flags(log->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    uv_mutex_destroy(&log->lock);
    mem_free(log->topic);
    mem_free(log);
}

enum status kafka_log_partition_count(struct kafka_log *log, int32_t *out_count)
{
    uv_mutex_lock(&log->lock);
    rd_kafka_resp_err_t code =
        kafka_metadata_partition_count(log->client, log->topic, CALL_MS, out_count);
    uv_mutex_unlock(&log->lock);
    return kafka_log_status_of(code);
}

/* No id: either the broker has none, or none has answered. */
static enum status why_no_cluster(struct kafka_log *log, int64_t deadline_ms)
{
    int32_t count;
    enum status status = kafka_log_status_of(
        kafka_metadata_partition_count(log->client, log->topic, ms_left(deadline_ms), &count));
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status kafka_log_cluster(struct kafka_log *log, char id[META_TEXT_MAX])
{
    int64_t deadline_ms = now_ms() + CALL_MS;
    enum status status = STATUS_OK;
    uv_mutex_lock(&log->lock);
    char *found = rd_kafka_clusterid(log->client, CALL_MS / 2);
    if (found == NULL) {
        status = why_no_cluster(log, deadline_ms);
    }
    if (status == STATUS_OK) {
        snprintf(id, META_TEXT_MAX, "%s", found == NULL ? "" : found);
    }
    if (found != NULL) {
        rd_kafka_mem_free(log->client, found);
    }
    uv_mutex_unlock(&log->lock);
    return status;
}

static rd_kafka_resp_err_t find_ends(struct kafka_log *log, int32_t partition, int64_t deadline_ms,
                                     int64_t *out_begin, int64_t *out_end)
{
    int64_t begin;
    int64_t end;
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(log->client, log->topic, partition,
                                                                &begin, &end, ms_left(deadline_ms));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *out_begin = begin;
        *out_end = end;
    }
    return code;
}

enum status kafka_log_ends(struct kafka_log *log, int32_t partition, int64_t *out_begin,
                           int64_t *out_end)
{
    uv_mutex_lock(&log->lock);
    rd_kafka_resp_err_t code = find_ends(log, partition, now_ms() + CALL_MS, out_begin, out_end);
    uv_mutex_unlock(&log->lock);
    return kafka_log_status_of(code);
}

static rd_kafka_topic_partition_list_t *list_of(const struct kafka_log *log, int32_t partition,
                                                int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, log->topic, partition)->offset = offset;
    return list;
}

static struct slice slice_of(const void *bytes, size_t size)
{
    return (struct slice){bytes, bytes == NULL ? 0 : size};
}

static void show(const rd_kafka_message_t *message, kafka_log_visit_fn *visit, void *context)
{
    rd_kafka_timestamp_type_t type;
    struct record record = {
        .key = slice_of(message->key, message->key_len),
        .value = slice_of(message->payload, message->len),
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, &type),
    };
    visit(context, &record);
}

/* Polls until there is a record, or an error that is about this partition. */
static rd_kafka_resp_err_t poll_record(struct kafka_log *log, int64_t offset, int64_t deadline_ms,
                                       kafka_log_visit_fn *visit, void *context)
{
    while (ms_left(deadline_ms) > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(log->client, POLL_MS);
        if (message == NULL) {
            continue;
        }
        rd_kafka_resp_err_t code = message->err;
        bool is_found = code == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= offset;
        if (is_found) {
            show(message, visit, context);
        }
        rd_kafka_message_destroy(message);
        if (is_found || code == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
            code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
            code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
            return code;
        }
    }
    return RD_KAFKA_RESP_ERR__TIMED_OUT;
}

static rd_kafka_resp_err_t read_from(struct kafka_log *log, int32_t partition, int64_t offset,
                                     int64_t deadline_ms, kafka_log_visit_fn *visit, void *context)
{
    rd_kafka_topic_partition_list_t *list = list_of(log, partition, offset);
    rd_kafka_resp_err_t code = rd_kafka_assign(log->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = poll_record(log, offset, deadline_ms, visit, context);
    }
    (void)rd_kafka_assign(log->client, NULL);
    return code;
}

/* The log's head may be deleted between the two steps; then both are taken again. */
static enum status read_record(struct kafka_log *log, int32_t partition, int64_t offset,
                               kafka_log_visit_fn *visit, void *context)
{
    int64_t deadline_ms = now_ms() + CALL_MS;
    rd_kafka_resp_err_t code;
    do {
        int64_t begin;
        int64_t end;
        code = find_ends(log, partition, deadline_ms, &begin, &end);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return kafka_log_status_of(code);
        }
        int64_t from = offset < begin ? begin : offset;
        if (from >= end) {
            return STATUS_NOT_FOUND;
        }
        code = read_from(log, partition, from, deadline_ms, visit, context);
    } while (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && ms_left(deadline_ms) > 0);
    return code == RD_KAFKA_RESP_ERR__PARTITION_EOF ? STATUS_NOT_FOUND : kafka_log_status_of(code);
}

enum status kafka_log_record(struct kafka_log *log, int32_t partition, int64_t offset,
                             kafka_log_visit_fn *visit, void *context)
{
    uv_mutex_lock(&log->lock);
    enum status status = read_record(log, partition, offset, visit, context);
    uv_mutex_unlock(&log->lock);
    return status;
}

static rd_kafka_resp_err_t find_time(struct kafka_log *log, int32_t partition, int64_t time_ms,
                                     int64_t *out_offset)
{
    int64_t deadline_ms = now_ms() + CALL_MS;
    rd_kafka_topic_partition_list_t *list = list_of(log, partition, time_ms);
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(log->client, list, ms_left(deadline_ms));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = list->elems[0].err;
    }
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    int64_t begin;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && offset < 0) { /* every record is older */
        code = find_ends(log, partition, deadline_ms, &begin, &offset);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *out_offset = offset;
    }
    return code;
}

enum status kafka_log_offset_at(struct kafka_log *log, int32_t partition, int64_t time_ms,
                                int64_t *out_offset)
{
    uv_mutex_lock(&log->lock);
    rd_kafka_resp_err_t code = find_time(log, partition, time_ms, out_offset);
    uv_mutex_unlock(&log->lock);
    return kafka_log_status_of(code);
}
