#include "ops/embedded_broker.h"

#include "runtime/log.h"
#include "runtime/mem.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stddef.h>

enum { BROKER_COUNT = 1, ERROR_BYTES_MAX = 256 };

struct embedded_broker {
    rd_kafka_t *host; /* the cluster lives in a client that does nothing else */
    rd_kafka_mock_cluster_t *cluster;
};

static enum status refuse(const char *call, const char *why)
{
    log_event(LOG_kafka_error, log_text("call", call), log_text("error", why));
    return STATUS_IO;
}

enum status embedded_broker_create(struct embedded_broker **out_broker)
{
    char error[ERROR_BYTES_MAX];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL); /* it warns that the host has no brokers of its own */
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    if (host == NULL) {
        rd_kafka_conf_destroy(conf);
        return refuse("rd_kafka_new", error);
    }
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, BROKER_COUNT);
    if (cluster == NULL) {
        rd_kafka_destroy(host);
        return refuse("rd_kafka_mock_cluster_new", "no port on the loopback interface");
    }
    struct embedded_broker *broker = mem_new(1, sizeof(*broker));
    broker->host = host;
    broker->cluster = cluster;
    *out_broker = broker;
    return STATUS_OK;
}

const char *embedded_broker_bootstrap(const struct embedded_broker *broker)
{
    return rd_kafka_mock_cluster_bootstraps(broker->cluster);
}

enum status embedded_broker_create_topic(struct embedded_broker *broker, const char *topic,
                                         int32_t partitions)
{
    rd_kafka_resp_err_t rc =
        rd_kafka_mock_topic_create(broker->cluster, topic, partitions, BROKER_COUNT);
    return rc == RD_KAFKA_RESP_ERR_NO_ERROR
               ? STATUS_OK
               : refuse("rd_kafka_mock_topic_create", rd_kafka_err2str(rc));
}

void embedded_broker_destroy(struct embedded_broker **broker_p)
{
    struct embedded_broker *broker = *broker_p;
    *broker_p = NULL;
    if (broker == NULL) {
        return;
    }
    rd_kafka_mock_cluster_destroy(broker->cluster);
    rd_kafka_destroy(broker->host);
    mem_free(broker);
}
