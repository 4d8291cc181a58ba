#include "actors/edge/kafka_producer.h"

#include "actors/edge/kafka_client.h"
#include "runtime/job.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/stage.h"

#include <stdbool.h>
#include <stddef.h>

enum { EVENTS_PER_POLL_MAX = 200, TOPIC_TIMEOUT_MS = 2000, ERROR_BYTES_MAX = 256 };

struct kafka_producer {
    struct kafka_producer_options options;
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    struct kafka_wakeup wakeup;
    struct job destroy;
    bool is_destroyed;
};

static const struct kafka_property ours[] = {
    {"client.id", "candled"},
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"message.timeout.ms", "0"}, /* for ever: the outbox waits on disk */
    {"linger.ms", "5"},
    {"compression.type", "lz4"},
    {"partitioner", "murmur2_random"}, /* as Java clients spread keys */
    {"message.max.bytes", "1048576"},
    /* A broker refuses a batch for its size, not a record: one must not suffer from the next. */
    {"batch.size", "8192"},
    {"queue.buffering.max.kbytes", "16384"},
    {"socket.timeout.ms", "10000"},
    {"socket.keepalive.enable", "true"},
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "1000"},
    {"statistics.interval.ms", "1000"},
    {NULL, NULL},
};

static void take_events(struct kafka_producer *p)
{
    for (int i = 0; i < EVENTS_PER_POLL_MAX && !p->is_destroyed; i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(p->queue, 0);
        if (event == NULL) {
            p->options.on_drained(p->options.context);
            return;
        }
        p->options.on_event(p->options.context, event);
        rd_kafka_event_destroy(event);
    }
    if (!p->is_destroyed) {
        kafka_wakeup_again(&p->wakeup);
    }
}

static void on_woken(struct kafka_wakeup *wakeup)
{
    enum stage before = stage_enter(STAGE_kafka);
    take_events(container_of(wakeup, struct kafka_producer, wakeup));
    (void)stage_enter(before);
}

static void close_client(struct kafka_producer *p)
{
    rd_kafka_queue_destroy(p->queue);
    (void)rd_kafka_purge(p->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                        RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_destroy(p->client);
}

enum status kafka_producer_create(const struct kafka_producer_options *options,
                                  struct kafka_producer **out_producer)
{
    rd_kafka_conf_t *conf;
    enum status status = kafka_client_conf(options->brokers, ours, options->properties, &conf);
    if (status != STATUS_OK) {
        return status;
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
    struct kafka_producer *p = mem_new(1, sizeof(*p));
    p->options = *options;
    status = kafka_client_new(RD_KAFKA_PRODUCER, conf, &p->client);
    if (status != STATUS_OK) {
        goto free_producer;
    }
    p->queue = rd_kafka_queue_get_main(p->client);
    status = kafka_wakeup_open(&p->wakeup, options->loop, p->queue, on_woken);
    if (status != STATUS_OK) {
        goto close_client;
    }
    *out_producer = p;
    return STATUS_OK;

close_client:
    close_client(p);
free_producer:
    mem_free(p);
    return status;
}

rd_kafka_t *kafka_producer_client(struct kafka_producer *producer)
{
    return producer->client;
}

void kafka_producer_ask_for_topic(struct kafka_producer *producer, const char *topic)
{
    char error[ERROR_BYTES_MAX];
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, -1, -1, error, sizeof(error));
    rd_kafka_AdminOptions_t *admin =
        rd_kafka_AdminOptions_new(producer->client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    (void)rd_kafka_AdminOptions_set_request_timeout(admin, TOPIC_TIMEOUT_MS, error, sizeof(error));
    rd_kafka_CreateTopics(producer->client, &wanted, 1, admin, producer->queue);
    rd_kafka_AdminOptions_destroy(admin);
    rd_kafka_NewTopic_destroy(wanted);
}

/* Thread: a worker; the threads of librdkafka are joined here. */
static void on_destroy(struct job *job)
{
    close_client(container_of(job, struct kafka_producer, destroy));
}

static void on_client_destroyed(struct job *job)
{
    mem_free(container_of(job, struct kafka_producer, destroy));
}

static void on_wakeup_closed(struct kafka_wakeup *wakeup)
{
    struct kafka_producer *p = container_of(wakeup, struct kafka_producer, wakeup);
    job_start(&p->destroy, loop_uv(p->options.loop), on_destroy, on_client_destroyed);
}

void kafka_producer_destroy(struct kafka_producer **producer_p)
{
    struct kafka_producer *p = *producer_p;
    *producer_p = NULL;
    if (p != NULL) {
        p->is_destroyed = true;
        kafka_wakeup_close(&p->wakeup, on_wakeup_closed);
    }
}
