#include "actors/edge/mongo_worker.h"

#include "actors/candle_batch.h"
#include "actors/delivery.h"
#include "actors/edge/mongo_error.h"
#include "actors/edge/mongo_writer.h"
#include "actors/edge/sink_health.h"
#include "runtime/backoff.h"
#include "runtime/log.h"
#include "runtime/loop_status.h"
#include "runtime/mem.h"
#include "runtime/stage.h"
#include "runtime/waker.h"

#include <uv.h>

enum { BACKOFF_MIN_MS = 100, BACKOFF_MAX_MS = 5000 };

#define NS_PER_MS UINT64_C(1000000)

struct mongo_worker {
    struct mongo_worker_options options;
    struct sink_health health; /* changed by the worker */
    uv_thread_t thread;
    struct waker waker;

    /* Between the two threads, under the mutex. */
    uv_mutex_t mutex;
    uv_cond_t changed;
    struct mongo_jobs waiting;
    struct mongo_jobs handed_back;
    bool is_stopping;

    /* The worker's own. */
    struct candle_batch batch;
    struct mongo_jobs writing; /* what the batch was made of */
    struct backoff backoff;
    bool is_connected;
    bool
        is_proof_owed; /* it refused a write: up is told after the next one that works, or a ping */
    uint64_t down_ns;  /* since when it is not up */
    uint64_t next_ping_ns;
};

/* Under the mutex. */
static void hand_back(struct mongo_worker *worker, struct mongo_job *job, enum status status)
{
    job->status = status;
    mongo_jobs_append(&worker->handed_back, job);
    waker_poke(&worker->waker);
}

static void set_up(struct mongo_worker *worker)
{
    worker->is_proof_owed = false;
    backoff_reset(&worker->backoff);
    if (sink_health_set_up(&worker->health)) {
        waker_poke(&worker->waker);
    }
}

static void set_down(struct mongo_worker *worker, const struct mongo_failure *failure)
{
    uint64_t now_ns = uv_hrtime();
    if (sink_health_set_down(&worker->health, failure->text, mongo_error_advice(failure->code),
                             (int64_t)(now_ns / NS_PER_MS))) {
        worker->down_ns = now_ns;
        waker_poke(&worker->waker);
    }
}

static uint64_t give_back_ns(const struct mongo_worker *worker, const struct mongo_job *job)
{
    uint64_t since_ns = job->came_ns > worker->down_ns ? job->came_ns : worker->down_ns;
    return since_ns + MONGO_WORKER_HOLD_MS * NS_PER_MS;
}

/* Under the mutex. Until when the next one may be kept; UINT64_MAX: none waits. */
static uint64_t give_back_old(struct mongo_worker *worker)
{
    uint64_t now_ns = uv_hrtime();
    while (worker->waiting.first != NULL && give_back_ns(worker, worker->waiting.first) <= now_ns) {
        struct mongo_job *job = mongo_jobs_take(&worker->waiting);
        job->failures++;
        hand_back(worker, job, STATUS_UNAVAILABLE);
    }
    return worker->waiting.first == NULL ? UINT64_MAX : give_back_ns(worker, worker->waiting.first);
}

/* Under the mutex. */
static void wait_until(struct mongo_worker *worker, uint64_t until_ns)
{
    uint64_t now_ns = uv_hrtime();
    if (now_ns < until_ns) {
        (void)uv_cond_timedwait(&worker->changed, &worker->mutex, until_ns - now_ns);
    }
}

static void back_off(struct mongo_worker *worker)
{
    uint64_t end_ns = uv_hrtime() + (uint64_t)backoff_next_ms(&worker->backoff) * NS_PER_MS;

    uv_mutex_lock(&worker->mutex);
    uint64_t next_ns = give_back_old(worker);
    while (!worker->is_stopping && uv_hrtime() < end_ns) {
        wait_until(worker, next_ns < end_ns ? next_ns : end_ns);
        next_ns = give_back_old(worker);
    }
    uv_mutex_unlock(&worker->mutex);
}

/* What was being written waits again, before what came since, and as if nothing had been done. */
static void rewind_writing(struct mongo_worker *worker)
{
    struct mongo_jobs kept = {.first = NULL};
    struct mongo_job *job;

    uv_mutex_lock(&worker->mutex);
    while ((job = mongo_jobs_take(&worker->writing)) != NULL) {
        job->failures++;
        job->delivery->stale_count = 0;
        job->delivery->superseded_count = 0;
        delivery_destroy_rejections(&job->delivery->rejections);
        if (job->is_cancelled) {
            hand_back(worker, job, STATUS_UNAVAILABLE);
        } else {
            mongo_jobs_append(&kept, job);
        }
    }
    mongo_jobs_prepend(&worker->waiting, &kept);
    uv_mutex_unlock(&worker->mutex);
}

