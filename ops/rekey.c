#include "ops/rekey.h"

#include "ops/ops_http.h"
#include "ops/progress.h"
#include "ops/rekey_session_internal.h"
#include "runtime/job.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { TICK_MS = 100, RETRY_MS = 1000, LABELS_BYTES_MAX = 320 };

struct rekey {
    struct rekey_options options;
    struct loop *loop;
    struct metrics *metrics;
    struct metrics_set *process;
    struct ops_http *http;
    struct job job;
    struct rekey_session *session; /* of the worker while a job runs */
    struct rekey_view view;
    struct metrics_set **sets; /* of the source partitions */
    int32_t set_count;
    enum status status; /* of the last job */
    char error[REKEY_ERROR_MAX];
    uv_signal_t terminated;
    uv_signal_t interrupted;
    uv_timer_t tick;
    uv_timer_t again;
    uv_timer_t overdue;
    struct progress progress;
    bool is_down; /* the cluster did not answer, and the log has said so */
};

static void start(struct rekey *r);

static void finish(struct rekey *r, enum status status)
{
    r->status = status;
    loop_stop(r->loop);
}

/* Thread: the worker's. A session ends where it failed, so that the loop never waits for it. */
static void end_session(struct rekey *r)
{
    snprintf(r->error, sizeof(r->error), "%s", rekey_session_error(r->session));
    rekey_session_destroy(&r->session);
}

/* Thread: the worker's. */
static void do_start(struct job *job)
{
    struct rekey *r = container_of(job, struct rekey, job);
    r->status = rekey_session_start(r->session);
    if (r->status != STATUS_OK) {
        end_session(r);
    }
}

/* Thread: the worker's. */
static void do_copy(struct job *job)
{
    struct rekey *r = container_of(job, struct rekey, job);
    r->status = rekey_session_copy(r->session, r->sets);
    end_session(r);
}

static bool may_go_on(enum status status)
{
    return status_class_of(status) == STATUS_CLASS_RETRY || status == STATUS_PEER_FATAL;
}

static void on_again(uv_timer_t *timer)
{
    start(container_of(timer, struct rekey, again));
}

static void start_again(struct rekey *r)
{
    (void)uv_timer_start(&r->again, on_again, RETRY_MS, 0);
}

static void on_copied(struct job *job)
{
    struct rekey *r = container_of(job, struct rekey, job);
    if (r->status == STATUS_OK || atomic_load(&r->view.is_stopping) || !may_go_on(r->status)) {
        finish(r, r->status);
        return;
    }
    log_event(LOG_rekey_interrupted, log_text("topic", r->options.session.source),
              log_text("error", r->error));
    start_again(r);
}

static void make_sets(struct rekey *r, int32_t count)
{
    char labels[LABELS_BYTES_MAX];
    r->sets = mem_resize(r->sets, (size_t)count, sizeof(struct metrics_set *));
    r->set_count = count;
    for (int32_t i = 0; i < count; i++) {
        snprintf(labels, sizeof(labels), "topic=\"%s\",partition=\"%" PRId32 "\"",
                 r->options.session.source, i);
        r->sets[i] = metrics_set_of(r->metrics, METRIC_SCOPE_partition, labels);
    }
}

/* The target has been read, so copying begins. */
static void go_on(struct rekey *r)
{
    const struct rekey_session_options *o = &r->options.session;
    if (r->is_down) {
        log_event(LOG_kafka_connected, log_text("client", "rekey"));
    }
    r->is_down = false;
    make_sets(r, rekey_session_source_count(r->session));
    log_event(LOG_rekey_started, log_text("topic", o->source), log_text("target", o->target),
              log_int("records", atomic_load(&r->view.total)));
    progress_deinit(&r->progress);
    progress_init(&r->progress, r->options.is_terminal, "copying",
                  (uint64_t)atomic_load(&r->view.total), rekey_session_now_ms());
    job_start(&r->job, loop_uv(r->loop), do_copy, on_copied);
}

static void on_started(struct job *job)
{
    struct rekey *r = container_of(job, struct rekey, job);
    if (r->status == STATUS_OK) {
        go_on(r);
        return;
    }
    if (atomic_load(&r->view.is_stopping) && may_go_on(r->status)) {
        finish(r, STATUS_OK); /* nothing had begun */
        return;
    }
    if (!may_go_on(r->status)) {
        finish(r, r->status);
        return;
    }
    if (!r->is_down) {
        log_event(LOG_kafka_down, log_text("client", "rekey"), log_text("error", r->error));
    }
    r->is_down = true;
    start_again(r);
}

static void start(struct rekey *r)
{
    if (atomic_load(&r->view.is_stopping)) {
        finish(r, STATUS_OK);
        return;
    }
    struct rekey_session_options options = r->options.session;
    options.process = r->process;
    progress_deinit(&r->progress);
    progress_init(&r->progress, r->options.is_terminal, "reading the target", 0,
                  rekey_session_now_ms());
    r->session = rekey_session_create(&options, &r->view);
    job_start(&r->job, loop_uv(r->loop), do_start, on_started);
}

static void on_overdue(uv_timer_t *timer)
{
    (void)timer;
    log_event(LOG_stop_forced, log_text("reason", "shutdown.timeout is over"));
    _exit(EXIT_FAILURE);
}

