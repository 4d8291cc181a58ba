#include "actors/edge/kafka_source.h"

#include "actors/edge/kafka_source_internal.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"

#include <assert.h>
#include <string.h>

enum {
    TICK_MS = 1000,
    STOPPING_TICK_MS = 50,
    POKE_MS = 2,
    TEXT_BYTES_MAX = 256,
    LIBRARY_THAT_LOOKS_AGAIN = 0x020200ff, /* it has fetch.queue.backoff.ms */
    LIBRARY_THAT_DESTROYS_WELL = 0x020300ff,
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
        kafka_wakeup_again(&source->group.wakeup);
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
    const rd_kafka_conf_t *conf = rd_kafka_conf(source->fetch.client);
    char name[TEXT_BYTES_MAX] = "";
    char password[TEXT_BYTES_MAX] = "";
    size_t name_size = sizeof(name);
    size_t password_size = sizeof(password);
    (void)rd_kafka_conf_get(conf, "sasl.username", name, &name_size);
    (void)rd_kafka_conf_get(conf, "sasl.password", password, &password_size);
    if (name_size > sizeof(name) || password_size > sizeof(password)) {
        return; /* cut credentials would lock us out */
    }
    rd_kafka_error_t *error = rd_kafka_sasl_set_credentials(source->fetch.client, name, password);
    if (error != NULL) {
        rd_kafka_error_destroy(error);
    }
}

bool kafka_source_accept(rd_kafka_error_t *error, const char *call)
{
    if (error == NULL) {
        return true;
    }
    log_event(LOG_kafka_error, log_text("call", call),
              log_text("error", rd_kafka_error_string(error)));
    rd_kafka_error_destroy(error);
    return false;
}

