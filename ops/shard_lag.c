/* Who reads nothing hears nothing of the log's growth: a partition whose outbox is full, whose disk
 * is, or that is halted. Those that stand still are looked at now and then, on a worker. */
#include "actors/edge/kafka_log.h"
#include "actors/edge/kafka_source.h"
#include "ops/hosted.h"
#include "ops/shard_internal.h"
#include "runtime/job.h"
#include "runtime/loop.h"
#include "runtime/mem.h"

enum { LAG_LOOK_MS = 5000 };

struct place {
    int32_t partition;
    int64_t log_end; /* -1: not told */
};

struct shard_lag {
    struct shard *shard;
    uv_timer_t timer;
    struct job job;
    struct place *places;
    size_t count;
};

/* Each call may wait for ten seconds where nobody answers: after one, the others wait for the next
 * look. */
static void work_ask(struct job *job)
{
    struct shard_lag *lag = container_of(job, struct shard_lag, job);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < lag->count && status == STATUS_OK; i++) {
        int64_t begin;
        status = kafka_log_ends(lag->shard->log, lag->places[i].partition, &begin,
                                &lag->places[i].log_end);
    }
}

static void tell(struct shard *s, const struct place *place)
{
    for (size_t i = 0; i < s->hosted_count; i++) {
        if (hosted_partition(s->hosted[i]) == place->partition) {
            hosted_note_log_end(s->hosted[i], place->log_end);
        }
    }
}

static void on_asked(struct job *job)
{
    struct shard_lag *lag = container_of(job, struct shard_lag, job);
    for (size_t i = 0; i < lag->count; i++) {
        tell(lag->shard, &lag->places[i]);
    }
}

static void on_look(uv_timer_t *timer)
{
    struct shard_lag *lag = container_of(timer, struct shard_lag, timer);
    struct shard *s = lag->shard;
    if (lag->job.is_running || s->is_stopping || !kafka_source_is_up(s->source)) {
        return; /* nobody would answer, and a stop would wait for it */
    }
    lag->places = mem_resize(lag->places, s->hosted_count + 1, sizeof(*lag->places));
    lag->count = 0;
    for (size_t i = 0; i < s->hosted_count; i++) {
        if (hosted_stands_still(s->hosted[i])) {
            lag->places[lag->count++] = (struct place){hosted_partition(s->hosted[i]), -1};
        }
    }
    if (lag->count > 0) {
        job_start_alone(&lag->job, loop_uv(s->loop), work_ask, on_asked);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct shard_lag *lag = container_of((uv_timer_t *)handle, struct shard_lag, timer);
    mem_free(lag->places);
    mem_free(lag);
}

void shard_lag_open(struct shard *s)
{
    s->lag = mem_new(1, sizeof(*s->lag));
    s->lag->shard = s;
    (void)uv_timer_init(loop_uv(s->loop), &s->lag->timer);
    (void)uv_timer_start(&s->lag->timer, on_look, LAG_LOOK_MS, LAG_LOOK_MS);
}

/* Waits for the worker: it uses the client that closes next. */
void shard_lag_close(struct shard *s)
{
    struct shard_lag *lag = s->lag;
    s->lag = NULL;
    if (lag == NULL) {
        return;
    }
    (void)uv_timer_stop(&lag->timer);
    while (lag->job.is_running) {
        (void)uv_run(loop_uv(s->loop), UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&lag->timer, on_closed);
}
