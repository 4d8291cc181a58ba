#include "runtime/job.h"

#include "runtime/base.h"
#include "tests/unit/runtime/expect_abort.h"

#include <pthread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef void start_fn(struct job *job, uv_loop_t *loop, job_fn *work, job_fn *done);

struct errand {
    struct job job;
    start_fn *start;
    uv_loop_t *loop;
    pthread_t worker;
    pthread_t finisher;
    int worked_count;
    int done_count;
    int repeat_count;
};

static void work(struct job *job)
{
    struct errand *errand = container_of(job, struct errand, job);
    errand->worker = pthread_self();
    errand->worked_count++;
}

static void done(struct job *job)
{
    struct errand *errand = container_of(job, struct errand, job);
    errand->finisher = pthread_self();
    errand->done_count++;
    assert_false(job->is_running);
    if (errand->done_count < errand->repeat_count) {
        errand->start(job, errand->loop, work, done);
    }
}

static void run(struct errand *errand)
{
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    errand->loop = &loop;
    errand->start(&errand->job, &loop, work, done);
    assert_true(errand->job.is_running);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static start_fn *const starts[] = {job_start, job_start_alone};

static void work_runs_elsewhere_and_done_runs_here(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
        struct errand errand = {.start = starts[i]};
        run(&errand);
        assert_int_equal(errand.worked_count, 1);
        assert_int_equal(errand.done_count, 1);
        assert_false(pthread_equal(errand.worker, pthread_self()));
        assert_true(pthread_equal(errand.finisher, pthread_self()));
        assert_false(errand.job.is_running);
    }
}

static void a_job_may_start_again_from_its_own_done(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
        struct errand errand = {.start = starts[i], .repeat_count = 50};
        run(&errand);
        assert_int_equal(errand.worked_count, 50);
        assert_int_equal(errand.done_count, 50);
    }
}

enum { SLOW_COUNT = 16 }; /* more than the pool has threads */

static pthread_barrier_t is_quick_done;

static void wait_for_the_quick_one(struct job *job)
{
    (void)job;
    (void)pthread_barrier_wait(&is_quick_done);
}

static void rest(struct job *job)
{
    (void)job;
}

static void on_quick_done(struct job *job)
{
    (void)job;
    (void)pthread_barrier_wait(&is_quick_done);
}

static void jobs_that_run_alone_keep_no_other_waiting(void **state)
{
    (void)state;
    struct job slow[SLOW_COUNT] = {{.is_running = false}};
    struct job quick = {.is_running = false};
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(pthread_barrier_init(&is_quick_done, NULL, SLOW_COUNT + 1), 0);
    for (size_t i = 0; i < SLOW_COUNT; i++) {
        job_start_alone(&slow[i], &loop, wait_for_the_quick_one, rest);
    }
    job_start(&quick, &loop, rest, on_quick_done);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    (void)pthread_barrier_destroy(&is_quick_done);
}

static void start(void *context)
{
    struct errand *errand = context;
    job_start(&errand->job, errand->loop, work, done);
}

static void a_job_that_runs_cannot_be_started(void **state)
{
    (void)state;
    struct errand errand = {.job = {.is_running = true}};
    assert_true(aborts(start, &errand));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_runs_elsewhere_and_done_runs_here),
        cmocka_unit_test(a_job_may_start_again_from_its_own_done),
        cmocka_unit_test(jobs_that_run_alone_keep_no_other_waiting),
        cmocka_unit_test(a_job_that_runs_cannot_be_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
