#include "ops/hosted_internal.h"

#include "actors/edge/kafka_mark.h"
#include "actors/edge/store_reader.h"
#include "actors/edge/store_writer.h"
#include "ops/snapshotter.h"
#include "runtime/actor.h"
#include "runtime/base.h"
#include "runtime/job.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/sched.h"
#include "state/object_store.h"

#include <assert.h>
#include <stdatomic.h>
#include <uv.h>

/* How often a lock, and what else keeps a partition from opening, is tried again; and how often we
 * look whether the edges are done. */
enum { LOCK_RETRY_MS = 200, OPEN_RETRY_MS = 2000, REST_POLL_MS = 2 };

static void try_open(struct hosted *h);
static void rest(void *context);

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(container_of((uv_timer_t *)handle, struct hosted, timer));
}

static void finish(struct hosted *h)
{
    if (h->halt != STATUS_OK) {
        struct metrics_set *metrics = hosted_metrics(h);
        metrics_remove(h->options.metrics, &metrics);
    }
    snapshotter_destroy(&h->snapshotter);
    object_store_close(&h->remote);
    h->options.closed(h->options.context, hosted_partition(h));
    uv_close((uv_handle_t *)&h->timer, on_timer_closed);
}

static void work_close(struct job *job)
{
    struct hosted *h = container_of(job, struct hosted, job);
    if (h->is_dropped) {
        store_abandon(&h->store);
    } else if (h->snapshotter != NULL) {
        snapshotter_finish(h->snapshotter, &h->store, h->snapshot_deadline_ms);
    } else {
        store_close(&h->store);
    }
}

static void on_store_closed(struct job *job)
{
    struct hosted *h = container_of(job, struct hosted, job);
    log_event(LOG_partition_closed, log_text("topic", hosted_topic(h)),
              log_int("partition", hosted_partition(h)));
    finish(h);
}

static void close_store(struct hosted *h)
{
    h->state = HOSTED_closing;
    if (h->store == NULL) {
        finish(h);
        return;
    }
    job_start_alone(&h->job, loop_uv(h->options.loop), work_close, on_store_closed);
}

static void on_retry(uv_timer_t *timer)
{
    struct hosted *h = container_of(timer, struct hosted, timer);
    if (h->is_given_up) {
        close_store(h);
    } else {
        try_open(h);
    }
}

static void try_later(struct hosted *h)
{
    bool is_locked = h->status == STATUS_BUSY;
    if (!h->is_waiting_told) {
        log_event(is_locked ? LOG_partition_waiting : LOG_partition_delayed,
                  log_text("topic", hosted_topic(h)), log_int("partition", hosted_partition(h)),
                  log_text("error", status_text(h->status)));
        h->is_waiting_told = true;
    }
    (void)uv_timer_start(&h->timer, on_retry, is_locked ? LOCK_RETRY_MS : OPEN_RETRY_MS, 0);
}

static void work_open(struct job *job)
{
    struct hosted *h = container_of(job, struct hosted, job);
    h->status = opening_run(&h->options.opening, &h->opening);
    h->store = h->opening.store;
}

static void note_halt(void *context, enum status why)
{
    struct hosted *h = context;
    h->halt = why;
    metrics_put(hosted_metrics(h), METRIC_partition_halted, 1);
    log_event(LOG_partition_halted, log_text("topic", hosted_topic(h)),
              log_int("partition", hosted_partition(h)), log_text("reason", status_text(why)));
    h->options.halted(h->options.context, hosted_partition(h), why);
}

static bool is_for_somebody_to_decide(enum status status)
{
    return status == STATUS_LOG_LOST || status == STATUS_REPARTITIONED;
}

static void tell_opened(struct hosted *h)
{
    h->state = HOSTED_open;
    h->next_offset = h->opening.next_offset;
    log_event(LOG_partition_opened, log_text("topic", hosted_topic(h)),
              log_int("partition", hosted_partition(h)),
              log_int("next_offset", h->opening.next_offset));
    h->options.opened(h->options.context, hosted_partition(h), h->opening.next_offset);
}

static void on_store_opened(struct job *job)
{
    struct hosted *h = container_of(job, struct hosted, job);

    if (h->is_given_up) {
        close_store(h);
        return;
    }
    if (status_class_of(h->status) == STATUS_CLASS_RETRY) {
        try_later(h);
    } else if (is_for_somebody_to_decide(h->status)) {
        h->state = HOSTED_halted;
        note_halt(h, h->status);
    } else if (h->status != STATUS_OK) {
        h->options.failed(h->options.context, hosted_partition(h), h->status);
    } else {
        tell_opened(h);
    }
}

static void try_open(struct hosted *h)
{
    job_start_alone(&h->job, loop_uv(h->options.loop), work_open, on_store_opened);
}

struct hosted *hosted_open(const struct hosted_options *options)
{
    struct hosted *h = mem_new(1, sizeof(*h));
    char error[256];
    h->options = *options;
    h->next_offset = -1;
    if (options->takes_snapshots && options->snapshots_url[0] != '\0') {
        /* The url was tried when the shard started. */
        (void)(object_store_open(options->snapshots_url, &h->remote, error, sizeof(error)) ==
               STATUS_OK);
    }
    h->options.opening.remote = h->remote;
    h->options.opening.is_given_up = &h->is_given_up;
    (void)uv_timer_init(loop_uv(options->loop), &h->timer);
    try_open(h);
    return h;
}