static void on_woken(struct kafka_wakeup *wakeup)
{
    kafka_event_poll(container_of(wakeup, struct kafka_link, wakeup));
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

static enum status open_client(struct kafka_link *link, rd_kafka_conf_t *conf)
{
    enum status status = kafka_client_new(RD_KAFKA_CONSUMER, conf, &link->client);
    if (status != STATUS_OK) {
        return status;
    }
    (void)rd_kafka_poll_set_consumer(link->client);
    link->queue = rd_kafka_queue_get_consumer(link->client);
    return STATUS_OK;
}

/* What is wrong with it is told at the start, not when the reader is made. */
static enum status check_fetch(struct kafka_source *source)
{
    rd_kafka_conf_t *conf;
    enum status status = kafka_source_conf_fetch(&source->options, KAFKA_AHEAD_KIB_MIN, &conf);
    if (status == STATUS_OK) {
        rd_kafka_conf_destroy(conf);
    }
    return status;
}

static enum status open_clients(struct kafka_source *source)
{
    rd_kafka_conf_t *conf;
    enum status status = kafka_source_conf_group(&source->options, &conf);
    if (status == STATUS_OK) {
        kafka_heartbeat_watch(&source->heartbeat, conf);
        status = open_client(&source->group, conf);
    }
    if (status == STATUS_OK) {
        status = check_fetch(source);
    }
    if (status == STATUS_OK && !kafka_source_is_ordinal(source)) {
        status = kafka_group_join(source);
    }
    return status;
}

static void free_memory(struct kafka_source *source)
{
    rd_kafka_topic_partition_list_destroy(source->left_over);
    kafka_property_destroy(&source->properties);
    mem_free(source->texts);
    mem_free(source);
}

static void close_client(struct kafka_link *link)
{
    if (link->queue != NULL) {
        rd_kafka_queue_destroy(link->queue);
        link->queue = NULL;
    }
    if (link->client != NULL) {
        rd_kafka_destroy_flags(link->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        link->client = NULL;
    }
}

/* Before 2.3 librdkafka aborts when a member is destroyed that was never assigned anything (its
 * issue 4312). Such a client is left to the end of the process. */
static bool may_be_destroyed(const struct kafka_source *source)
{
    return source->was_assigned || kafka_source_is_ordinal(source) ||
           rd_kafka_version() >= LIBRARY_THAT_DESTROYS_WELL;
}

static void close_clients(struct kafka_source *source)
{
    if (!may_be_destroyed(source)) {
        source->group.client = NULL;
    }
    close_client(&source->group);
    close_client(&source->fetch);
}

static enum status open_wakeup(struct kafka_source *source, struct kafka_link *link)
{
    enum status status =
        kafka_wakeup_open(&link->wakeup, source->options.loop, link->queue, on_woken);
    link->is_open = status == STATUS_OK;
    source->holders += link->is_open;
    return status;
}

enum status kafka_source_open_fetch(struct kafka_source *source, int32_t partitions)
{
    rd_kafka_conf_t *conf;
    source->ahead_kib = kafka_source_ahead_kib(partitions);
    enum status status = kafka_source_conf_fetch(&source->options, source->ahead_kib, &conf);
    if (status == STATUS_OK) {
        status = open_client(&source->fetch, conf);
    }
    if (status == STATUS_OK) {
        status = open_wakeup(source, &source->fetch);
    }
    return status;
}

static void start_timer(struct kafka_source *source)
{
    (void)uv_timer_init(loop_uv(source->options.loop), &source->timer);
    (void)uv_timer_start(&source->timer, on_tick, TICK_MS, TICK_MS);
    source->holders++;
}

enum status kafka_source_create(const struct kafka_source_options *options,
                                struct kafka_source **out_source)
{
    struct kafka_source *source = mem_new(1, sizeof(*source));
    source->options = *options;
    source->group.source = source;
    source->fetch.source = source;
    source->partition_count = -1;
    source->left_over = kafka_group_list();
    source->metrics = metrics_set_of(options->metrics, METRIC_SCOPE_process, "");
    kafka_health_init(&source->health, "source", source->metrics, METRIC_kafka_up);
    copy_texts(source);

    enum status status = open_clients(source);
    if (status != STATUS_OK) {
        close_clients(source);
        free_memory(source);
        return status;
    }
    start_timer(source);
    status = open_wakeup(source, &source->group);
    if (status != STATUS_OK) {
        kafka_source_destroy(&source);
        return status;
    }
    kafka_topic_count(source);
    *out_source = source;
    return STATUS_OK;
}

void kafka_source_start_partition(struct kafka_source *source, int32_t partition, int64_t offset,
                                  struct actor *partition_actor)
{
    struct kafka_partition *p = kafka_source_find(source, partition);
    assert(p != NULL); /* between `assigned` and the release */
    assert(p->state == KAFKA_PARTITION_opening);
    p->reader = partition_actor;
    if (!p->is_revoked) {
        kafka_partition_start(p, offset);
    }
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
        kafka_commit_keep(source, p);
    }
    kafka_partition_release(p);
    kafka_group_advance(source);
}

void kafka_source_commit(struct kafka_source *source, int32_t partition, int64_t next_offset,
                         const struct kafka_mark *mark)
{
    struct kafka_partition *p = kafka_source_find(source, partition);
    assert(p != NULL);
    p->commit_offset = next_offset;
    p->commit_mark = *mark;
    p->is_committed = false;
}

void kafka_source_confirm(struct kafka_source *source, kafka_source_confirmed_fn *callback,
                          void *context)
{
    kafka_confirm_want(source, callback, context);
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

void kafka_source_move_at_stop(struct kafka_source *source)
{
    source->options.moves_partitions = true;
}

void kafka_source_stop(struct kafka_source *source)
{
    assert(source->stop == KAFKA_STOP_no);
    source->stop = KAFKA_STOP_releasing;
    (void)uv_timer_start(&source->timer, on_tick, STOPPING_TICK_MS, STOPPING_TICK_MS);
    struct kafka_partition *p;
    while ((p = next_to_revoke(source)) != NULL) {
        kafka_group_ask_back(p, false);
    }
    kafka_group_advance(source);
}

/* Thread: a worker; the threads of librdkafka are joined here. */
static void on_destroy(struct job *job)
{
    close_clients(container_of(job, struct kafka_source, destroy));
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
    kafka_source_let_go(container_of(wakeup, struct kafka_link, wakeup)->source);
}

static void on_timer_closed(uv_handle_t *handle)
{
    kafka_source_let_go(container_of((uv_timer_t *)handle, struct kafka_source, timer));
}

static void close_wakeup(struct kafka_link *link)
{
    if (link->is_open) {
        kafka_wakeup_close(&link->wakeup, on_wakeup_closed);
    }
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
    close_wakeup(&source->group);
    close_wakeup(&source->fetch);
    uv_close((uv_handle_t *)&source->timer, on_timer_closed);
}
