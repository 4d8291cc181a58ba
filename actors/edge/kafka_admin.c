#include "actors/edge/kafka_admin.h"

#include "actors/edge/kafka_client.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALL_MS = 5000, LEADER_TRIES_MAX = 60, LEADER_PAUSE_MS = 250, ERROR_BYTES_MAX = 320 };

struct kafka_admin {
    rd_kafka_t *client;
    char error[ERROR_BYTES_MAX];
};

static enum status fail(struct kafka_admin *admin, enum status status, const char *what,
                        const char *why)
{
    snprintf(admin->error, sizeof(admin->error), "%s: %s", what, why);
    return status;
}

static enum status fail_code(struct kafka_admin *admin, const char *what, rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
        return fail(admin, STATUS_REJECTED, what, rd_kafka_err2str(code));
    default:
        return fail(admin, STATUS_UNAVAILABLE, what, rd_kafka_err2str(code));
    }
}

enum status kafka_admin_create(const char *brokers, const struct kafka_property *properties,
                               struct kafka_admin **out_admin)
{
    static const struct kafka_property ours[] = {
        {"client.id", "candled-tool"},       {"socket.timeout.ms", "10000"},
        {"socket.keepalive.enable", "true"}, {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "500"}, {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    struct kafka_admin *admin = mem_new(1, sizeof(*admin));
    enum status status = kafka_client_conf(brokers, ours, properties, &conf);
    if (status == STATUS_OK) {
        status = kafka_client_new(RD_KAFKA_PRODUCER, conf, &admin->client);
    }
    if (status != STATUS_OK) {
        mem_free(admin);
        return status;
    }
    *out_admin = admin;
    return STATUS_OK;
}

void kafka_admin_destroy(struct kafka_admin **admin_p)
{
    struct kafka_admin *admin = *admin_p;
    *admin_p = NULL;
    if (admin != NULL) {
        rd_kafka_destroy(admin->client);
        mem_free(admin);
    }
}

const char *kafka_admin_error(const struct kafka_admin *admin)
{
    return admin->error;
}

/* Asks for all topics, as asking for one may create it with the broker's own defaults. */
enum status kafka_admin_partition_count(struct kafka_admin *admin, const char *topic,
                                        int32_t *out_count)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code = rd_kafka_metadata(admin->client, 1, NULL, &metadata, CALL_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail_code(admin, "the list of topics", code);
    }
    enum status status = STATUS_NOT_FOUND;
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, topic) == 0 &&
            metadata->topics[i].partition_cnt > 0) {
            *out_count = metadata->topics[i].partition_cnt;
            status = STATUS_OK;
        }
    }
    rd_kafka_metadata_destroy(metadata);
    return status == STATUS_OK ? status : fail(admin, status, topic, "there is no such topic");
}

enum status kafka_admin_cluster(struct kafka_admin *admin, char cluster[KAFKA_ADMIN_CLUSTER_MAX])
{
    char *id = rd_kafka_clusterid(admin->client, CALL_MS);
    snprintf(cluster, KAFKA_ADMIN_CLUSTER_MAX, "%s", id == NULL ? "" : id);
    rd_kafka_mem_free(admin->client, id);
    return STATUS_OK;
}

static bool is_without_leader(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

enum status kafka_admin_ends(struct kafka_admin *admin, const char *topic, int32_t partition,
                             int64_t *out_begin, int64_t *out_end)
{
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(admin->client, topic, partition,
                                                                out_begin, out_end, CALL_MS);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : fail_code(admin, topic, code);
}

/* NULL: it did not come in time. */
static rd_kafka_event_t *answer_of(struct kafka_admin *admin, rd_kafka_queue_t *queue,
                                   const char *what)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, CALL_MS);
    if (event == NULL) {
        (void)fail(admin, STATUS_TIMED_OUT, what, "no answer in time");
    }
    return event;
}

