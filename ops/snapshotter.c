#include "ops/snapshotter.h"

#include "actors/partition_metrics.h"
#include "runtime/job.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "state/snapshot_remote.h"
#include "state/store.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { PHASES = 97 };

struct waiter {
    snapshotter_done_fn *done;
    void *context;
    struct waiter *next;
};

struct snapshotter {
    struct snapshotter_options options;
    struct metrics_set *metrics;
    uv_timer_t timer;
    struct job job;
    bool is_busy;
    bool is_stopped;
    struct waiter *waiters;
    _Atomic int64_t deadline_ms; /* INT64_MAX: none */

    /* What the job says. */
    enum status status;
    struct snapshot snapshot;
    const char *failed_step;
    bool is_empty; /* no record was read yet */
};

/* snapshot_progress_fn */
static bool has_time(void *context, int64_t done_bytes, int64_t total_bytes)
{
    const struct snapshotter *s = context;
    (void)done_bytes;
    (void)total_bytes;
    return (int64_t)(uv_hrtime() / 1000000) < atomic_load(&s->deadline_ms);
}

static bool step(struct snapshotter *s, const char *name, enum status status)
{
    s->status = status;
    s->failed_step = status == STATUS_OK ? NULL : name;
    return status == STATUS_OK;
}

/* False: it failed, or there is nothing to copy yet. */
static bool copy(struct snapshotter *s, struct store *store)
{
    struct snapshot_progress progress = {has_time, s};
    struct meta meta;
    s->is_empty = false;
    if (!step(s, "look", store_read_meta(store, &meta))) {
        return false;
    }
    s->is_empty = meta.next_offset < 0;
    if (s->is_empty) {
        s->status = STATUS_NOT_FOUND;
        return false;
    }
    return step(s, "copy", snapshot_create(store, &progress, &s->snapshot));
}

static void copy_on(struct snapshotter *s, const char *folder)
{
    const struct snapshotter_options *o = &s->options;
    struct snapshot_progress progress = {has_time, s};
    size_t deleted;

    if (o->remote != NULL &&
        step(s, "publish", snapshot_publish(o->remote, folder, &s->snapshot, &progress))) {
        (void)step(s, "prune the published",
                   snapshot_prune_remote(o->remote, o->topic, o->partition, o->keep, &deleted));
    }
    enum status status = snapshot_prune(folder, o->keep, &deleted);
    if (s->status == STATUS_OK) {
        (void)step(s, "prune", status);
    }
}

static void work(struct job *job)
{
    struct snapshotter *s = container_of(job, struct snapshotter, job);
    if (copy(s, s->options.store)) {
        copy_on(s, store_folder(s->options.store));
    }
}

static int64_t wall_ms(void)
{
    uv_timeval64_t now;
    return uv_gettimeofday(&now) == 0 ? now.tv_sec * 1000 + now.tv_usec / 1000 : 0;
}

/* Any thread. */
static void tell(const struct snapshotter *s)
{
    const struct snapshotter_options *o = &s->options;
    if (s->is_empty) {
        return;
    }
    if (s->status == STATUS_OK) {
        log_event(LOG_snapshot_taken, log_text("topic", o->topic),
                  log_int("partition", o->partition), log_text("name", s->snapshot.name),
                  log_int("size_bytes", s->snapshot.size_bytes));
    } else {
        log_event(LOG_snapshot_failed, log_text("topic", o->topic),
                  log_int("partition", o->partition), log_text("step", s->failed_step),
                  log_text("error", status_text(s->status)));
    }
}

static void count(struct snapshotter *s)
{
    if (s->is_empty) {
        return;
    }
    if (s->status == STATUS_OK) {
        metrics_put(s->metrics, METRIC_snapshot_timestamp_seconds, wall_ms());
        metrics_put(s->metrics, METRIC_snapshot_offset, s->snapshot.next_offset);
    } else {
        metrics_add(s->metrics, METRIC_snapshot_failures_total, 1);
    }
}

static void answer_waiters(struct snapshotter *s)
{
    struct waiter *waiter = s->waiters;
    s->waiters = NULL;
    while (waiter != NULL) {
        struct waiter *next = waiter->next;
        waiter->done(waiter->context, s->status, &s->snapshot);
        mem_free(waiter);
        waiter = next;
    }
}

static void on_done(struct job *job)
{
    struct snapshotter *s = container_of(job, struct snapshotter, job);
    s->is_busy = false;
    if (!s->is_stopped || s->status != STATUS_TIMED_OUT) {
        tell(s);
        count(s);
    }
    answer_waiters(s);
}

static void begin(struct snapshotter *s)
{
    if (!s->is_busy && !s->is_stopped) {
        s->is_busy = true;
        job_start_alone(&s->job, loop_uv(s->options.loop), work, on_done);
    }
}

static void on_due(uv_timer_t *timer)
{
    begin(container_of(timer, struct snapshotter, timer));
}

/* Partitions that were opened together are copied one after the other. */
static uint64_t first_ms(const struct snapshotter_options *o)
{
    int64_t half_ms = o->interval_ms / 2;
    return (uint64_t)(half_ms + half_ms * (o->partition * 31 % PHASES) / PHASES);
}

struct snapshotter *snapshotter_create(const struct snapshotter_options *options)
{
    struct snapshotter *s = mem_new(1, sizeof(*s));

    s->options = *options;
    atomic_init(&s->deadline_ms, INT64_MAX);
    s->metrics = partition_metrics(options->metrics, options->topic, options->partition);
    (void)uv_timer_init(loop_uv(options->loop), &s->timer);
    (void)uv_timer_start(&s->timer, on_due, first_ms(options), (uint64_t)options->interval_ms);
    return s;
}

void snapshotter_ask(struct snapshotter *s, snapshotter_done_fn *done, void *context)
{
    if (s->is_stopped) {
        done(context, STATUS_BUSY, NULL);
        return;
    }
    struct waiter *waiter = mem_new(1, sizeof(*waiter));
    *waiter = (struct waiter){done, context, s->waiters};
    s->waiters = waiter;
    begin(s);
}

void snapshotter_stop(struct snapshotter *s)
{
    s->is_stopped = true;
    atomic_store(&s->deadline_ms, 0);
    (void)uv_timer_stop(&s->timer);
}

bool snapshotter_is_busy(const struct snapshotter *s)
{
    return s->is_busy;
}

void snapshotter_finish(struct snapshotter *s, struct store **store_p, int64_t deadline_ms)
{
    char folder[4096];
    assert(s->is_stopped && !s->is_busy);
    snprintf(folder, sizeof(folder), "%s", store_folder(*store_p));
    atomic_store(&s->deadline_ms, deadline_ms);
    bool is_copied = copy(s, *store_p);
    store_close(store_p);
    if (is_copied) {
        copy_on(s, folder);
    }
    tell(s);
}

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(container_of((uv_timer_t *)handle, struct snapshotter, timer));
}

void snapshotter_destroy(struct snapshotter **snapshotter_p)
{
    struct snapshotter *s = *snapshotter_p;
    *snapshotter_p = NULL;
    if (s != NULL) {
        assert(!s->is_busy);
        uv_close((uv_handle_t *)&s->timer, on_timer_closed);
    }
}
