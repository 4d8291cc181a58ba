#include "runtime/loop.h"

#include "runtime/actor.h"
#include "runtime/job.h"
#include "runtime/mem.h"
#include "runtime/sched.h"
#include "runtime/waker.h"
#include "tests/unit/runtime/expect_abort.h"

#include <time.h>
#include <uv.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* "At once" here means: without a sleep. A loop that slept first would wake after its heartbeat of
 * 500 ms, so that this limit tells the two apart even on a slow machine. */
enum { AT_ONCE_MS_MAX = 250 };

enum action { STOP, ESCALATE, COUNT, REPEAT, HANG_AND_STOP };

struct msg {
    enum action action;
};

struct fixture {
    struct loop *loop;
    struct actor actor;
    struct job job;
    uv_timer_t timer;
    struct waker waker;
    uint64_t start_ms;
    int64_t pause_ms;
    int64_t count;
    int64_t fired_at_ms;
    int round_count;
    int closed_count;
};

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

static void hang(long ms)
{
    struct timespec left = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&left, NULL);
}

static void tell(struct fixture *f, enum action action)
{
    actor_send(&f->actor, &(struct msg){action});
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct fixture *f = container_of(actor, struct fixture, actor);
    f->count++;
    switch (msg->action) {
    case STOP:
        loop_stop(f->loop);
        break;
    case ESCALATE:
        actor_escalate(actor, STATUS_CORRUPT);
        break;
    case HANG_AND_STOP:
        hang(60);
        loop_stop(f->loop);
        break;
    case REPEAT:
        tell(f, REPEAT);
        break;
    case COUNT:
        break;
    }
}

static void on_deadline(struct actor *actor)
{
    struct fixture *f = container_of(actor, struct fixture, actor);
    f->fired_at_ms = actor_now_ms(actor);
    loop_stop(f->loop);
}

static const struct actor_class test_class = {
    .name = "test", .receive = receive, .deadline = on_deadline, .mailbox_capacity = 10};

static int setup(void **state)
{
    struct fixture *f = mem_new(1, sizeof(*f));
    if (loop_create(sizeof(struct msg), &f->loop) != STATUS_OK) {
        return -1;
    }
    actor_init(&f->actor, &test_class, loop_sched(f->loop));
    f->start_ms = now_ms();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    loop_drain(f->loop);
    actor_deinit(&f->actor);
    loop_destroy(&f->loop);
    mem_free(f);
    return 0;
}

static void check_at_once(const struct fixture *f)
{
    assert_true(now_ms() - f->start_ms < AT_ONCE_MS_MAX);
}

static void work_nothing(struct job *job)
{
    (void)job;
}

static void tell_stop_from_job(struct job *job)
{
    struct fixture *f = container_of(job, struct fixture, job);
    f->start_ms = now_ms();
    tell(f, STOP);
}

static void a_message_from_the_done_of_a_job_is_handled_at_once(void **state)
{
    struct fixture *f = *state;
    job_start(&f->job, loop_uv(f->loop), work_nothing, tell_stop_from_job);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    assert_int_equal(f->count, 1);
    check_at_once(f);
}

static void start_timer(struct fixture *f, uv_timer_cb callback, uint64_t delay_ms)
{
    (void)uv_timer_init(loop_uv(f->loop), &f->timer);
    (void)uv_timer_start(&f->timer, callback, delay_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct fixture *f = container_of(timer, struct fixture, timer);
    f->start_ms = now_ms();
    tell(f, STOP);
    uv_close((uv_handle_t *)timer, NULL);
}

static void a_message_from_a_timer_is_handled_at_once(void **state)
{
    struct fixture *f = *state;
    start_timer(f, on_timer, 3);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    assert_int_equal(f->count, 1);
    check_at_once(f);
}

static void tell_stop_when_closed(uv_handle_t *handle)
{
    struct fixture *f = container_of((uv_timer_t *)handle, struct fixture, timer);
    f->start_ms = now_ms();
    tell(f, STOP);
}

static void a_message_from_a_close_callback_is_handled_at_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(uv_timer_init(loop_uv(f->loop), &f->timer), 0);
    uv_close((uv_handle_t *)&f->timer, tell_stop_when_closed);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    assert_int_equal(f->count, 1);
    check_at_once(f);
}

static void on_other_prepare(uv_prepare_t *prepare)
{
    struct fixture *f = prepare->data;
    (void)uv_prepare_stop(prepare);
    f->start_ms = now_ms();
    tell(f, STOP);
}

/* Theirs come first, although ours was there before them. */
static void a_message_from_somebody_elses_prepare_is_handled_at_once(void **state)
{
    struct fixture *f = *state;
    uv_prepare_t prepare = {.data = f};
    assert_int_equal(uv_prepare_init(loop_uv(f->loop), &prepare), 0);
    assert_int_equal(uv_prepare_start(&prepare, on_other_prepare), 0);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    assert_int_equal(f->count, 1);
    check_at_once(f);
    uv_close((uv_handle_t *)&prepare, NULL);
    loop_drain(f->loop); /* the handle is on this stack */
}

static void a_deadline_fires_when_it_has_come_and_not_before(void **state)
{
    struct fixture *f = *state;
    int64_t deadline_ms = actor_now_ms(&f->actor) + 15;
    actor_set_deadline(&f->actor, deadline_ms);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    assert_in_range(f->fired_at_ms, deadline_ms, deadline_ms + AT_ONCE_MS_MAX);
}

static void an_escalation_ends_the_run_with_its_reason(void **state)
{
    struct fixture *f = *state;
    tell(f, ESCALATE);
    tell(f, COUNT);
    assert_int_equal(loop_run(f->loop), STATUS_CORRUPT);
    assert_int_equal(f->count, 1);
}

