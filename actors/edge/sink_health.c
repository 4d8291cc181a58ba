#include "actors/edge/sink_health.h"

#include "runtime/log.h"

#include <stdio.h>
#include <string.h>

enum { TELL_AGAIN_MS = 60000 };

void sink_health_init(struct sink_health *health, const char *sink_name, const char *address)
{
    *health = (struct sink_health){.sink_name = sink_name};
    (void)snprintf(health->address, sizeof(health->address), "%s", address);
}

/* Relaxed: it is a sign of its own, nothing else hangs on it. */
bool sink_health_is_up(const struct sink_health *health)
{
    return atomic_load_explicit(&health->is_up, memory_order_relaxed);
}

static void put(struct sink_health *health, bool is_up)
{
    atomic_store_explicit(&health->is_up, is_up, memory_order_relaxed);
}

bool sink_health_set_up(struct sink_health *health)
{
    if (sink_health_is_up(health)) {
        return false;
    }
    put(health, true);
    health->told_error[0] = '\0';
    log_event(LOG_sink_up, log_text("sink", health->sink_name),
              log_text("address", health->address));
    return true;
}

/* Another reason than the one that was told: at once when there is something to do about it, else
 * only now and then, since an unwell peer says this and that. */
static bool is_news(const struct sink_health *health, const char *error, const char *advice,
                    int64_t now_ms)
{
    if (health->told_error[0] == '\0') {
        return true;
    }
    return strcmp(health->told_error, error) != 0 &&
           (advice[0] != '\0' || now_ms - health->told_ms >= TELL_AGAIN_MS);
}

bool sink_health_set_down(struct sink_health *health, const char *error, const char *advice,
                          int64_t now_ms)
{
    bool was_up = sink_health_is_up(health);

    put(health, false);
    if (is_news(health, error, advice, now_ms)) {
        health->told_ms = now_ms;
        (void)snprintf(health->told_error, sizeof(health->told_error), "%s", error);
        log_event(LOG_sink_down, log_text("sink", health->sink_name),
                  log_text("address", health->address), log_text("error", error),
                  log_text("advice", advice));
    }
    return was_up;
}
