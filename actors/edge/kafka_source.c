#include "actors/edge/kafka_source.h"

#include "actors/edge/kafka_source_internal.h"
#include "runtime/loop.h"
#include "runtime/loop_status.h"
#include "runtime/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TICK_MS = 1000,
    STOPPING_TICK_MS = 50,
    POKE_MS = 2,
    HEARTBEAT_MS_MAX = 3000,
    NUMBER_BYTES_MAX = 24,
    TEXT_BYTES_MAX = 256,
    LIBRARY_THAT_LOOKS_AGAIN = 0x020200ff, /* it has fetch.queue.backoff.ms */
};

int64_t kafka_source_now_ms(const struct kafka_source *source)
{
    return (int64_t)uv_now(loop_uv(source->options.loop));
}

/* The owner hears of it in the next round, when nobody is in the middle of anything. */
void kafka_source_fail(struct kafka_source *source, enum status why)
{
    if (source->failure == STATUS_OK) {
        source->failure = why;
        kafka_wakeup_again(&source->wakeup);
    }
}

struct kafka_partition *kafka_source_find(struct kafka_source *source, int32_t partition)
{
    struct kafka_partition *p = source->partitions;
    while (p != NULL && p->number != partition) {
        p = p->next;
    }
    return p;
}

/* Librdkafka has no call for this, but new credentials wake all broker threads; so they get the
 * ones they have. Their setting is used by new connections only. */
void kafka_source_poke(struct kafka_source *source)
{
    int64_t now_ms = kafka_source_now_ms(source);
    if (rd_kafka_version() >= LIBRARY_THAT_LOOKS_AGAIN || now_ms < source->poked_ms + POKE_MS) {
        return;
    }
    source->poked_ms = now_ms;
    const rd_kafka_conf_t *conf = rd_kafka_conf(source->client);
    char name[TEXT_BYTES_MAX] = "";
    char password[TEXT_BYTES_MAX] = "";
    size_t name_size = sizeof(name);
    size_t password_size = sizeof(password);
    (void)rd_kafka_conf_get(conf, "sasl.username", name, &name_size);
    (void)rd_kafka_conf_get(conf, "sasl.password", password, &password_size);
    if (name_size > sizeof(name) || password_size > sizeof(password)) {
        return; /* cut credentials would lock us out */
    }
    rd_kafka_error_t *error = rd_kafka_sasl_set_credentials(source->client, name, password);
    if (error != NULL) {
        rd_kafka_error_destroy(error);
    }
}

static void on_woken(struct kafka_wakeup *wakeup)
{
    kafka_group_poll(container_of(wakeup, struct kafka_source, wakeup));
}

static void on_tick(uv_timer_t *timer)
{
    kafka_group_tick(container_of(timer, struct kafka_source, timer));
}

static void copy_texts(struct kafka_source *source)
{
    struct kafka_source_options *o = &source->options;
    const char **texts[] = {&o->brokers, &o->topic, &o->group, &o->instance_id};
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        size += (*texts[i] == NULL ? 0 : strlen(*texts[i])) + 1;
    }
    char *at = source->texts = mem_new(size, 1);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        const char *text = *texts[i] == NULL ? "" : *texts[i];
        size_t text_size = strlen(text) + 1;
        *texts[i] = memcpy(at, text, text_size);
        at += text_size;
    }
    source->properties = kafka_property_copy(o->properties);
    o->properties = source->properties;
}

static enum status make_conf(const struct kafka_source_options *o, rd_kafka_conf_t **out_conf)
{
    char session[NUMBER_BYTES_MAX];
    char heartbeat[NUMBER_BYTES_MAX];
    char queued[NUMBER_BYTES_MAX];
    int64_t third = o->session_timeout_ms / 3;
    snprintf(session, sizeof(session), "%" PRId64, o->session_timeout_ms);
    snprintf(heartbeat, sizeof(heartbeat), "%" PRId64,
             third < HEARTBEAT_MS_MAX ? third : HEARTBEAT_MS_MAX);
    snprintf(queued, sizeof(queued), "%d", KAFKA_QUEUED_KIB);

