#include "actors/edge/kafka_wakeup.h"

#include "runtime/loop.h"
#include "runtime/loop_status.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const uint64_t one = 1;

/* The eventfd is emptied before the queue is read: what comes in between wakes us again. */
static void on_poll(uv_poll_t *poll, int uv_code, int events)
{
    (void)uv_code;
    (void)events;
    struct kafka_wakeup *wakeup = container_of(poll, struct kafka_wakeup, poll);
    uint64_t count;
    (void)!read(wakeup->fd, &count, sizeof(count));
    wakeup->woken(wakeup);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct kafka_wakeup *wakeup = container_of((uv_poll_t *)handle, struct kafka_wakeup, poll);
    (void)close(wakeup->fd);
    wakeup->fd = -1;
    wakeup->closed(wakeup);
}

enum status kafka_wakeup_open(struct kafka_wakeup *wakeup, struct loop *loop,
                              rd_kafka_queue_t *queue, kafka_wakeup_fn *woken)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        return loop_status(-errno, "eventfd");
    }
    enum status status =
        loop_status(uv_poll_init(loop_uv(loop), &wakeup->poll, fd), "uv_poll_init");
    if (status != STATUS_OK) {
        (void)close(fd);
        return status;
    }
    wakeup->fd = fd;
    wakeup->queue = queue;
    wakeup->woken = woken;
    wakeup->closed = NULL;
    (void)uv_poll_start(&wakeup->poll, UV_READABLE, on_poll);
    rd_kafka_queue_io_event_enable(queue, fd, &one, sizeof(one));
    kafka_wakeup_again(wakeup); /* what was in the queue before tells nobody */
    return STATUS_OK;
}

void kafka_wakeup_again(struct kafka_wakeup *wakeup)
{
    (void)!write(wakeup->fd, &one, sizeof(one));
}

void kafka_wakeup_close(struct kafka_wakeup *wakeup, kafka_wakeup_fn *closed)
{
    /* Takes the queue's lock, as whoever writes to the eventfd does: from here on nobody does. */
    rd_kafka_queue_io_event_enable(wakeup->queue, -1, NULL, 0);
    wakeup->queue = NULL;
    wakeup->closed = closed;
    uv_close((uv_handle_t *)&wakeup->poll, on_poll_closed);
}