static void fail(struct mongo_worker *worker, const struct mongo_failure *failure)
{
    set_down(worker, failure);
    mongo_writer_disconnect(worker->options.writer);
    worker->is_connected = false;
    rewind_writing(worker);
    back_off(worker);
}

static void connect_again(struct mongo_worker *worker)
{
    struct mongo_failure failure;
    if (!mongo_writer_connect(worker->options.writer, &failure)) {
        fail(worker, &failure);
        return;
    }
    worker->is_connected = true;
    worker->next_ping_ns = uv_hrtime() + MONGO_WORKER_PING_MS * NS_PER_MS;
    if (!worker->is_proof_owed) {
        set_up(worker);
    }
}

static void ping(struct mongo_worker *worker)
{
    struct mongo_failure failure;
    if (!mongo_writer_ping(worker->options.writer, &failure)) {
        fail(worker, &failure);
        return;
    }
    worker->next_ping_ns = uv_hrtime() + MONGO_WORKER_PING_MS * NS_PER_MS;
    set_up(worker);
}

static void hand_back_written(struct mongo_worker *worker)
{
    uv_mutex_lock(&worker->mutex);
    while (worker->writing.first != NULL) {
        hand_back(worker, mongo_jobs_take(&worker->writing), STATUS_OK);
    }
    uv_mutex_unlock(&worker->mutex);
}

/* It may go through the gate later, or from another shard. */
static void give_back_all(struct mongo_worker *worker)
{
    struct mongo_job *job;
    rewind_writing(worker);
    uv_mutex_lock(&worker->mutex);
    while ((job = mongo_jobs_take(&worker->waiting)) != NULL) {
        hand_back(worker, job, STATUS_UNAVAILABLE);
    }
    uv_mutex_unlock(&worker->mutex);
}

static void write_batch(struct mongo_worker *worker)
{
    struct mongo_failure failure = {.is_gated = false};

    candle_batch_clear(&worker->batch);
    for (struct mongo_job *job = worker->writing.first; job != NULL; job = job->next) {
        candle_batch_add(&worker->batch, job->delivery);
    }
    candle_batch_settle(&worker->batch);
    if (!mongo_writer_write(worker->options.writer, &worker->batch, &failure)) {
        if (failure.is_gated) {
            give_back_all(worker);
            return;
        }
        worker->is_proof_owed = true;
        fail(worker, &failure);
        return;
    }
    worker->next_ping_ns = uv_hrtime() + MONGO_WORKER_PING_MS * NS_PER_MS;
    set_up(worker);
    hand_back_written(worker);
}

/* Under the mutex. */
static void take_work(struct mongo_worker *worker)
{
    size_t rows = 0;
    while (worker->waiting.first != NULL && rows < MONGO_WORKER_BULK_ROWS) {
        struct mongo_job *job = mongo_jobs_take(&worker->waiting);
        rows += job->delivery->rows->count;
        mongo_jobs_append(&worker->writing, job);
    }
}

/* Waits for something to do. False: to stop. */
static bool next_work(struct mongo_worker *worker)
{
    uv_mutex_lock(&worker->mutex);
    while (!worker->is_stopping && worker->waiting.first == NULL &&
           uv_hrtime() < worker->next_ping_ns) {
        wait_until(worker, worker->next_ping_ns);
    }
    bool goes_on = !worker->is_stopping;
    if (goes_on && worker->is_connected) {
        take_work(worker);
    }
    uv_mutex_unlock(&worker->mutex);
    return goes_on;
}

static void do_work(struct mongo_worker *worker)
{
    if (!worker->is_connected) {
        connect_again(worker);
    } else if (worker->writing.first != NULL) {
        write_batch(worker);
    } else {
        ping(worker);
    }
}

static void work(void *argument)
{
    struct mongo_worker *worker = argument;

    while (next_work(worker)) {
        enum stage before = stage_enter(STAGE_mongo);
        do_work(worker);
        (void)stage_enter(before);
    }
    mongo_writer_disconnect(worker->options.writer);
}

static void on_wake(struct waker *waker)
{
    struct mongo_worker *worker = container_of(waker, struct mongo_worker, waker);
    worker->options.wake(worker->options.context);
}