static enum status read_message_bytes(struct kafka_admin *admin, rd_kafka_event_t *event,
                                      const char *topic, int64_t *out_bytes)
{
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    size_t count = 0;
    if (result == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail(admin, STATUS_REJECTED, topic, rd_kafka_event_error_string(event));
    }
    const rd_kafka_ConfigResource_t **found =
        rd_kafka_DescribeConfigs_result_resources(result, &count);
    size_t entry_count = 0;
    const rd_kafka_ConfigEntry_t **entries =
        count == 0 ? NULL : rd_kafka_ConfigResource_configs(found[0], &entry_count);
    for (size_t i = 0; i < entry_count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), "max.message.bytes") == 0 &&
            value != NULL) {
            *out_bytes = strtoll(value, NULL, 10);
            return STATUS_OK;
        }
    }
    return fail(admin, STATUS_REJECTED, topic, "its max.message.bytes is not told");
}

enum status kafka_admin_message_bytes_max(struct kafka_admin *admin, const char *topic,
                                          int64_t *out_bytes)
{
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin->client);
    enum status status = STATUS_TIMED_OUT;
    rd_kafka_DescribeConfigs(admin->client, &resource, 1, NULL, queue);
    rd_kafka_event_t *event = answer_of(admin, queue, topic);
    if (event != NULL) {
        status = read_message_bytes(admin, event, topic, out_bytes);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(resource);
    return status;
}

static enum status read_made(struct kafka_admin *admin, rd_kafka_event_t *event, const char *topic)
{
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    size_t count = 0;
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (result == NULL || code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail_code(admin, topic, code);
    }
    const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(result, &count);
    code = count == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR__FAIL;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        return STATUS_OK;
    }
    const char *text = rd_kafka_topic_result_error_string(topics[0]);
    enum status status = fail_code(admin, topic, code);
    return text == NULL ? status : fail(admin, status, topic, text);
}

static rd_kafka_NewTopic_t *describe(struct kafka_admin *admin,
                                     const struct kafka_admin_topic *topic)
{
    char number[32];
    rd_kafka_NewTopic_t *made =
        rd_kafka_NewTopic_new(topic->name, topic->partitions, topic->replication_factor,
                              admin->error, sizeof(admin->error));
    if (made == NULL) {
        return NULL;
    }
    snprintf(number, sizeof(number), "%" PRId64, topic->retention_ms);
    (void)rd_kafka_NewTopic_set_config(made, "retention.ms", number);
    (void)rd_kafka_NewTopic_set_config(made, "message.timestamp.type", "CreateTime");
    if (topic->message_bytes_max > 0) {
        snprintf(number, sizeof(number), "%" PRId64, topic->message_bytes_max);
        (void)rd_kafka_NewTopic_set_config(made, "max.message.bytes", number);
    }
    return made;
}

/* A topic that was made a moment ago has no leaders yet. */
static enum status wait_for_leaders(struct kafka_admin *admin,
                                    const struct kafka_admin_topic *topic)
{
    for (int32_t i = 0; i < topic->partitions; i++) {
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
        int64_t begin;
        int64_t end;
        for (int tries = 0; tries < LEADER_TRIES_MAX && is_without_leader(code); tries++) {
            if (tries > 0) {
                (void)rd_kafka_poll(admin->client, LEADER_PAUSE_MS);
            }
            code = rd_kafka_query_watermark_offsets(admin->client, topic->name, i, &begin, &end,
                                                    CALL_MS);
        }
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return fail_code(admin, topic->name, code);
        }
    }
    return STATUS_OK;
}

enum status kafka_admin_make_topic(struct kafka_admin *admin, const struct kafka_admin_topic *topic)
{
    rd_kafka_NewTopic_t *made = describe(admin, topic);
    if (made == NULL) {
        return STATUS_REJECTED;
    }
    enum status status = STATUS_TIMED_OUT;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin->client);
    rd_kafka_CreateTopics(admin->client, &made, 1, NULL, queue);
    rd_kafka_event_t *event = answer_of(admin, queue, topic->name);
    if (event != NULL) {
        status = read_made(admin, event, topic->name);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(made);
    return status == STATUS_OK ? wait_for_leaders(admin, topic) : status;
}
