/* The indexes of a collection: the one that readers search by, and with a retention the one by
 * which the server forgets. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_INDEX_H
#define CANDLED_ACTORS_EDGE_MONGO_INDEX_H

#include "actors/edge/mongo_writer.h"
#include "runtime/base.h"

#include <mongoc/mongoc.h>
#include <stdbool.h>
#include <stdint.h>

/* False: ask again later. A server that refuses for good (a permission, another index in the way)
 * is logged, and true. */
MUST_CHECK bool mongo_index_make(mongoc_database_t *database, const char *collection,
                                 int64_t retention_ms, struct mongo_failure *failure);

#endif
