#include "runtime/job.h"

#include "runtime/base.h"

#include <assert.h>

static void on_work(uv_work_t *request)
{
    struct job *job = container_of(request, struct job, work_request);
    job->work(job);
}

/* Jobs are never cancelled, so that the code is always 0. */
static void on_done(uv_work_t *request, int uv_code)
{
    struct job *job = container_of(request, struct job, work_request);
    assert(uv_code == 0);
    (void)uv_code;
    job->is_running = false; /* first: done() may start the next one, or free the job */
    job->done(job);
}

static void prepare(struct job *job, job_fn *work, job_fn *done)
{
    assert(!job->is_running);
    assert(work != NULL);
    assert(done != NULL);
    job->is_running = true;
    job->work = work;
    job->done = done;
}

static void queue(struct job *job, uv_loop_t *loop)
{
    int rc = uv_queue_work(loop, &job->work_request, on_work, on_done);
    assert(rc == 0); /* it refuses nothing but a missing callback */
    (void)rc;
}

void job_start(struct job *job, uv_loop_t *loop, job_fn *work, job_fn *done)
{
    prepare(job, work, done);
    queue(job, loop);
}

static void run_alone(void *context)
{
    struct job *job = context;
    job->work(job);
    (void)uv_async_send(&job->alone.ended);
}

static void on_closed(uv_handle_t *handle)
{
    struct job *job = container_of((uv_async_t *)handle, struct job, alone.ended);
    job->is_running = false;
    job->done(job);
}

static void on_ended(uv_async_t *ended)
{
    struct job *job = container_of(ended, struct job, alone.ended);
    (void)uv_thread_join(&job->alone.thread);
    uv_close((uv_handle_t *)ended, on_closed);
}

static void on_no_thread(uv_handle_t *handle)
{
    struct job *job = container_of((uv_async_t *)handle, struct job, alone.ended);
    queue(job, handle->loop);
}

void job_start_alone(struct job *job, uv_loop_t *loop, job_fn *work, job_fn *done)
{
    prepare(job, work, done);
    if (uv_async_init(loop, &job->alone.ended, on_ended) != 0) {
        queue(job, loop);
    } else if (uv_thread_create(&job->alone.thread, run_alone, job) != 0) {
        uv_close((uv_handle_t *)&job->alone.ended, on_no_thread);
    }
}
