#include "actors/edge/mongo_sink.h"

#include "actors/edge/mongo_uri.h"
#include "actors/edge/mongo_worker.h"
#include "actors/edge/mongo_writer.h"
#include "actors/messages.h"
#include "runtime/actor.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/stage.h"

#include <stdio.h>
#include <uv.h>

enum { DISPATCHERS_MAX = 1024, ERROR_ROOM = 600, URI_ROOM = 512, NS_PER_US = 1000 };

struct mongo_sink {
    struct actor actor;
    struct mongo_worker *worker;
    struct metrics_set *metrics;
};

static void answer(struct actor *to, struct delivery *delivery, enum status status)
{
    struct msg msg = {
        .type = MSG_SINK_DELIVERED,
        .as_SINK_DELIVERED = {.status = status, .delivery = delivery},
    };
    actor_send(to, &msg);
}

static void count_written(struct metrics_set *metrics, const struct mongo_job *job)
{
    const struct delivery *delivery = job->delivery;
    size_t rejected = delivery->rejections == NULL ? 0 : delivery->rejections->count;
    size_t written = delivery->rows->count - rejected - delivery->stale_count;

    metrics_add(metrics, METRIC_sink_writes_total, (int64_t)written);
    metrics_add(metrics, METRIC_sink_stale_writes_total, (int64_t)delivery->stale_count);
    metrics_add(metrics, METRIC_sink_rejected_total, (int64_t)rejected);
    metrics_observe_us(metrics, METRIC_sink_write_seconds,
                       (int64_t)((uv_hrtime() - job->came_ns) / NS_PER_US));
}

static void answer_all(struct mongo_sink *sink)
{
    struct mongo_job *job;
    while ((job = mongo_worker_take(sink->worker)) != NULL) {
        if (job->status == STATUS_OK) {
            count_written(sink->metrics, job);
        }
        metrics_add(sink->metrics, METRIC_sink_failures_total, job->failures);
        answer(job->from, job->delivery, job->status);
        mem_free(job);
    }
}

static void on_wake(void *context)
{
    struct mongo_sink *sink = context;
    enum stage before = stage_enter(STAGE_mongo);
    metrics_put(sink->metrics, METRIC_sink_up, mongo_worker_is_up(sink->worker) ? 1 : 0);
    answer_all(sink);
    (void)stage_enter(before);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct mongo_sink *sink = container_of(actor, struct mongo_sink, actor);

    switch (msg->type) {
    case MSG_SINK_DELIVER:
        mongo_worker_submit(sink->worker, msg->as_SINK_DELIVER.delivery, msg->from);
        break;
    case MSG_SINK_CANCEL: /* what is being written is answered within the driver's timeouts */
        mongo_worker_cancel(sink->worker, msg->from);
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

/* Whoever asked waits for an answer. */
static void discard(const struct msg *unread)
{
    if (unread->type == MSG_SINK_DELIVER) {
        answer(unread->from, unread->as_SINK_DELIVER.delivery, STATUS_UNAVAILABLE);
    }
}

/* One delivery a partition, and a cancel of it. */
static const struct actor_class mongo_sink_class = {
    .name = "mongo_sink",
    .receive = receive,
    .discard = discard,
    .mailbox_capacity = 2 * DISPATCHERS_MAX,
    .stage = STAGE_mongo,
};

static void on_closed(void *context)
{
    struct mongo_sink *sink = context;
    mem_free(sink);
}

static enum status parse_collection(const char *text, struct key_template *out_collection,
                                    char *error, size_t error_size)
{
    char wrong[KEY_TEMPLATE_TEXT_MAX];
    enum status status = key_template_parse(text, out_collection, wrong, sizeof(wrong));
    if (status != STATUS_OK) {
        (void)snprintf(error, error_size, "mongo.collection: %s", wrong);
        return status;
    }
    if (key_template_has(out_collection, KEY_PART_open_time)) {
        (void)snprintf(error, error_size, "mongo.collection must not hold {openTime}");
        return STATUS_BAD_CONFIG;
    }
    return STATUS_OK;
}

static enum status make_writer(const struct mongo_sink_options *options,
                               struct mongo_writer **out_writer, char shown_uri[URI_ROOM],
                               char *error, size_t error_size)
{
    struct mongo_writer_options writer_options = {
        .database = options->database,
        .retention_ms = options->retention_ms,
        .gate = options->gate,
    };
    enum status status =
        parse_collection(options->collection, &writer_options.collection, error, error_size);
    if (status != STATUS_OK) {
        return status;
    }
    status = mongo_uri_parse(options->uri, &writer_options.uri, error, error_size);
    if (status != STATUS_OK) {
        return status;
    }
    mongo_uri_print(writer_options.uri, shown_uri, URI_ROOM);
    *out_writer = mongo_writer_create(&writer_options);
    return STATUS_OK;
}

/* The driver would write its own lines to standard error. */
static void prepare_driver(void)
{
    mongoc_init(); /* any number of times */
    mongoc_log_set_handler(NULL, NULL);
}

enum status mongo_sink_check(const char *uri, char *error, size_t error_size)
{
    mongoc_uri_t *parsed;
    mongoc_log_set_handler(NULL, NULL);
    enum status status = mongo_uri_parse(uri, &parsed, error, error_size);
    mongoc_log_set_handler(mongoc_log_default_handler, NULL);
    if (status == STATUS_OK) {
        mongoc_uri_destroy(parsed);
    }
    return status;
}

enum status mongo_sink_create(const struct mongo_sink_options *options,
                              struct mongo_sink **out_sink)
{
    struct mongo_writer *writer;
    char shown_uri[URI_ROOM];
    char error[ERROR_ROOM];

    prepare_driver();
    enum status status = make_writer(options, &writer, shown_uri, error, sizeof(error));
    if (status != STATUS_OK) {
        log_event(LOG_sink_refused, log_text("sink", "mongo"), log_text("error", error));
        return status;
    }
    struct mongo_sink *sink = mem_new(1, sizeof(*sink));
    sink->metrics = metrics_set_of(options->metrics, METRIC_SCOPE_sink, "sink=\"mongo\"");
    metrics_put(sink->metrics, METRIC_sink_up, 0);
    status = mongo_worker_start(
        &(struct mongo_worker_options){
            .loop = loop_uv(options->loop),
            .writer = writer,
            .shown_uri = shown_uri,
            .context = sink,
            .wake = on_wake,
            .closed = on_closed,
        },
        &sink->worker);
    if (status != STATUS_OK) {
        mongo_writer_destroy(&writer);
        mem_free(sink);
        return status;
    }
    actor_init(&sink->actor, &mongo_sink_class, loop_sched(options->loop));
    *out_sink = sink;
    return STATUS_OK;
}

struct actor *mongo_sink_actor(struct mongo_sink *sink)
{
    return &sink->actor;
}

bool mongo_sink_is_up(const struct mongo_sink *sink)
{
    return mongo_worker_is_up(sink->worker);
}

void mongo_sink_close(struct mongo_sink **sink_p)
{
    struct mongo_sink *sink = *sink_p;
    *sink_p = NULL;
    if (sink == NULL) {
        return;
    }
    mongo_worker_stop(sink->worker);
    answer_all(sink);
    metrics_put(sink->metrics, METRIC_sink_up, 0);
    actor_deinit(&sink->actor);
}
