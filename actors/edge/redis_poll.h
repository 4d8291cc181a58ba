/* A hiredis connection on a libuv loop.
 *
 * hiredis brings an adapter of its own, which swallows an error of the poll: a dead descriptor is
 * then a connection that hangs. This one tells the owner, who must free the context.
 * Ownership: of hiredis, which has it cleaned up with the context; its memory goes when libuv has
 * closed the handle. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_POLL_H
#define CANDLED_ACTORS_EDGE_REDIS_POLL_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>

struct redisAsyncContext;
struct uv_loop_s;

/* Called from libuv: to be noted, and acted upon later. */
typedef void redis_poll_failed_fn(struct redisAsyncContext *context, const char *error);

/* Asked before anything is written. After a no nothing more is: the owner ends the connection. */
typedef bool redis_poll_may_write_fn(struct redisAsyncContext *context);

/* On failure the context is as it was, and must be freed by the caller. */
MUST_CHECK enum status redis_poll_attach(struct redisAsyncContext *context, struct uv_loop_s *loop,
                                         redis_poll_failed_fn *failed,
                                         redis_poll_may_write_fn *may_write);

#endif
