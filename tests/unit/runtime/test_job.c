#include "runtime/job.h"

#include "runtime/base.h"
#include "tests/unit/runtime/expect_abort.h"

#include <pthread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct errand {
    struct job job;
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
        job_start(job, errand->loop, work, done);
    }
}

static void run(struct errand *errand)
{
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    errand->loop = &loop;
    job_start(&errand->job, &loop, work, done);
    assert_true(errand->job.is_running);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void work_runs_elsewhere_and_done_runs_here(void **state)
{
    (void)state;
    struct errand errand = {0};
    run(&errand);
    assert_int_equal(errand.worked_count, 1);
    assert_int_equal(errand.done_count, 1);
    assert_false(pthread_equal(errand.worker, pthread_self()));
    assert_true(pthread_equal(errand.finisher, pthread_self()));
    assert_false(errand.job.is_running);
}

static void a_job_may_start_again_from_its_own_done(void **state)
{
    (void)state;
    struct errand errand = {.repeat_count = 50};
    run(&errand);
    assert_int_equal(errand.worked_count, 50);
    assert_int_equal(errand.done_count, 50);
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
        cmocka_unit_test(a_job_that_runs_cannot_be_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
