#include "runtime/loop.h"

#include "runtime/loop_status.h"
#include "runtime/mem.h"
#include "runtime/sched.h"
#include "runtime/stage.h"

#include <assert.h>
#include <uv.h>

enum {
    SLICE_MESSAGES_MAX = 2000,
    SLICE_MS_MAX = 5,           /* some messages are a thousand records */
    SLICE_LOOK_AT_MESSAGES = 8, /* a look at the clock costs about as much as a small message */
    HEARTBEAT_MS = 500, /* the longest sleep: a longer one means that the process was stopped */
};

#define NS_PER_MS UINT64_C(1000000)

/* libuv calls, in each round: timers, prepare, poll (which sleeps, and calls the I/O callbacks),
 * check, close callbacks. Prepare decides how long poll may sleep, not at all while a message
 * waits; check runs the actors. So whoever sends a message, it is handled before the next sleep.
 * Among several prepare or check handles ours come last, because libuv calls the newest first. */
struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t timer; /* ends the sleep; at 0 ms there is none */
    struct sched *sched;

    /* A round's pause is the time it took, less what it may have slept. */
    uint64_t round_start_ns;
    uint64_t round_start_idle_ns;
    uint64_t sleep_max_ns;
    uint64_t pause_max_ns;
};

static void start_round(struct loop *loop)
{
    loop->round_start_ns = uv_hrtime();
    loop->round_start_idle_ns = uv_metrics_idle_time(&loop->uv);
}

static void measure_pause(struct loop *loop)
{
    uint64_t elapsed_ns = uv_hrtime() - loop->round_start_ns;
    uint64_t slept_ns = uv_metrics_idle_time(&loop->uv) - loop->round_start_idle_ns;
    if (slept_ns > loop->sleep_max_ns) {
        slept_ns = loop->sleep_max_ns;
    }
    uint64_t pause_ns = elapsed_ns > slept_ns ? elapsed_ns - slept_ns : 0;
    if (pause_ns > loop->pause_max_ns) {
        loop->pause_max_ns = pause_ns;
    }
}

static void run_actors(struct loop *loop)
{
    uv_update_time(&loop->uv);
    sched_advance(loop->sched, (int64_t)uv_now(&loop->uv));
    uint64_t end_ns = uv_hrtime() + SLICE_MS_MAX * NS_PER_MS;
    for (unsigned i = 1; i <= SLICE_MESSAGES_MAX && sched_step(loop->sched); i++) {
        if (i % SLICE_LOOK_AT_MESSAGES == 0 && uv_hrtime() >= end_ns) {
            break;
        }
    }
    (void)stage_enter(STAGE_loop);
    if (sched_stopped(loop->sched) != STATUS_OK) {
        uv_stop(&loop->uv);
    }
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer; /* it has ended the sleep */
}

/* Timers and I/O of others may end it earlier. */
static uint64_t sleep_max_ms(const struct loop *loop)
{
    int64_t delay_ms = sched_next_deadline_ms(loop->sched) - (int64_t)uv_now(&loop->uv);
    if (delay_ms < 0 || !sched_is_idle(loop->sched)) {
        return 0;
    }
    return delay_ms < HEARTBEAT_MS ? (uint64_t)delay_ms : HEARTBEAT_MS;
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = container_of(prepare, struct loop, prepare);
    uv_update_time(&loop->uv); /* the callbacks took their time */
    uint64_t sleep_ms = sleep_max_ms(loop);
    (void)uv_timer_start(&loop->timer, on_timer, sleep_ms, 0);
    loop->sleep_max_ns = sleep_ms * NS_PER_MS;
}

static void on_check(uv_check_t *check)
{
    struct loop *loop = container_of(check, struct loop, check);
    measure_pause(loop);
    start_round(loop);
    run_actors(loop);
}

/* Of these, none can fail. */
static void open_handles(struct loop *loop)
{
    (void)uv_prepare_init(&loop->uv, &loop->prepare);
    (void)uv_check_init(&loop->uv, &loop->check);
    (void)uv_timer_init(&loop->uv, &loop->timer);
    (void)uv_prepare_start(&loop->prepare, on_prepare);
    (void)uv_check_start(&loop->check, on_check);
}

enum status loop_create(size_t msg_size, struct loop **out_loop)
{
    struct loop *loop = mem_new(1, sizeof(*loop));
    enum status status = loop_status(uv_loop_init(&loop->uv), "uv_loop_init");
    if (status != STATUS_OK) {
        goto free_loop;
    }
    status = loop_status(uv_loop_configure(&loop->uv, UV_METRICS_IDLE_TIME), "uv_loop_configure");
    if (status != STATUS_OK) {
        goto close_uv;
    }
    open_handles(loop);
    loop->sched = sched_create(&(struct sched_options){.msg_size = msg_size});
    sched_advance(loop->sched, (int64_t)uv_now(&loop->uv));
    start_round(loop);
    *out_loop = loop;
    return STATUS_OK;

close_uv:
    (void)uv_loop_close(&loop->uv);
free_loop:
    mem_free(loop);
    return status;
}

void loop_destroy(struct loop **loop_p)
{
    struct loop *loop = *loop_p;
    *loop_p = NULL;
    if (loop == NULL) {
        return;
    }
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    int rc = uv_loop_close(&loop->uv);
    assert(rc == 0); /* else somebody's handle or job is left */
    (void)rc;
    sched_destroy(&loop->sched);
    mem_free(loop);
}

struct sched *loop_sched(struct loop *loop)
{
    return loop->sched;
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

enum status loop_run(struct loop *loop)
{
    enum stage before = stage_enter(STAGE_loop);
    start_round(loop);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    (void)stage_enter(before);
    return sched_stopped(loop->sched);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

/* Our own handles must not keep loop_drain() running. */
static void set_own_references(struct loop *loop, void (*set)(uv_handle_t *))
{
    set((uv_handle_t *)&loop->prepare);
    set((uv_handle_t *)&loop->check);
    set((uv_handle_t *)&loop->timer);
}

void loop_drain(struct loop *loop)
{
    set_own_references(loop, uv_unref);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
        /* neither a loop_stop() on the way nor an escalation ends it */
    }
    set_own_references(loop, uv_ref);
}

int64_t loop_take_pause_ms(struct loop *loop)
{
    measure_pause(loop);
    start_round(loop);
    uint64_t pause_ns = loop->pause_max_ns;
    loop->pause_max_ns = 0;
    return (int64_t)(pause_ns / NS_PER_MS);
}
