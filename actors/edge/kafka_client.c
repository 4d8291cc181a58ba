#include "actors/edge/kafka_client.h"

#include "runtime/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

enum { ERROR_BYTES_MAX = 512 };

/* Each of these, set otherwise, would break a promise: offsets that are not ours, a silent reset, a
 * client that tells nothing of itself, a producer that repeats or reorders. */
static const char *const reserved[] = {
    "bootstrap.servers",
    "metadata.broker.list",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "session.timeout.ms",
    "partition.assignment.strategy",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "auto.offset.reset",
    "statistics.interval.ms",
    "enable.idempotence",
    "acks",
    "request.required.acks",
};

/* Nagle's algorithm would hold a small request back until the broker has acknowledged the one
 * before it. librdkafka makes its batches itself, and newer ones have it off as well. */
static const struct kafka_property of_all[] = {{"socket.nagle.disable", "true"}, {NULL, NULL}};

static const char is_ours[] = "this property is candled's own";

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(reserved); i++) {
        if (strcmp(reserved[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* What repeats while a broker is away; kafka_health says it once. */
static bool is_told_elsewhere(const char *facility)
{
    return strcmp(facility, "AUTOCREATE") == 0 || /* an old broker: the topic is named by us */
           strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0;
}

/* Thread: any of librdkafka's. */
static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    if (level <= LOG_WARNING && !is_told_elsewhere(facility)) {
        log_event(LOG_kafka_error, log_text("facility", facility), log_text("error", text));
    }
}

static enum status refuse(const char *name, const char *why)
{
    log_event(LOG_kafka_error, log_text("property", name), log_text("error", why));
    return STATUS_BAD_CONFIG;
}

static enum status set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char error[ERROR_BYTES_MAX];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) {
        return refuse(name, error);
    }
    return STATUS_OK;
}

enum status kafka_client_check(const char *name, const char *value, char *error, size_t error_size)
{
    if (is_reserved(name)) {
        (void)snprintf(error, error_size, "%s", is_ours);
        return STATUS_BAD_CONFIG;
    }
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool is_good = rd_kafka_conf_set(conf, name, value, error, error_size) == RD_KAFKA_CONF_OK;
    rd_kafka_conf_destroy(conf);
    return is_good ? STATUS_OK : STATUS_BAD_CONFIG;
}

static enum status set_list(rd_kafka_conf_t *conf, const struct kafka_property *list)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; list != NULL && list[i].name != NULL && status == STATUS_OK; i++) {
        status = set(conf, list[i].name, list[i].value);
    }
    return status;
}

static enum status set_users(rd_kafka_conf_t *conf, const struct kafka_property *users)
{
    for (size_t i = 0; users != NULL && users[i].name != NULL; i++) {
        if (is_reserved(users[i].name)) {
            return refuse(users[i].name, is_ours);
        }
    }
    return set_list(conf, users);
}

enum status kafka_client_conf(const char *brokers, const struct kafka_property *ours,
                              const struct kafka_property *users, rd_kafka_conf_t **out_conf)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);

    enum status status = set(conf, "bootstrap.servers", brokers);
    if (status == STATUS_OK) {
        status = set_list(conf, of_all);
    }
    if (status == STATUS_OK) {
        status = set_list(conf, ours);
    }
    if (status == STATUS_OK) {
        status = set_users(conf, users);
    }
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    *out_conf = conf;
    return STATUS_OK;
}

/* A newer librdkafka waits so long after its prefetch limits were reached; an older one does not
 * know the property, and is woken by kafka_partition.c. What the user says about it stays. */
static void set_queue_backoff(rd_kafka_conf_t *conf)
{
    static const char name[] = "fetch.queue.backoff.ms";
    char value[32];
    size_t size = sizeof(value);
    char error[ERROR_BYTES_MAX];

    if (rd_kafka_conf_get(conf, name, value, &size) == RD_KAFKA_CONF_OK &&
        strcmp(value, "1000") == 0) {
        (void)rd_kafka_conf_set(conf, name, "5", error, sizeof(error));
    }
}

enum status kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **out_client)
{
    char error[ERROR_BYTES_MAX];
    if (type == RD_KAFKA_CONSUMER) {
        set_queue_backoff(conf);
    }
    rd_kafka_t *client = rd_kafka_new(type, conf, error, sizeof(error));
    if (client == NULL) {
        rd_kafka_conf_destroy(conf); /* it is taken over only when the call succeeds */
        return refuse("client", error);
    }
    *out_client = client;
    return STATUS_OK;
}