static void free_worker(struct mongo_worker *worker)
{
    mongo_writer_destroy(&worker->options.writer);
    candle_batch_deinit(&worker->batch);
    uv_cond_destroy(&worker->changed);
    uv_mutex_destroy(&worker->mutex);
    mem_free(worker);
}

static void on_closed(struct waker *waker)
{
    struct mongo_worker *worker = container_of(waker, struct mongo_worker, waker);
    worker->options.closed(worker->options.context);
    free_worker(worker);
}

static void on_start_failed(struct waker *waker)
{
    struct mongo_worker *worker = container_of(waker, struct mongo_worker, waker);
    worker->options.writer = NULL; /* still the caller's */
    free_worker(worker);
}

static enum status open_locks(struct mongo_worker *worker)
{
    enum status status = loop_status(uv_mutex_init(&worker->mutex), "uv_mutex_init");
    if (status != STATUS_OK) {
        return status;
    }
    status = loop_status(uv_cond_init(&worker->changed), "uv_cond_init");
    if (status != STATUS_OK) {
        uv_mutex_destroy(&worker->mutex);
    }
    return status;
}

enum status mongo_worker_start(const struct mongo_worker_options *options,
                               struct mongo_worker **out_worker)
{
    struct mongo_worker *worker = mem_new(1, sizeof(*worker));
    worker->options = *options;
    worker->down_ns = uv_hrtime();
    sink_health_init(&worker->health, "mongo", options->shown_uri);
    candle_batch_init(&worker->batch, "mongo");
    backoff_init(&worker->backoff, BACKOFF_MIN_MS, BACKOFF_MAX_MS, uv_hrtime());

    enum status status = open_locks(worker);
    if (status != STATUS_OK) {
        goto free_memory;
    }
    status = waker_init(&worker->waker, options->loop, on_wake);
    if (status != STATUS_OK) {
        goto close_locks;
    }
    status = loop_status(uv_thread_create(&worker->thread, work, worker), "uv_thread_create");
    if (status != STATUS_OK) {
        waker_close(&worker->waker, on_start_failed);
        return status;
    }
    *out_worker = worker;
    return STATUS_OK;

close_locks:
    uv_cond_destroy(&worker->changed);
    uv_mutex_destroy(&worker->mutex);
free_memory:
    mem_free(worker);
    return status;
}

void mongo_worker_submit(struct mongo_worker *worker, struct delivery *delivery, struct actor *from)
{
    struct mongo_job *job = mem_new(1, sizeof(*job));
    *job = (struct mongo_job){.delivery = delivery, .from = from, .came_ns = uv_hrtime()};
    delivery->stale_count = 0;
    delivery->superseded_count = 0;
    uv_mutex_lock(&worker->mutex);
    mongo_jobs_append(&worker->waiting, job);
    uv_cond_signal(&worker->changed);
    uv_mutex_unlock(&worker->mutex);
}

void mongo_worker_cancel(struct mongo_worker *worker, const struct actor *asker)
{
    uv_mutex_lock(&worker->mutex);
    struct mongo_jobs all = worker->waiting;
    struct mongo_job *job;
    for (job = worker->writing.first; job != NULL; job = job->next) {
        job->is_cancelled = job->is_cancelled || job->from == asker;
    }
    worker->waiting.first = NULL;
    while ((job = mongo_jobs_take(&all)) != NULL) {
        if (job->from == asker) {
            job->failures++;
            hand_back(worker, job, STATUS_UNAVAILABLE);
        } else {
            mongo_jobs_append(&worker->waiting, job);
        }
    }
    uv_mutex_unlock(&worker->mutex);
}

struct mongo_job *mongo_worker_take(struct mongo_worker *worker)
{
    uv_mutex_lock(&worker->mutex);
    struct mongo_job *job = mongo_jobs_take(&worker->handed_back);
    uv_mutex_unlock(&worker->mutex);
    return job;
}

bool mongo_worker_is_up(const struct mongo_worker *worker)
{
    return sink_health_is_up(&worker->health);
}

void mongo_worker_stop(struct mongo_worker *worker)
{
    uv_mutex_lock(&worker->mutex);
    worker->is_stopping = true;
    uv_cond_signal(&worker->changed);
    uv_mutex_unlock(&worker->mutex);
    (void)uv_thread_join(&worker->thread);

    /* From here on there is one thread. */
    struct mongo_job *job;
    while ((job = mongo_jobs_take(&worker->waiting)) != NULL) {
        mongo_jobs_append(&worker->handed_back, job);
        job->status = STATUS_UNAVAILABLE;
    }
    waker_close(&worker->waker, on_closed);
}
