#include "ops/replay_producer.h"

#include "actors/edge/kafka_client.h"
#include "actors/edge/kafka_writer.h"
#include "ops/text.h"
#include "proto/kline.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { CALL_MS = 15000, FLUSH_MS = 1000, FULL_MS = 100, RETRY_MS = 250, RETRIES_MAX = 60 };

struct replay_producer {
    rd_kafka_t *client; /* asks about the topic, and makes it */
    struct kafka_writer *writer;
    char *topic;
    struct kafka_property *properties;
    char *brokers;
    int32_t partition_count;
};

static enum status fail(char error[REPLAY_ERROR_MAX], enum status status, const char *what,
                        const char *why)
{
    snprintf(error, REPLAY_ERROR_MAX, "%s: %s", what, why);
    return status;
}

static enum status create_client(struct replay_producer *p, char error[REPLAY_ERROR_MAX])
{
    static const struct kafka_property ours[] = {{NULL, NULL}};
    rd_kafka_conf_t *conf;
    enum status status = kafka_client_conf(p->brokers, ours, p->properties, &conf);
    if (status != STATUS_OK) {
        return fail(error, status, "kafka.properties", "not accepted; see the line of log");
    }
    status = kafka_client_new(RD_KAFKA_PRODUCER, conf, &p->client);
    if (status != STATUS_OK) {
        return fail(error, status, "the producer cannot be made", "see the line of log");
    }
    return STATUS_OK;
}

/* A person waits for it, and may end it: a broker that restarts is waited for longer than a tool
 * would. The user's properties come after, and win. */
static struct kafka_property *patient(const struct kafka_property *theirs)
{
    size_t count = 0;
    while (theirs[count].name != NULL) {
        count++;
    }
    struct kafka_property *all = mem_new(count + 2, sizeof(*all));
    all[0] = (struct kafka_property){"message.timeout.ms", "300000"};
    memcpy(all + 1, theirs, (count + 1) * sizeof(*all));
    return all;
}

static enum status create_writer(struct replay_producer *p,
                                 const struct replay_producer_options *wanted,
                                 char error[REPLAY_ERROR_MAX])
{
    struct kafka_property *properties = patient(p->properties);
    const struct kafka_writer_options options = {
        .brokers = p->brokers,
        .properties = properties,
        .never_repeats = wanted->never_repeats,
        .context = wanted->context,
        .delivered = wanted->delivered,
    };
    enum status status = kafka_writer_create(&options, &p->writer);
    mem_free(properties);
    return status == STATUS_OK
               ? STATUS_OK
               : fail(error, status, "the producer cannot be made", "see the line of log");
}

/* Asks for all topics, as asking for one may create it with the broker's own defaults. */
static enum status find_topic(struct replay_producer *p, char error[REPLAY_ERROR_MAX])
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code = rd_kafka_metadata(p->client, 1, NULL, &metadata, CALL_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail(error, STATUS_UNAVAILABLE, p->brokers, rd_kafka_err2str(code));
    }
    p->partition_count = 0;
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, p->topic) == 0) {
            p->partition_count = metadata->topics[i].partition_cnt;
        }
    }
    rd_kafka_metadata_destroy(metadata);
    return STATUS_OK;
}

/* The answer to the one topic that was asked for. */
static enum status read_created(rd_kafka_event_t *event, const char *topic,
                                char error[REPLAY_ERROR_MAX])
{
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    size_t count = 0;
    if (result == NULL) {
        return fail(error, STATUS_UNAVAILABLE, topic, "the topic was not created in time");
    }
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail(error, STATUS_UNAVAILABLE, topic, rd_kafka_event_error_string(event));
    }
    const rd_kafka_topic_result_t *const *topics =
        (const rd_kafka_topic_result_t *const *)rd_kafka_CreateTopics_result_topics(result, &count);
    rd_kafka_resp_err_t code =
        count == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR__FAIL;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        return STATUS_OK;
    }
    return fail(error, STATUS_REJECTED, topic, rd_kafka_err2str(code));
}

static enum status create_topic(struct replay_producer *p,
                                const struct replay_producer_options *options,
                                char error[REPLAY_ERROR_MAX])
{
    char why[200];
    char retention[32];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        p->topic, options->partitions, options->replication_factor, why, sizeof(why));
    if (topic == NULL) {
        return fail(error, STATUS_REJECTED, p->topic, why);
    }
    snprintf(retention, sizeof(retention), "%" PRId64, options->retention_ms);
    (void)rd_kafka_NewTopic_set_config(topic, "retention.ms", retention);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(p->client);
    rd_kafka_CreateTopics(p->client, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, CALL_MS);
    enum status status = read_created(event, p->topic, error);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    p->partition_count = options->partitions;
    return status;
}

enum status replay_producer_open(const struct replay_producer_options *options,
                                 struct replay_producer **out_producer,
                                 char error[REPLAY_ERROR_MAX])
{
    struct replay_producer *p = mem_new(1, sizeof(*p));
    p->topic = text_copy(options->topic);
    p->brokers = text_copy(options->brokers);
    p->properties = kafka_property_copy(options->properties);
    enum status status = create_client(p, error);
    if (status == STATUS_OK) {
        status = create_writer(p, options, error);
    }
    if (status == STATUS_OK) {
        status = find_topic(p, error);
    }
    if (status == STATUS_OK && p->partition_count == 0) {
        status = create_topic(p, options, error);
    }
    if (status != STATUS_OK) {
        replay_producer_close(&p);
        return status;
    }
    *out_producer = p;
    return STATUS_OK;
}

