#include "ops/stop_limit.h"

#include "runtime/log.h"

#include <unistd.h>

enum { NS_PER_MS = 1000000 };

static void watch(void *context)
{
    struct stop_limit *limit = context;
    uint64_t end_ns = uv_hrtime() + (uint64_t)limit->limit_ms * NS_PER_MS;

    uv_mutex_lock(&limit->mutex);
    for (uint64_t now = uv_hrtime(); !limit->is_over && now < end_ns; now = uv_hrtime()) {
        (void)uv_cond_timedwait(&limit->ended, &limit->mutex, end_ns - now);
    }
    if (!limit->is_over) {
        log_event(LOG_clean_up_abandoned, log_int("waited_ms", limit->limit_ms));
        _exit(limit->exit_code);
    }
    uv_mutex_unlock(&limit->mutex);
}

void stop_limit_begin(struct stop_limit *limit, int64_t limit_ms, int exit_code)
{
    *limit = (struct stop_limit){.limit_ms = limit_ms, .exit_code = exit_code};
    (void)uv_mutex_init(&limit->mutex);
    (void)uv_cond_init(&limit->ended);
    limit->is_running = uv_thread_create(&limit->thread, watch, limit) == 0;
}

void stop_limit_end(struct stop_limit *limit)
{
    uv_mutex_lock(&limit->mutex);
    limit->is_over = true;
    uv_cond_signal(&limit->ended);
    uv_mutex_unlock(&limit->mutex);
    if (limit->is_running) {
        (void)uv_thread_join(&limit->thread);
    }
    uv_cond_destroy(&limit->ended);
    uv_mutex_destroy(&limit->mutex);
}
