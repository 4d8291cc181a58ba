/* One unordered bulk of guarded upserts into one collection, and what becomes of each row.
 *
 * The filter of an upsert does not match a newer document, so that the server tries to insert a
 * second one and reports a duplicate key; it reports the same when two writers insert at once. Such
 * a row is re-issued without upsert: then it either changes the document or finds it newer. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_BULK_H
#define CANDLED_ACTORS_EDGE_MONGO_BULK_H

#include "actors/candle_batch.h"
#include "actors/edge/mongo_writer.h"
#include "runtime/base.h"

#include <mongoc/mongoc.h>
#include <stdbool.h>
#include <stddef.h>

/* Some rows of a settled batch. True: each is written, counted as stale, or rejected. */
MUST_CHECK bool mongo_bulk_write(mongoc_collection_t *collection, const struct sink_gate *gate,
                                 const struct candle_batch *batch, size_t first, size_t count,
                                 struct mongo_failure *failure);

#endif
