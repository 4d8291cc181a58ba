/* The addresses of a host, asked for off the loop: hiredis alone would block it on the name server.
 *
 * Ownership: a lookup frees itself after its answer. Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_LOOKUP_H
#define CANDLED_ACTORS_EDGE_REDIS_LOOKUP_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>

enum { REDIS_ADDRESS_TEXT_MAX = 64, REDIS_ADDRESSES_MAX = 8 };

struct redis_addresses {
    char texts[REDIS_ADDRESSES_MAX][REDIS_ADDRESS_TEXT_MAX];
    size_t count;
};

struct redis_lookup;
struct uv_loop_s;

/* error: NULL, or the resolver's words. */
typedef void redis_lookup_fn(void *context, const struct redis_addresses *addresses,
                             const char *error);

/* On failure `done` is never called. */
MUST_CHECK enum status redis_lookup_start(struct uv_loop_s *loop, const char *host,
                                          redis_lookup_fn *done, void *context,
                                          struct redis_lookup **out_lookup);

/* `done` will not be called any more; NULL inside is fine. */
void redis_lookup_abandon(struct redis_lookup **lookup_p);

#endif