static void on_checkpointed(void *context, int64_t next_offset, int64_t acked_offset)
{
    struct hosted *h = context;
    const struct meta *meta = store_meta(h->store);
    const struct kafka_mark mark = {meta->era, acked_offset, meta->topic_partitions};
    h->next_offset = next_offset >= 0 ? next_offset : h->next_offset;
    h->options.checkpointed(h->options.context, hosted_partition(h), next_offset, &mark);
}

static void on_symbol_seen(void *context, const char *symbol)
{
    struct hosted *h = context;
    h->options.symbol_seen(h->options.context, hosted_partition(h), symbol);
}

static void start_snapshots(struct hosted *h)
{
    if (h->options.takes_snapshots) {
        h->snapshotter = snapshotter_create(&(struct snapshotter_options){
            .loop = h->options.loop,
            .metrics = h->options.metrics,
            .store = h->store,
            .remote = h->remote,
            .topic = hosted_topic(h),
            .partition = hosted_partition(h),
            .interval_ms = h->options.snapshots_interval_ms,
            .keep = h->options.snapshots_keep,
        });
    }
}

void hosted_start(struct hosted *h, struct actor *source)
{
    assert(h->state == HOSTED_open);

    h->writer = store_writer_create(h->options.loop, h->store);
    h->reader = store_reader_create(h->options.loop, h->store);
    struct pipeline_options options = {
        .partition =
            {
                .sched = loop_sched(h->options.loop),
                .store = h->store,
                .rules = h->options.rules,
                .source = source,
                .store_writer = store_writer_actor(h->writer),
                .metrics = h->options.metrics,
                .topic = hosted_topic(h),
                .partition = hosted_partition(h),
                .floor_ms = h->opening.floor_ms,
                .quiet_until = h->opening.quiet_until,
                .topic_partitions = h->opening.topic_partitions,
                .cluster = h->opening.cluster,
                .is_key_required = h->opening.topic_partitions > 1,
                .linger_ms = h->options.linger_ms,
                .records_max = h->options.records_max,
                .outbox_bytes_max = h->options.outbox_bytes_max,
                .context = h,
                .checkpointed = on_checkpointed,
                .drained = rest,
                .halted = note_halt,
                .symbol_seen = on_symbol_seen,
            },
        .store_reader = store_reader_actor(h->reader),
        .seed = h->options.seed,
    };
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        options.sinks[sink] = h->options.sinks[sink];
    }
    h->pipeline = pipeline_create(&options);
    start_snapshots(h);
    h->state = HOSTED_running;
    hosted_note_log_end(h, h->opening.log_end);
    pipeline_start(h->pipeline);
    if (h->halt_due != STATUS_OK) {
        hosted_halt(h, h->halt_due);
    }
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
    bool is_copying = h->snapshotter != NULL && snapshotter_is_busy(h->snapshotter);
    if (!pipeline_is_busy(h->pipeline) && !store_reader_is_busy(h->reader) && !is_copying) {
        (void)uv_timer_stop(timer);
        destroy_pipeline(h);
        close_store(h);
    }
}

/* Waits until no edge works for us any more. Not within an actor's turn: its memory would go. */
static void rest(void *context)
{
    struct hosted *h = context;
    h->state = HOSTED_resting;
    pipeline_stop(h->pipeline);
    if (h->snapshotter != NULL) {
        snapshotter_stop(h->snapshotter);
    }
    (void)uv_timer_start(&h->timer, on_rest_poll, REST_POLL_MS, REST_POLL_MS);
}

void hosted_drain(struct hosted *h, struct hosted_deadlines deadlines)
{
    if (h->state == HOSTED_closing) {
        return; /* the worker looks at when */
    }
    h->is_given_up = true;
    h->snapshot_deadline_ms = deadlines.snapshot_ms;
    if (h->state == HOSTED_open || h->state == HOSTED_halted) {
        close_store(h);
    } else if (h->state == HOSTED_running || h->state == HOSTED_draining) {
        h->state = HOSTED_draining;
        pipeline_drain(h->pipeline, deadlines.sinks_ms);
    }
}

void hosted_halt(struct hosted *h, enum status why)
{
    if (h->state == HOSTED_running && h->halt == STATUS_OK) {
        pipeline_halt(h->pipeline, why);
    } else if (h->state == HOSTED_opening && h->halt_due == STATUS_OK) {
        h->halt_due = why;
    }
}

void hosted_drop(struct hosted *h)
{
    if (h->state == HOSTED_closing) {
        return; /* the worker looks at how */
    }
    h->is_given_up = true;
    h->is_dropped = true;
    if (h->state == HOSTED_open || h->state == HOSTED_halted) {
        close_store(h);
    } else if (h->state == HOSTED_running || h->state == HOSTED_draining) {
        rest(h);
    }
}
