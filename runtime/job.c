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

void job_start(struct job *job, uv_loop_t *loop, job_fn *work, job_fn *done)
{
    assert(!job->is_running);
    assert(work != NULL);
    assert(done != NULL);
    job->is_running = true;
    job->work = work;
    job->done = done;
    int rc = uv_queue_work(loop, &job->work_request, on_work, on_done);
    assert(rc == 0); /* it refuses nothing but a missing callback */
    (void)rc;
}