static void a_stop_before_the_run_ends_it_at_once(void **state)
{
    struct fixture *f = *state;
    loop_stop(f->loop);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    check_at_once(f);
}

/* An actor that never falls silent does not keep timers and I/O from their turn. */
static void the_loop_breathes_between_slices(void **state)
{
    struct fixture *f = *state;
    start_timer(f, on_timer, 5);
    tell(f, REPEAT);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    assert_true(f->count > 2000);
    check_at_once(f);
}

static void on_round(uv_check_t *check)
{
    struct fixture *f = check->data;
    if (f->round_count++ > 0) {
        assert_in_range(f->count, 1, 2000);
    }
    f->count = 0;
    if (f->round_count == 10) {
        loop_stop(f->loop);
    }
}

static void a_slice_has_an_end(void **state)
{
    struct fixture *f = *state;
    uv_check_t check = {.data = f};
    assert_int_equal(uv_check_init(loop_uv(f->loop), &check), 0);
    assert_int_equal(uv_check_start(&check, on_round), 0);
    tell(f, REPEAT);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    uv_close((uv_handle_t *)&check, NULL);
    actor_deinit(&f->actor); /* it would go on for ever */
    loop_drain(f->loop);
    actor_init(&f->actor, &test_class, loop_sched(f->loop));
}

static void a_hang_shows_as_a_pause_and_a_sleep_does_not(void **state)
{
    struct fixture *f = *state;
    actor_set_deadline(&f->actor, actor_now_ms(&f->actor) + 100);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    assert_true(loop_take_pause_ms(f->loop) < 50);

    tell(f, HANG_AND_STOP);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    assert_true(loop_take_pause_ms(f->loop) >= 59);
    assert_true(loop_take_pause_ms(f->loop) < 59); /* it was taken */
}

static void hang_in_callback(uv_timer_t *timer)
{
    struct fixture *f = container_of(timer, struct fixture, timer);
    hang(60);
    f->pause_ms = loop_take_pause_ms(f->loop);
    uv_close((uv_handle_t *)timer, NULL);
    loop_stop(f->loop);
}

static void whoever_asks_within_a_round_hears_of_it(void **state)
{
    struct fixture *f = *state;
    start_timer(f, hang_in_callback, 0);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    assert_true(f->pause_ms >= 59);
}

/* Exits with whether it noticed that it was stopped in the middle of its sleep. */
static void sleep_through_a_stop(void)
{
    struct fixture f = {0};
    if (loop_create(sizeof(struct msg), &f.loop) != STATUS_OK) {
        _exit(1);
    }
    actor_init(&f.actor, &test_class, loop_sched(f.loop));
    actor_set_deadline(&f.actor, actor_now_ms(&f.actor) + 150);
    enum status status = loop_run(f.loop);
    _exit(status == STATUS_OK && loop_take_pause_ms(f.loop) >= 50 ? 0 : 1);
}

static void a_process_that_was_stopped_in_its_sleep_notices(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        sleep_through_a_stop();
    }
    hang(20);
    assert_int_equal(kill(child, SIGSTOP), 0);
    hang(230);
    assert_int_equal(kill(child, SIGCONT), 0);
    int how = -1;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0); /* it exited, with 0 */
}

static void ignore(struct waker *waker)
{
    (void)waker;
}

static void count_closed(struct waker *waker)
{
    struct fixture *f = container_of(waker, struct fixture, waker);
    f->closed_count++;
    tell(f, COUNT);
    loop_stop(f->loop); /* must not end the drain */
    job_start(&f->job, loop_uv(f->loop), work_nothing, tell_stop_from_job);
}

static void draining_waits_for_the_last_handle_and_job(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(waker_init(&f->waker, loop_uv(f->loop), ignore), STATUS_OK);
    waker_set_delay(&f->waker, 3600000);
    tell(f, STOP);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    waker_close(&f->waker, count_closed);
    loop_drain(f->loop);
    assert_int_equal(f->closed_count, 1);
    assert_false(f->job.is_running);
    assert_true(f->count >= 2); /* actors went on meanwhile */
}

static void draining_after_an_escalation_ends(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(waker_init(&f->waker, loop_uv(f->loop), ignore), STATUS_OK);
    tell(f, ESCALATE);
    assert_int_equal(loop_run(f->loop), STATUS_CORRUPT);
    waker_close(&f->waker, count_closed);
    loop_drain(f->loop);
    assert_int_equal(f->closed_count, 1);
    assert_int_equal(f->count, 1);
}

static void destroy_with_a_handle_open(void *context)
{
    struct fixture *f = context;
    (void)uv_timer_init(loop_uv(f->loop), &f->timer);
    loop_destroy(&f->loop);
}

static void a_handle_that_is_left_is_a_bug(void **state)
{
    assert_true(aborts(destroy_with_a_handle_open, *state));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_from_the_done_of_a_job_is_handled_at_once),
        TEST(a_message_from_a_timer_is_handled_at_once),
        TEST(a_message_from_a_close_callback_is_handled_at_once),
        TEST(a_message_from_somebody_elses_prepare_is_handled_at_once),
        TEST(a_deadline_fires_when_it_has_come_and_not_before),
        TEST(an_escalation_ends_the_run_with_its_reason),
        TEST(a_stop_before_the_run_ends_it_at_once),
        TEST(the_loop_breathes_between_slices),
        TEST(a_slice_has_an_end),
        TEST(a_hang_shows_as_a_pause_and_a_sleep_does_not),
        TEST(a_process_that_was_stopped_in_its_sleep_notices),
        TEST(whoever_asks_within_a_round_hears_of_it),
        TEST(draining_waits_for_the_last_handle_and_job),
        TEST(draining_after_an_escalation_ends),
        TEST(a_handle_that_is_left_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