static void on_signal(struct rekey *r)
{
    if (atomic_load(&r->view.is_stopping)) {
        log_event(LOG_stop_forced, log_text("reason", "a second signal"));
        _exit(EXIT_FAILURE);
    }
    log_event(LOG_stopping, log_text("topic", r->options.session.source));
    atomic_store(&r->view.is_stopping, true);
    (void)uv_timer_start(&r->overdue, on_overdue, (uint64_t)r->options.stop_ms_max, 0);
    if (uv_is_active((uv_handle_t *)&r->again)) {
        finish(r, STATUS_OK);
    }
}

static void on_terminated(uv_signal_t *handle, int number)
{
    (void)number;
    on_signal(container_of(handle, struct rekey, terminated));
}

static void on_interrupted(uv_signal_t *handle, int number)
{
    (void)number;
    on_signal(container_of(handle, struct rekey, interrupted));
}

static void on_tick(uv_timer_t *timer)
{
    struct rekey *r = container_of(timer, struct rekey, tick);
    uint64_t done = (uint64_t)atomic_load(&r->view.done);
    if (!atomic_load(&r->view.is_copying)) {
        r->progress.total = (uint64_t)atomic_load(&r->view.total);
    }
    progress_step(&r->progress, done, done, rekey_session_now_ms());
    metrics_observe_us(r->process, METRIC_loop_pause_seconds, loop_take_pause_ms(r->loop) * 1000);
}

static bool tell_ready(void *context, char *json, size_t size)
{
    struct rekey *r = context;
    bool is_kafka_up = metrics_get(r->process, METRIC_kafka_up) == 1;
    bool is_copying = atomic_load(&r->view.is_copying);
    bool is_stopping = atomic_load(&r->view.is_stopping);
    bool is_ready = is_kafka_up && is_copying && !is_stopping;
    snprintf(json, size, "{\"ready\":%s,\"kafka\":%s,\"target_read\":%s,\"stopping\":%s}\n",
             is_ready ? "true" : "false", is_kafka_up ? "true" : "false",
             is_copying ? "true" : "false", is_stopping ? "true" : "false");
    return is_ready;
}

static void open_handles(struct rekey *r)
{
    uv_loop_t *uv = loop_uv(r->loop);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)uv_signal_init(uv, &r->terminated);
    (void)uv_signal_init(uv, &r->interrupted);
    (void)uv_timer_init(uv, &r->tick);
    (void)uv_timer_init(uv, &r->again);
    (void)uv_timer_init(uv, &r->overdue);
    (void)uv_signal_start(&r->terminated, on_terminated, SIGTERM);
    (void)uv_signal_start(&r->interrupted, on_interrupted, SIGINT);
    (void)uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
}

static void close_handles(struct rekey *r)
{
    uv_close((uv_handle_t *)&r->terminated, NULL);
    uv_close((uv_handle_t *)&r->interrupted, NULL);
    uv_close((uv_handle_t *)&r->tick, NULL);
    uv_close((uv_handle_t *)&r->again, NULL);
    uv_close((uv_handle_t *)&r->overdue, NULL);
}

static enum status open_http(struct rekey *r)
{
    struct ops_http_options options = {
        .loop = r->loop,
        .metrics = r->metrics,
        .listen = r->options.listen,
        .context = r,
        .ready = tell_ready,
    };
    enum status status =
        r->options.listen[0] == '\0' ? STATUS_OK : ops_http_create(&options, &r->http);
    if (status != STATUS_OK) {
        snprintf(r->error, sizeof(r->error),
                 "metrics cannot be served at %s (the log says why); let http.ops_listen name a "
                 "free port, as in --set http.ops_listen=127.0.0.1:9465, or be empty",
                 r->options.listen);
    }
    return status;
}

static void tell_result(const struct rekey *r, int64_t began_ms, struct rekey_result *out_result)
{
    *out_result = (struct rekey_result){
        .copied = atomic_load(&r->view.copied),
        .skipped = atomic_load(&r->view.skipped),
        .no_kline = atomic_load(&r->view.no_kline),
        .elapsed_ms = rekey_session_now_ms() - began_ms,
    };
    snprintf(out_result->error, sizeof(out_result->error), "%s", r->error);
}

enum status rekey_run(const struct rekey_options *options, struct rekey_result *out_result)
{
    struct rekey r = {.options = *options};
    int64_t began_ms = rekey_session_now_ms();
    enum status status = loop_create(1, &r.loop); /* no actor, no message */
    if (status != STATUS_OK) {
        tell_result(&r, began_ms, out_result);
        return status;
    }
    r.metrics = metrics_create();
    r.process = metrics_set_of(r.metrics, METRIC_SCOPE_process, "");
    open_handles(&r);
    status = open_http(&r);
    if (status == STATUS_OK) {
        start(&r);
        status = loop_run(r.loop);
        status = status == STATUS_OK ? r.status : status;
    }
    tell_result(&r, began_ms, out_result);
    progress_deinit(&r.progress);
    ops_http_destroy(&r.http);
    close_handles(&r);
    loop_drain(r.loop);
    loop_destroy(&r.loop);
    metrics_destroy(&r.metrics);
    mem_free(r.sets);
    return status;
}
