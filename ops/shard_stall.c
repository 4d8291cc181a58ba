/* The stall rule: a loop that stood still for more than a third of the session writes to no sink
 * until the group has confirmed that our partitions are still ours. */
#include "actors/edge/kafka_source.h"
#include "actors/edge/sink_gate.h"
#include "ops/config.h"
#include "ops/shard_internal.h"
#include "runtime/log.h"
#include "runtime/loop.h"

/* Looks within the limit, so that only a stall is late. */
enum { LOOKS_PER_LIMIT = 8, LOOK_MS_MAX = 200, LOOK_MS_MIN = 10 };

static int64_t limit_ms(const struct shard *s)
{
    return s->options.config->kafka.session_timeout / 3;
}

static void ask_group(struct shard *s);

/* A membership that is gone takes its partitions along; the next one is asked in its turn. */
static void on_confirmed(void *context, bool is_confirmed)
{
    struct shard *s = context;
    if (!is_confirmed) {
        ask_group(s);
    } else if (sink_gate_open(s->gate, s->stall)) {
        log_event(LOG_stall_over, log_int("stalled_ms", sink_gate_stalled_ms(s->gate)));
    }
}

static void ask_group(struct shard *s)
{
    kafka_source_confirm(s->source, on_confirmed, s);
}

static void on_look(uv_timer_t *timer)
{
    struct shard *s = container_of(timer, struct shard, look);
    (void)sink_gate_look(s->gate);
    int64_t stall = sink_gate_take_stall(s->gate);
    if (stall != 0 && !s->is_stopping) {
        s->stall = stall;
        log_event(LOG_loop_stalled, log_int("stalled_ms", sink_gate_stalled_ms(s->gate)),
                  log_int("limit_ms", limit_ms(s)));
        ask_group(s);
    }
}

void shard_stall_open(struct shard *s)
{
    struct sink_gate_options options = {.limit_ms = limit_ms(s)};
    int64_t look_ms = limit_ms(s) / LOOKS_PER_LIMIT;

    look_ms = look_ms > LOOK_MS_MAX ? LOOK_MS_MAX : look_ms;
    look_ms = look_ms < LOOK_MS_MIN ? LOOK_MS_MIN : look_ms;
    s->gate = sink_gate_create(&options);
    (void)uv_timer_init(loop_uv(s->loop), &s->look);
    (void)uv_timer_start(&s->look, on_look, (uint64_t)look_ms, (uint64_t)look_ms);
}

void shard_stall_close(struct shard *s)
{
    uv_close((uv_handle_t *)&s->look, NULL);
    sink_gate_destroy(&s->gate);
}
