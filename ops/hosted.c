#include "ops/hosted.h"

#include "actors/edge/store_reader.h"
#include "actors/edge/store_writer.h"
#include "runtime/actor.h"
#include "runtime/base.h"
#include "runtime/job.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/sched.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

/* How often a lock is tried again, and how often we look whether the edges are done. */
enum { LOCK_RETRY_MS = 200, REST_POLL_MS = 2 };

enum hosted_state {
    HOSTED_opening,
    HOSTED_open, /* until hosted_start() */
    HOSTED_running,
    HOSTED_draining,
    HOSTED_resting, /* waits for the edges to answer */
    HOSTED_closing,
};

struct hosted {
    struct hosted_options options;
    enum hosted_state state;
    bool is_given_up; /* to be closed as soon as it can be */
    bool is_dropped;
    bool is_waiting_told;
    struct job job;
    uv_timer_t timer;
    struct store *store;
    enum status status;
    struct store_writer *writer;
    struct store_reader *reader;
    struct pipeline *pipeline;
};

static void try_open(struct hosted *h);
static void rest(struct hosted *h);

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(container_of((uv_timer_t *)handle, struct hosted, timer));
}

static void finish(struct hosted *h)
{
    h->options.closed(h->options.context, h->options.store.partition);
    uv_close((uv_handle_t *)&h->timer, on_timer_closed);
}

static void work_close(struct job *job)
{
    struct hosted *h = container_of(job, struct hosted, job);
    if (h->is_dropped) {
        store_abandon(&h->store);
    } else {
        store_close(&h->store);
    }
}

static void on_store_closed(struct job *job)
{
    struct hosted *h = container_of(job, struct hosted, job);
    log_event(LOG_partition_closed, log_text("topic", h->options.store.topic),
              log_int("partition", h->options.store.partition));
    finish(h);
}

static void close_store(struct hosted *h)
{
    h->state = HOSTED_closing;
    if (h->store == NULL) {
        finish(h);
        return;
    }
    job_start(&h->job, loop_uv(h->options.loop), work_close, on_store_closed);
}

static void on_lock_retry(uv_timer_t *timer)
{
    struct hosted *h = container_of(timer, struct hosted, timer);
    if (h->is_given_up) {
        close_store(h);
    } else {
        try_open(h);
    }
}

static void wait_for_lock(struct hosted *h)
{
    if (!h->is_waiting_told) {
        log_event(LOG_partition_waiting, log_text("topic", h->options.store.topic),
                  log_int("partition", h->options.store.partition),
                  log_text("error", status_text(h->status)));
        h->is_waiting_told = true;
    }
    (void)uv_timer_start(&h->timer, on_lock_retry, LOCK_RETRY_MS, 0);
}

static void work_open(struct job *job)
{
    struct hosted *h = container_of(job, struct hosted, job);
    h->status = store_open(&h->options.store, &h->store);
}

static void on_store_opened(struct job *job)
{
    struct hosted *h = container_of(job, struct hosted, job);

    if (h->is_given_up) {
        close_store(h);
        return;
    }
    if (status_class_of(h->status) == STATUS_CLASS_RETRY) {
        wait_for_lock(h);
        return;
    }
    if (h->status != STATUS_OK) {
        h->options.failed(h->options.context, h->options.store.partition, h->status);
        return;
    }
    h->state = HOSTED_open;
    int64_t next_offset = store_meta(h->store)->next_offset;
    log_event(LOG_partition_opened, log_text("topic", h->options.store.topic),
              log_int("partition", h->options.store.partition),
              log_int("next_offset", next_offset));
    h->options.opened(h->options.context, h->options.store.partition, next_offset);
}

static void try_open(struct hosted *h)
{
    job_start(&h->job, loop_uv(h->options.loop), work_open, on_store_opened);
}

struct hosted *hosted_open(const struct hosted_options *options)
{
    struct hosted *h = mem_new(1, sizeof(*h));
    h->options = *options;
    (void)uv_timer_init(loop_uv(options->loop), &h->timer);
    try_open(h);
    return h;
}