/* The event time of a record; INT64_MIN where it tells none. */
static int64_t event_of(const rd_kafka_message_t *message)
{
    struct kline kline;
    char why[KLINE_ERROR_MAX];
    struct kline_decoder *decoder = kline_decoder_create();
    struct slice value = {message->payload, message->len};
    enum reason reason = kline_decode(decoder, value, &kline, why);
    kline_decoder_destroy(&decoder);
    return reason == REASON_none ? kline.event_ms : INT64_MIN;
}

static bool is_passing(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* A topic that was made a moment ago has no leaders yet, or is not known to each broker. */
static rd_kafka_resp_err_t query_offsets(struct replay_producer *p, rd_kafka_t *consumer,
                                         int32_t partition, int64_t *low, int64_t *high)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < RETRIES_MAX; i++) {
        code = rd_kafka_query_watermark_offsets(consumer, p->topic, partition, low, high, CALL_MS);
        if (!is_passing(code)) {
            return code;
        }
        (void)rd_kafka_poll(p->client, RETRY_MS);
    }
    return code;
}

static enum status assign_last(struct replay_producer *p, rd_kafka_t *consumer, int *out_count,
                               char error[REPLAY_ERROR_MAX])
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(p->partition_count);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int32_t i = 0; i < p->partition_count && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        int64_t low = 0;
        int64_t high = 0;
        code = query_offsets(p, consumer, i, &low, &high);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR && high > low) {
            rd_kafka_topic_partition_list_add(list, p->topic, i)->offset = high - 1;
        }
    }
    *out_count = list->cnt;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = rd_kafka_assign(consumer, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
               ? STATUS_OK
               : fail(error, STATUS_UNAVAILABLE, p->topic, rd_kafka_err2str(code));
}

/* Ends where a partition is at its end too: the record at the very end may be a marker that no
 * consumer is shown. */
static enum status read_last(struct replay_producer *p, rd_kafka_t *consumer, int count,
                             int64_t *newest_ms, char error[REPLAY_ERROR_MAX])
{
    while (count > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, CALL_MS);
        if (message == NULL) {
            return fail(error, STATUS_TIMED_OUT, p->topic, "its last records cannot be read");
        }
        rd_kafka_resp_err_t code = message->err;
        if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            count--;
        } else if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            int64_t event_ms = event_of(message);
            *newest_ms = event_ms > *newest_ms ? event_ms : *newest_ms;
        }
        rd_kafka_message_destroy(message);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            return fail(error, STATUS_UNAVAILABLE, p->topic, rd_kafka_err2str(code));
        }
    }
    return STATUS_OK;
}

enum status replay_producer_newest(struct replay_producer *p, int64_t *out_event_ms,
                                   char error[REPLAY_ERROR_MAX])
{
    static const struct kafka_property ours[] = {
        {"group.id", "candled-replay"}, /* asked for, and never used */
        {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    rd_kafka_t *consumer;
    int count = 0;
    int64_t newest_ms = INT64_MIN;
    enum status status = kafka_client_conf(p->brokers, ours, p->properties, &conf);
    if (status == STATUS_OK) {
        status = kafka_client_new(RD_KAFKA_CONSUMER, conf, &consumer);
    }
    if (status != STATUS_OK) {
        return fail(error, status, "kafka.properties", "not accepted; see the line of log");
    }
    (void)rd_kafka_poll_set_consumer(consumer);
    status = assign_last(p, consumer, &count, error);
    if (status == STATUS_OK) {
        status = read_last(p, consumer, count, &newest_ms, error);
    }
    (void)rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    if (status == STATUS_OK) {
        *out_event_ms = newest_ms;
    }
    return status;
}

enum status replay_producer_failure(struct replay_producer *p, char error[REPLAY_ERROR_MAX])
{
    enum status status = kafka_writer_failure(p->writer);
    return status == STATUS_OK ? STATUS_OK
                               : fail(error, status, p->topic, kafka_writer_error(p->writer));
}

enum status replay_producer_send(struct replay_producer *p, const struct feed_record *record,
                                 int64_t timestamp_ms, char error[REPLAY_ERROR_MAX])
{
    const struct kafka_writer_record wanted = {
        .topic = p->topic,
        .partition = KAFKA_WRITER_BY_KEY,
        .key = record->key,
        .value = record->value,
        .timestamp_ms = timestamp_ms,
    };
    enum status sent;
    enum status status;
    do {
        sent = kafka_writer_send(p->writer, &wanted);
        kafka_writer_serve(p->writer, sent == STATUS_BUSY ? FULL_MS : 0);
        status = replay_producer_failure(p, error);
    } while (sent == STATUS_BUSY && status == STATUS_OK);
    return status;
}

void replay_producer_wait(struct replay_producer *p, int64_t millis)
{
    kafka_writer_serve(p->writer, millis);
}

enum status replay_producer_flush(struct replay_producer *p, char error[REPLAY_ERROR_MAX])
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && kafka_writer_flush(p->writer, FLUSH_MS) == STATUS_TIMED_OUT) {
        status = replay_producer_failure(p, error);
    }
    return status == STATUS_OK ? replay_producer_failure(p, error) : status;
}

uint64_t replay_producer_acknowledged(const struct replay_producer *p)
{
    return kafka_writer_acknowledged(p->writer);
}

void replay_producer_close(struct replay_producer **producer_p)
{
    struct replay_producer *p = *producer_p;
    *producer_p = NULL;
    if (p == NULL) {
        return;
    }
    kafka_writer_destroy(&p->writer);
    if (p->client != NULL) {
        rd_kafka_destroy(p->client);
    }
    kafka_property_destroy(&p->properties);
    mem_free(p->topic);
    mem_free(p->brokers);
    mem_free(p);
}
