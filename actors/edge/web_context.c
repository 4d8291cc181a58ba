#include "actors/edge/web_context.h"

#include <fcntl.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

/* Somebody may have got the number at once; a lookup gives it back soon. */
enum { TRIES_MAX = 100, TRY_MS = 1 };

/* Newer ones close it once: Debian 13's does. */
#define CLOSES_TWICE (LWS_LIBRARY_VERSION_NUMBER < 4002000)

struct search {
    size_t seen;
    size_t before; /* handles that are not lws's */
    int fd;
};

/* Handles are walked through in the order in which they were made. */
static void on_handle(uv_handle_t *handle, void *context)
{
    struct search *search = context;
    uv_os_fd_t fd;
    search->seen++;
    if (search->seen > search->before && search->fd < 0 && uv_handle_get_type(handle) == UV_POLL &&
        uv_fileno(handle, &fd) == 0) {
        search->fd = fd;
    }
}

void web_context_open(struct web_context *context, struct lws_context_creation_info *info)
{
    uv_loop_t *loop = info->foreign_loops[0];
    struct search before = {.before = SIZE_MAX, .fd = -1};
    uv_walk(loop, on_handle, &before);
    context->lws = lws_create_context(info);
    /* Without a vhost it polls nothing but what wakes it. */
    struct search search = {.before = before.seen, .fd = -1};
    uv_walk(loop, on_handle, &search);
    context->wakeup_fd = search.fd;
    context->vhost = context->lws == NULL ? NULL : lws_create_vhost(context->lws, info);
}

static bool take(int spare_fd, int number)
{
    int fd = fcntl(spare_fd, F_DUPFD_CLOEXEC, number);
    if (fd >= 0 && fd != number) {
        (void)close(fd);
    }
    return fd == number;
}

void web_context_end(struct web_context *context)
{
    bool keeps = CLOSES_TWICE && context->wakeup_fd >= 0;
    /* Made before, so that the number is free for no longer than lws needs to come back. */
    int spare_fd = keeps ? eventfd(0, EFD_CLOEXEC) : -1;
    lws_context_destroy(context->lws);
    if (spare_fd < 0) {
        return;
    }
    for (int i = 0; i < TRIES_MAX && !take(spare_fd, context->wakeup_fd); i++) {
        uv_sleep(TRY_MS);
    }
    (void)close(spare_fd);
}
