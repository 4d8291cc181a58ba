/* The steps between a connection and its first call: what is asked in each, and what an answer
 * means. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_LOGIN_H
#define CANDLED_ACTORS_EDGE_REDIS_LOGIN_H

#include "actors/edge/redis_link.h"

#include <stdbool.h>

struct redisAsyncContext;
struct redisReply;
struct redis_url;

typedef void redis_login_fn(struct redisAsyncContext *context, void *reply, void *unused);

/* False: nothing has to be asked in this state. */
bool redis_login_ask(enum redis_link_state state, struct redisAsyncContext *context,
                     const struct redis_url *url, const char *script, redis_login_fn *answered);

/* NULL: go on; else what is wrong, alive as long as the reply. */
const char *redis_login_error(enum redis_link_state state, const struct redisReply *reply);

#endif