    const struct kafka_property ours[] = {
        {"client.id", "candled"},
        {"group.id", o->group},
        {"session.timeout.ms", session},
        {"heartbeat.interval.ms", heartbeat},
        {"max.poll.interval.ms", "60000"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"enable.partition.eof", "false"},
        {"allow.auto.create.topics", "false"},
        {"queued.min.messages", "10000000"},
        {"queued.max.messages.kbytes", queued},
        {"fetch.message.max.bytes", "262144"}, /* compressed, and of each partition */
        /* A request waits for data of the partitions it asks for, and others wait for it. */
        {"fetch.wait.max.ms", "50"},
        {"fetch.error.backoff.ms", "100"},
        {"topic.metadata.refresh.interval.ms", "5000"},
        {"socket.timeout.ms", "10000"},
        {"socket.keepalive.enable", "true"},
        {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "1000"},
        {"statistics.interval.ms", "1000"},
        {o->instance_id[0] == '\0' ? NULL : "group.instance.id", o->instance_id},
        {NULL, NULL},
    };
    return kafka_client_conf(o->brokers, ours, o->properties, out_conf);
}

static enum status open_client(struct kafka_source *source)
{
    rd_kafka_conf_t *conf;
    enum status status = make_conf(&source->options, &conf);
    if (status != STATUS_OK) {
        return status;
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT |
                                       RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
    status = kafka_client_new(RD_KAFKA_CONSUMER, conf, &source->client);
    if (status != STATUS_OK) {
        return status;
    }
    (void)rd_kafka_poll_set_consumer(source->client);
    source->queue = rd_kafka_queue_get_consumer(source->client);
    return STATUS_OK;
}

static enum status subscribe(struct kafka_source *source)
{
    rd_kafka_topic_partition_list_t *list = kafka_group_list();
    rd_kafka_topic_partition_list_add(list, source->options.topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t rc = rd_kafka_subscribe(source->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return rc == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : STATUS_BAD_CONFIG;
}

static void free_memory(struct kafka_source *source)
{
    rd_kafka_topic_partition_list_destroy(source->left_over);
    kafka_property_destroy(&source->properties);
    mem_free(source->texts);
    mem_free(source);
}

static void close_client(struct kafka_source *source)
{
    if (source->queue != NULL) {
        rd_kafka_queue_destroy(source->queue);
        source->queue = NULL;
    }
    if (source->client != NULL) {
        rd_kafka_destroy_flags(source->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        source->client = NULL;
    }
}

enum status kafka_source_create(const struct kafka_source_options *options,
                                struct kafka_source **out_source)
{
    struct kafka_source *source = mem_new(1, sizeof(*source));
    source->options = *options;
    source->left_over = kafka_group_list();
    source->metrics = metrics_set_of(options->metrics, METRIC_SCOPE_process, "");
    kafka_health_init(&source->health, "source", source->metrics, METRIC_kafka_up);
    copy_texts(source);

    enum status status = open_client(source);
    if (status != STATUS_OK) {
        goto close_client;
    }
    status = subscribe(source);
    if (status != STATUS_OK) {
        goto close_client;
    }
    status = kafka_wakeup_open(&source->wakeup, options->loop, source->queue, on_woken);
    if (status != STATUS_OK) {
        goto close_client;
    }
    (void)uv_timer_init(loop_uv(options->loop), &source->timer);
    (void)uv_timer_start(&source->timer, on_tick, TICK_MS, TICK_MS);
    source->holders = 2;
    *out_source = source;
    return STATUS_OK;

close_client:
    close_client(source);
    free_memory(source);
    return status;
}

void kafka_source_start_partition(struct kafka_source *source, int32_t partition, int64_t offset,
                                  struct actor *partition_actor)
{
    struct kafka_partition *p = kafka_source_find(source, partition);
    assert(p != NULL); /* between `assigned` and the release */
    assert(p->state == KAFKA_PARTITION_opening);
    p->reader = partition_actor;
    if (p->is_revoked) {
        return;
    }
    if (offset < 0) {
        kafka_partition_locate(p);
        return;
    }
    p->position = offset;
    p->state = KAFKA_PARTITION_ready;
    kafka_group_advance(source);
}

struct actor *kafka_source_actor(struct kafka_source *source, int32_t partition)
{
    struct kafka_partition *p = kafka_source_find(source, partition);
    assert(p != NULL);
    return &p->actor;
}

void kafka_source_release(struct kafka_source *source, int32_t partition)
{
    struct kafka_partition *p = kafka_source_find(source, partition);
    assert(p != NULL);
    if (source->stop != KAFKA_STOP_no) {
        kafka_group_add_commit(source->left_over, p);
    }
    kafka_partition_release(p);
    kafka_group_advance(source);
}

void kafka_source_commit(struct kafka_source *source, int32_t partition, int64_t next_offset,
                         int64_t era, int64_t acked_offset)
{
    struct kafka_partition *p = kafka_source_find(source, partition);
    assert(p != NULL);
    p->commit_offset = next_offset;
    p->commit_era = era;
    p->commit_acked = acked_offset;
}

bool kafka_source_is_up(const struct kafka_source *source)
{
    return source->health.is_up;
}

bool kafka_source_has_joined(const struct kafka_source *source)
{
    return source->has_joined;
}

/* Each call to the owner may take a partition out of the list. */
static struct kafka_partition *next_to_revoke(struct kafka_source *source)
{
    struct kafka_partition *p = source->partitions;
    while (p != NULL && p->is_revoked) {
        p = p->next;
    }
    return p;
}

void kafka_source_stop(struct kafka_source *source)
{
    assert(source->stop == KAFKA_STOP_no);
    source->stop = KAFKA_STOP_releasing;
    (void)uv_timer_start(&source->timer, on_tick, STOPPING_TICK_MS, STOPPING_TICK_MS);
    struct kafka_partition *p;
    while ((p = next_to_revoke(source)) != NULL) {
        p->is_revoked = true;
        source->options.owner.revoked(source->options.owner.context, p->number, false);
    }
    kafka_group_advance(source);
}

/* Thread: a worker; the threads of librdkafka are joined here. */
static void on_destroy(struct job *job)
{
    close_client(container_of(job, struct kafka_source, destroy));
}

static void on_client_destroyed(struct job *job)
{
    free_memory(container_of(job, struct kafka_source, destroy));
}

void kafka_source_let_go(struct kafka_source *source)
{
    assert(source->holders > 0);
    source->holders--;
    if (source->holders == 0) {
        assert(source->is_destroyed);
        job_start(&source->destroy, loop_uv(source->options.loop), on_destroy, on_client_destroyed);
    }
}

static void on_wakeup_closed(struct kafka_wakeup *wakeup)
{
    kafka_source_let_go(container_of(wakeup, struct kafka_source, wakeup));
}

static void on_timer_closed(uv_handle_t *handle)
{
    kafka_source_let_go(container_of((uv_timer_t *)handle, struct kafka_source, timer));
}

void kafka_source_destroy(struct kafka_source **source_p)
{
    struct kafka_source *source = *source_p;
    *source_p = NULL;
    if (source == NULL) {
        return;
    }
    source->is_destroyed = true;
    while (source->partitions != NULL) {
        kafka_partition_release(source->partitions);
    }
    if (source->revoked != NULL) {
        rd_kafka_topic_partition_list_destroy(source->revoked);
        source->revoked = NULL;
        source->is_answer_due = false;
    }
    metrics_put(source->metrics, METRIC_kafka_up, 0);
    kafka_wakeup_close(&source->wakeup, on_wakeup_closed);
    uv_close((uv_handle_t *)&source->timer, on_timer_closed);
}
