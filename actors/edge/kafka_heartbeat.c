/* A member learns from the answer to a heartbeat that the group moves, and joins anew at once. So
 * statistics that show it at rest are true for now only if no heartbeat was answered since its main
 * thread has certainly heard what the one before said, and none is under way. Librdkafka tells of
 * requests by interceptors, before its main thread knows of the answer. */
#include "actors/edge/kafka_source_internal.h"

enum { API_HEARTBEAT = 12 }; /* of Kafka's protocol */

/* Where answers take nearly as long as the next heartbeat, doubt must not last for ever: nothing
 * would be committed, and nobody confirmed. */
enum { DOUBT_US_MAX = 3000000 };

static int64_t now_us(void)
{
    return (int64_t)(uv_hrtime() / 1000);
}

/* Thread: a broker's, of librdkafka. */
static rd_kafka_resp_err_t on_sent(rd_kafka_t *client, int fd, const char *broker, int32_t id,
                                   int16_t api, int16_t version, int32_t correlation, size_t size,
                                   void *heartbeat_v)
{
    (void)client, (void)fd, (void)broker, (void)id, (void)version, (void)correlation, (void)size;
    struct kafka_heartbeat *heartbeat = heartbeat_v;
    if (api == API_HEARTBEAT) {
        atomic_store(&heartbeat->sent_us, now_us());
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Thread: a broker's. An answer that will not come is one, too. */
static rd_kafka_resp_err_t on_answered(rd_kafka_t *client, int fd, const char *broker, int32_t id,
                                       int16_t api, int16_t version, int32_t correlation,
                                       size_t size, int64_t round_trip_us, rd_kafka_resp_err_t code,
                                       void *heartbeat_v)
{
    (void)client, (void)fd, (void)broker, (void)id, (void)version, (void)correlation, (void)size;
    (void)round_trip_us, (void)code;
    struct kafka_heartbeat *heartbeat = heartbeat_v;
    if (api == API_HEARTBEAT) {
        atomic_store(&heartbeat->answered_us, now_us());
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *heartbeat,
                                  char *error, size_t error_size)
{
    (void)conf, (void)error, (void)error_size;
    rd_kafka_resp_err_t code =
        rd_kafka_interceptor_add_on_request_sent(client, "heartbeat", on_sent, heartbeat);
    return code != RD_KAFKA_RESP_ERR_NO_ERROR ? code
                                              : rd_kafka_interceptor_add_on_response_received(
                                                    client, "heartbeat", on_answered, heartbeat);
}

void kafka_heartbeat_watch(struct kafka_heartbeat *heartbeat, rd_kafka_conf_t *conf)
{
    (void)rd_kafka_conf_interceptor_add_on_new(conf, "heartbeat", on_new, heartbeat);
}

bool kafka_heartbeat_is_heard(struct kafka_heartbeat *heartbeat, int64_t taken_us)
{
    /* Between two statistics the main thread looks into its queue. */
    int64_t looked_us = heartbeat->taken_us;
    int64_t answered_us = atomic_load(&heartbeat->answered_us);
    bool is_heard = answered_us < looked_us && atomic_load(&heartbeat->sent_us) <= answered_us;
    bool is_tired = taken_us > heartbeat->heard_us + DOUBT_US_MAX;
    heartbeat->taken_us = taken_us;
    heartbeat->heard_us = is_heard || is_tired ? taken_us : heartbeat->heard_us;
    return is_heard || is_tired;
}
