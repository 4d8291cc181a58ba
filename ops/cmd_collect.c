/* candled collect: the exchange's klines into Kafka. */
#include "actors/messages.h"
#include "ops/cli.h"
#include "ops/collect.h"
#include "ops/log_options.h"
#include "ops/ops_http.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/metrics.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { PAUSE_POLL_MS = 1000, STOP_SPARE_MS = 500 };

struct process {
    struct cli_context *context;
    struct loop *loop;
    struct metrics *metrics;
    struct metrics_set *set;
    struct collect *collect;
    struct ops_http *http;
    uv_signal_t terminated;
    uv_signal_t interrupted;
    uv_timer_t watch; /* measures the loop; once stopping, ends the process in time */
    bool is_stopping;
    enum status failure;
};

static bool tell_ready(void *context, char *json, size_t size)
{
    struct process *p = context;
    return collect_tell_ready(p->collect, json, size);
}

static void on_failed(void *context, enum status status)
{
    struct process *p = context;
    p->failure = status;
    loop_stop(p->loop);
}

static void on_stopped(void *context)
{
    struct process *p = context;
    loop_stop(p->loop);
}

static void on_overdue(uv_timer_t *timer)
{
    (void)timer;
    log_event(LOG_stop_forced, log_text("reason", "shutdown.timeout is over"));
    _exit(EXIT_FAILURE);
}

static void on_signal(struct process *p)
{
    int64_t timeout_ms = p->context->config.shutdown.timeout;
    if (p->is_stopping) {
        log_event(LOG_stop_forced, log_text("reason", "a second signal"));
        _exit(EXIT_FAILURE);
    }
    p->is_stopping = true;
    log_event(LOG_stopping, log_text("command", "collect"));
    (void)uv_timer_start(&p->watch, on_overdue, (uint64_t)timeout_ms, 0);
    collect_stop(p->collect, timeout_ms - STOP_SPARE_MS, on_stopped);
}

static void on_terminated(uv_signal_t *handle, int number)
{
    (void)number;
    on_signal(container_of(handle, struct process, terminated));
}

static void on_interrupted(uv_signal_t *handle, int number)
{
    (void)number;
    on_signal(container_of(handle, struct process, interrupted));
}

static void on_watch(uv_timer_t *timer)
{
    struct process *p = container_of(timer, struct process, watch);
    metrics_observe_us(p->set, METRIC_loop_pause_seconds, loop_take_pause_ms(p->loop) * 1000);
}

static void open_handles(struct process *p)
{
    uv_loop_t *uv = loop_uv(p->loop);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)uv_signal_init(uv, &p->terminated);
    (void)uv_signal_init(uv, &p->interrupted);
    (void)uv_timer_init(uv, &p->watch);
    (void)uv_signal_start(&p->terminated, on_terminated, SIGTERM);
    (void)uv_signal_start(&p->interrupted, on_interrupted, SIGINT);
    (void)uv_timer_start(&p->watch, on_watch, PAUSE_POLL_MS, PAUSE_POLL_MS);
}

static void close_handles(struct process *p)
{
    uv_close((uv_handle_t *)&p->terminated, NULL);
    uv_close((uv_handle_t *)&p->interrupted, NULL);
    uv_close((uv_handle_t *)&p->watch, NULL);
}

static enum cli_exit open_http(struct process *p)
{
    struct ops_http_options options = {
        .loop = p->loop,
        .metrics = p->metrics,
        .listen = p->context->config.http.ops_listen,
        .context = p,
        .ready = tell_ready,
    };
    if (options.listen[0] == '\0' || ops_http_create(&options, &p->http) == STATUS_OK) {
        return CLI_DONE;
    }
    return cli_fail(p->context, "http.ops_listen: cannot listen; the log says why");
}

static enum cli_exit open_collect(struct process *p)
{
    const struct config *config = &p->context->config;
    char error[COLLECT_ERROR_MAX];
    struct collect_options options = {
        .config = config,
        .loop = p->loop,
        .metrics = p->metrics,
        .brokers = config->kafka.brokers,
        .data_dir = config->data_dir,
        .context = p,
        .failed = on_failed,
    };
    enum status status = collect_create(&options, &p->collect, error);
    if (status == STATUS_BAD_CONFIG) {
        return cli_misuse(p->context, "%s", error);
    }
    return status == STATUS_OK ? CLI_DONE : cli_fail(p->context, "%s", error);
}

static enum cli_exit work(struct process *p)
{
    const struct config *config = &p->context->config;
    enum cli_exit result = open_collect(p);
    if (result == CLI_DONE) {
        result = open_http(p);
    }
    if (result != CLI_DONE) {
        return result;
    }
    log_event(LOG_started, log_text("version", CANDLED_VERSION), log_text("command", "collect"),
              log_text("exchange", collect_ws_url(config)),
              log_text("brokers", config->kafka.brokers), log_text("topic", config->kafka.topic),
              log_text("data_dir", config->data_dir));
    enum status status = loop_run(p->loop);
    status = p->failure != STATUS_OK ? p->failure : status;
    if (status != STATUS_OK) {
        /* Crash only: the next start goes on from the spool. */
        log_event(LOG_gave_up, log_text("error", status_text(status)));
        _exit(EXIT_FAILURE);
    }
    log_event(LOG_stopped, log_text("command", "collect"));
    return CLI_DONE;
}

static enum cli_exit run(struct cli_context *context)
{
    struct process p = {.context = context};

    log_options_apply(&context->config);
    if (strcmp(context->config.kafka.brokers, "embedded") == 0) {
        return cli_misuse(context, "collect needs a real broker: name kafka.brokers, or use "
                                   "`candled run --feed exchange`");
    }
    if (loop_create(sizeof(struct msg), &p.loop) != STATUS_OK) {
        return cli_fail(context, "the event loop cannot be made; the log says why");
    }
    p.metrics = metrics_create();
    p.set = metrics_set_of(p.metrics, METRIC_SCOPE_process, "");
    open_handles(&p);
    enum cli_exit result = work(&p);
    collect_destroy(&p.collect);
    ops_http_destroy(&p.http);
    close_handles(&p);
    loop_drain(p.loop);
    loop_destroy(&p.loop);
    metrics_destroy(&p.metrics);
    return result;
}

const struct cli_command cmd_collect = {
    .name = "collect",
    .summary = "the exchange's 1m klines -> Kafka, gaps filled from REST",
    .usage = "[options]",
    .text =
        "Holds the exchange's WebSocket for `symbols` (empty: fifteen common ones), writes each\n"
        "frame to data_dir/collect first and to kafka.topic then, keyed by symbol. What was\n"
        "missed - while it was away, or while the exchange was - it asks REST for and writes\n"
        "into the same topic. `candled state holes` shows what could not be had. Runs until\n"
        "SIGTERM or SIGINT. One collector a data_dir.\n",
    .examples = "  candled collect --config candled.yaml\n"
                "  candled collect --set symbols=BTCUSDT,ETHUSDT --set kafka.brokers=kafka:9092\n",
    .run = run,
};
