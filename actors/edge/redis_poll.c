#include "actors/edge/redis_poll.h"

#include "runtime/loop_status.h"
#include "runtime/mem.h"
#include "runtime/stage.h"

#include <hiredis/async.h>
#include <uv.h>

struct redis_poll {
    uv_poll_t handle;
    redisAsyncContext *context; /* NULL once hiredis has let go */
    redis_poll_failed_fn *failed;
    redis_poll_may_write_fn *may_write;
    int events;
};

/* libuv has stopped to watch it, and calls every error EBADF: a read knows better, and lets hiredis
 * end the connection with the socket's own words. */
static void fail(struct redis_poll *poll, const char *error)
{
    if (poll->context != NULL) {
        redisAsyncHandleRead(poll->context);
    }
    if (poll->context != NULL) {
        poll->failed(poll->context, error);
    }
}

static void watch(struct redis_poll *poll, int events);

static void on_events(struct redis_poll *poll, int uv_code, int events)
{
    if (uv_code != 0) {
        fail(poll, uv_strerror(uv_code));
        return;
    }
    if (poll->context != NULL && (events & UV_READABLE) != 0) {
        redisAsyncHandleRead(poll->context);
    }
    if (poll->context == NULL || (events & UV_WRITABLE) == 0) {
        return;
    }
    if (poll->may_write(poll->context)) {
        redisAsyncHandleWrite(poll->context);
    } else {
        watch(poll, 0);
    }
}

static void on_poll(uv_poll_t *handle, int uv_code, int events)
{
    enum stage before = stage_enter(STAGE_redis);
    on_events(container_of(handle, struct redis_poll, handle), uv_code, events);
    (void)stage_enter(before);
}

static void watch(struct redis_poll *poll, int events)
{
    if (poll->events == events) {
        return;
    }
    poll->events = events;
    if (events == 0) {
        (void)uv_poll_stop(&poll->handle);
    } else {
        (void)uv_poll_start(&poll->handle, events, on_poll);
    }
}

static void add_read(void *data)
{
    struct redis_poll *poll = data;
    watch(poll, poll->events | UV_READABLE);
}

static void del_read(void *data)
{
    struct redis_poll *poll = data;
    watch(poll, poll->events & ~UV_READABLE);
}

static void add_write(void *data)
{
    struct redis_poll *poll = data;
    watch(poll, poll->events | UV_WRITABLE);
}

static void del_write(void *data)
{
    struct redis_poll *poll = data;
    watch(poll, poll->events & ~UV_WRITABLE);
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(container_of((uv_poll_t *)handle, struct redis_poll, handle));
}

static void cleanup(void *data)
{
    struct redis_poll *poll = data;
    if (poll->context == NULL) {
        return; /* hiredis may clean up twice */
    }
    poll->context = NULL;
    uv_close((uv_handle_t *)&poll->handle, on_closed);
}

enum status redis_poll_attach(struct redisAsyncContext *context, struct uv_loop_s *loop,
                              redis_poll_failed_fn *failed, redis_poll_may_write_fn *may_write)
{
    struct redis_poll *poll = mem_new(1, sizeof(*poll));
    int rc = uv_poll_init(loop, &poll->handle, context->c.fd);
    enum status status = loop_status(rc, "uv_poll_init");
    if (status != STATUS_OK) {
        mem_free(poll);
        return status;
    }
    poll->context = context;
    poll->failed = failed;
    poll->may_write = may_write;
    context->ev.data = poll;
    context->ev.addRead = add_read;
    context->ev.delRead = del_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    context->ev.cleanup = cleanup;
    return STATUS_OK;
}
