#include "actors/edge/kafka_source.h"
#include "ops/config.h"
#include "ops/hosted.h"
#include "ops/shard_internal.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/metrics.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAUSE_POLL_MS = 1000 };

static void on_overdue(uv_timer_t *timer)
{
    (void)timer;
    log_event(LOG_stop_forced, log_text("reason", "shutdown.timeout is over"));
    _exit(EXIT_FAILURE);
}

static void on_signal(struct shard *s)
{
    if (s->is_stopping) {
        log_event(LOG_stop_forced, log_text("reason", "a second signal"));
        _exit(EXIT_FAILURE);
    }
    shard_stop(s);
}

static void on_terminated(uv_signal_t *handle, int number)
{
    (void)number;
    on_signal(container_of(handle, struct shard, terminated));
}

static void on_interrupted(uv_signal_t *handle, int number)
{
    (void)number;
    on_signal(container_of(handle, struct shard, interrupted));
}

/* For good: a static member, whose partitions would wait for it as long as a session, gives them to
 * the others at once. */
static void on_left(uv_signal_t *handle, int number)
{
    struct shard *s = container_of(handle, struct shard, left);
    (void)number;
    kafka_source_move_at_stop(s->source);
    on_signal(s);
}

static void on_watch(uv_timer_t *timer)
{
    struct shard *s = container_of(timer, struct shard, watch);
    metrics_observe_us(s->process, METRIC_loop_pause_seconds, loop_take_pause_ms(s->loop) * 1000);
    for (size_t i = 0; i < s->hosted_count; i++) {
        hosted_measure(s->hosted[i]);
    }
}

void shard_signals_open(struct shard *s)
{
    uv_loop_t *uv = loop_uv(s->loop);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)uv_signal_init(uv, &s->terminated);
    (void)uv_signal_init(uv, &s->interrupted);
    (void)uv_signal_init(uv, &s->left);
    (void)uv_timer_init(uv, &s->watch);
    (void)uv_signal_start(&s->terminated, on_terminated, SIGTERM);
    (void)uv_signal_start(&s->interrupted, on_interrupted, SIGINT);
    (void)uv_signal_start(&s->left, on_left, SIGUSR1);
    (void)uv_timer_start(&s->watch, on_watch, PAUSE_POLL_MS, PAUSE_POLL_MS);
}

void shard_signals_limit_stop(struct shard *s)
{
    (void)uv_timer_start(&s->watch, on_overdue, (uint64_t)s->options.config->shutdown.timeout, 0);
}

void shard_signals_close(struct shard *s)
{
    uv_close((uv_handle_t *)&s->terminated, NULL);
    uv_close((uv_handle_t *)&s->interrupted, NULL);
    uv_close((uv_handle_t *)&s->left, NULL);
    uv_close((uv_handle_t *)&s->watch, NULL);
}