static void on_checkpointed(void *context, int64_t next_offset, int64_t acked_offset)
{
    struct hosted *h = context;
    h->options.checkpointed(h->options.context, h->options.store.partition, next_offset,
                            store_meta(h->store)->era, acked_offset);
}

static void on_drained(void *context)
{
    rest(context);
}

void hosted_start(struct hosted *h, struct actor *source)
{
    struct sched *sched = loop_sched(h->options.loop);
    assert(h->state == HOSTED_open);

    h->writer = store_writer_create(h->options.loop, h->store);
    h->reader = store_reader_create(h->options.loop, h->store);
    struct pipeline_options options = {
        .partition =
            {
                .sched = sched,
                .store = h->store,
                .rules = h->options.rules,
                .source = source,
                .store_writer = store_writer_actor(h->writer),
                .metrics = h->options.metrics,
                .topic = h->options.store.topic,
                .partition = h->options.store.partition,
                .linger_ms = h->options.linger_ms,
                .records_max = h->options.records_max,
                .outbox_bytes_max = h->options.outbox_bytes_max,
                .context = h,
                .checkpointed = on_checkpointed,
                .drained = on_drained,
            },
        .store_reader = store_reader_actor(h->reader),
        .seed = h->options.seed,
    };
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        options.sinks[sink] = h->options.sinks[sink];
    }
    h->pipeline = pipeline_create(&options);
    h->state = HOSTED_running;
    pipeline_start(h->pipeline);
}

struct actor *hosted_actor(struct hosted *h)
{
    return pipeline_partition(h->pipeline);
}

static void destroy_pipeline(struct hosted *h)
{
    pipeline_destroy(&h->pipeline);
    store_reader_destroy(&h->reader);
    store_writer_destroy(&h->writer);
}

static void on_rest_poll(uv_timer_t *timer)
{
    struct hosted *h = container_of(timer, struct hosted, timer);
    if (!pipeline_is_busy(h->pipeline) && !store_reader_is_busy(h->reader)) {
        (void)uv_timer_stop(timer);
        destroy_pipeline(h);
        close_store(h);
    }
}

/* Waits until no edge works for us any more. Not within an actor's turn: its memory would go. */
static void rest(struct hosted *h)
{
    h->state = HOSTED_resting;
    pipeline_stop(h->pipeline);
    (void)uv_timer_start(&h->timer, on_rest_poll, REST_POLL_MS, REST_POLL_MS);
}

void hosted_drain(struct hosted *h, int64_t deadline_ms)
{
    h->is_given_up = true;
    if (h->state == HOSTED_open) {
        close_store(h);
    } else if (h->state == HOSTED_running) {
        h->state = HOSTED_draining;
        pipeline_drain(h->pipeline, deadline_ms);
    }
}

void hosted_drop(struct hosted *h)
{
    if (h->state == HOSTED_closing) {
        return; /* the worker looks at how */
    }
    h->is_given_up = true;
    h->is_dropped = true;
    if (h->state == HOSTED_open) {
        close_store(h);
    } else if (h->state == HOSTED_running || h->state == HOSTED_draining) {
        rest(h);
    }
}

struct store *hosted_store(struct hosted *h)
{
    return h->state == HOSTED_opening || h->state == HOSTED_closing ? NULL : h->store;
}

void hosted_measure(struct hosted *h)
{
    struct store_stats stats;
    char labels[400];

    if (h->state != HOSTED_running || store_stats(h->store, &stats) != STATUS_OK) {
        return;
    }
    snprintf(labels, sizeof(labels), "topic=\"%s\",partition=\"%" PRId32 "\"",
             h->options.store.topic, h->options.store.partition);
    metrics_put(metrics_set_of(h->options.metrics, METRIC_SCOPE_partition, labels),
                METRIC_state_size_bytes, (int64_t)stats.used_bytes);
}

int32_t hosted_partition(const struct hosted *h)
{
    return h->options.store.partition;
}

bool hosted_is_running(const struct hosted *h)
{
    return h->state == HOSTED_running;
}
