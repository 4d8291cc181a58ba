#include "actors/edge/kafka_source.h"
#include "actors/messages.h"
#include "ops/config.h"
#include "ops/ops_http.h"
#include "ops/shard_internal.h"
#include "ops/shard_socket.h"
#include "ops/stop_limit.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Long after it normally ends. */
enum { CLEAN_UP_MS = 5000 };

void shard_fail(struct shard *s, enum status status)
{
    if (s->failure == STATUS_OK) {
        s->failure = status;
    }
    loop_stop(s->loop);
}

void shard_stop(struct shard *s)
{
    if (s->is_stopping) {
        return;
    }
    s->is_stopping = true;
    s->stop_deadline_ms = (int64_t)uv_now(loop_uv(s->loop)) + s->options.config->shutdown.timeout;
    log_event(LOG_stopping, log_int("partitions", (int64_t)s->hosted_count));
    shard_signals_limit_stop(s);
    shard_partitions_stop(s);
}

static enum status open_sinks(struct shard *s)
{
    struct shard_sinks_options options = {
        .config = s->options.config,
        .brokers = s->brokers,
        .loop = s->loop,
        .metrics = s->metrics,
        .gate = s->gate,
        .shows_candles = s->options.shows_candles,
        .is_json = s->options.is_json,
    };
    return shard_sinks_open(&options, &s->sinks);
}

enum status shard_create(const struct shard_options *options, struct shard **out_shard)
{
    struct shard *s = mem_new(1, sizeof(*s));
    s->options = *options;
    s->brokers = options->brokers != NULL ? options->brokers : options->config->kafka.brokers;
    s->data_dir = options->data_dir != NULL ? options->data_dir : options->config->data_dir;
    boot_id_read(s->boot_id);

    enum status status = loop_create(sizeof(struct msg), &s->loop);
    if (status != STATUS_OK) {
        mem_free(s);
        return status;
    }
    s->metrics = metrics_create();
    s->process = metrics_set_of(s->metrics, METRIC_SCOPE_process, "");
    shard_signals_open(s);
    shard_stall_open(s);
    status = shard_admin_open(s);
    if (status == STATUS_OK) {
        status = open_sinks(s);
    }
    if (status == STATUS_OK) {
        status = shard_partitions_open(s);
    }
    if (status != STATUS_OK) {
        shard_destroy(&s);
        return status;
    }
    shard_lag_open(s);
    *out_shard = s;
    return STATUS_OK;
}

enum status shard_run(struct shard *s)
{
    log_event(LOG_started, log_text("version", CANDLED_VERSION), log_text("brokers", s->brokers),
              log_text("topic", s->options.config->kafka.topic),
              log_text("group", s->options.config->kafka.group), log_text("data_dir", s->data_dir));
    enum status status = loop_run(s->loop);
    if (status == STATUS_OK) {
        status = s->failure;
    }
    if (status == STATUS_OK && s->refusal != STATUS_OK) {
        log_event(LOG_stopped, log_text("reason", status_text(s->refusal)));
        return s->refusal;
    }
    if (status != STATUS_OK) {
        /* Crash only: nothing is tidied up; the next start goes on from the last commit. */
        log_event(LOG_gave_up, log_text("error", status_text(status)));
        _exit(EXIT_FAILURE);
    }
    log_event(LOG_stopped, log_int("partitions", (int64_t)s->hosted_count));
    return status;
}

static void free_all(struct shard *s)
{
    shard_lag_close(s);
    shard_partitions_close(s);
    shard_sinks_close(&s->sinks);
    shard_socket_close(&s->socket);
    ops_http_destroy(&s->http);
    shard_signals_close(s);
    shard_stall_close(s);
    loop_drain(s->loop);
    loop_destroy(&s->loop);
    metrics_destroy(&s->metrics);
    mem_free(s->hosted);
    mem_free(s);
}

void shard_destroy(struct shard **shard_p)
{
    struct shard *s = *shard_p;
    struct stop_limit limit;

    *shard_p = NULL;
    if (s == NULL) {
        return;
    }
    assert(s->hosted_count == 0);
    int code = s->is_stopping && s->refusal == STATUS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    if (s->abandoned > 0) { /* workers still open partitions, with what would be freed here */
        (void)fflush(NULL);
        _exit(code);
    }
    stop_limit_begin(&limit, CLEAN_UP_MS, code);
    free_all(s);
    stop_limit_end(&limit);
}

struct loop *shard_loop(struct shard *s)
{
    return s->loop;
}

struct metrics *shard_metrics(struct shard *s)
{
    return s->metrics;
}
