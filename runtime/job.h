/* One blocking call at a time, on libuv's thread pool; or, one that may take long, on a thread of
 * its own, so that it keeps nobody else's waiting.
 *
 * Ownership: the owner embeds the job and keeps that memory until `done` has been called.
 * Thread: `work` runs on a worker, `done` on the loop's thread; nothing else is shared. */
#ifndef CANDLED_RUNTIME_JOB_H
#define CANDLED_RUNTIME_JOB_H

#include <stdbool.h>
#include <uv.h>

struct job;
typedef void job_fn(struct job *job);

struct job {
    union {
        uv_work_t work_request;
        struct {
            uv_async_t ended;
            uv_thread_t thread;
        } alone;
    };
    job_fn *work;
    job_fn *done;
    bool is_running;
};

/* Starts it; it must not be running. */
void job_start(struct job *job, uv_loop_t *loop, job_fn *work, job_fn *done);

/* The same on a thread of its own; on the pool when there is none to be had. */
void job_start_alone(struct job *job, uv_loop_t *loop, job_fn *work, job_fn *done);

#endif
