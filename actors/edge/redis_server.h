/* Which Redis the sink means: its url with the password to use, TLS, and the sentinels, if any.
 *
 * Plain data around three others. Ownership: the sink's. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_SERVER_H
#define CANDLED_ACTORS_EDGE_REDIS_SERVER_H

#include "actors/edge/redis_url.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>

struct redis_sentinels;
struct redis_sink_options;
struct redis_tls;

struct redis_server {
    struct redis_url url;
    struct redis_tls *tls;             /* NULL: plain */
    struct redis_sentinels *sentinels; /* NULL: the url names the server, not the primary */
};

/* STATUS_BAD_CONFIG, with what is wrong in `error`; nothing needs an end then. `come` is what
 * sentinels call, see redis_sentinels.h. */
MUST_CHECK enum status redis_server_init(struct redis_server *server,
                                         const struct redis_sink_options *options, void *context,
                                         void (*come)(void *context), char *error,
                                         size_t error_size);

void redis_server_deinit(struct redis_server *server);

#endif
