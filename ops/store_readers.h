/* Readers of Redis and MongoDB as the configuration names them, for tools. */
#ifndef CANDLED_OPS_STORE_READERS_H
#define CANDLED_OPS_STORE_READERS_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>

struct config;
struct mongo_reader;
struct redis_reader;

enum { STORE_READERS_ERROR_MAX = 300 };

/* NULL, and no error, when the store is not enabled. On failure `error` says which store, and why.
 */
MUST_CHECK enum status store_readers_open_redis(const struct config *config,
                                                struct redis_reader **out_reader,
                                                char error[STORE_READERS_ERROR_MAX]);

MUST_CHECK enum status store_readers_open_mongo(const struct config *config,
                                                struct mongo_reader **out_reader,
                                                char error[STORE_READERS_ERROR_MAX]);

#endif
