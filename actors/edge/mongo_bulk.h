/* Rows written into one collection by unordered bulks, and what becomes of each row.
 *
 * Most candles are new, and an insert costs the server much less than an upsert: so they are
 * inserted. What is there already, the server reports as a duplicate key, and it is re-issued as a
 * guarded upsert. Its filter does not match a newer document, so that the server tries to insert a
 * second one and reports a duplicate key again; it reports the same when two writers insert at
 * once. Such a row is re-issued without upsert: then it either changes the document or finds it
 * newer. While most rows turn out to be there, they begin with the upsert. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_BULK_H
#define CANDLED_ACTORS_EDGE_MONGO_BULK_H

#include "actors/candle_batch.h"
#include "actors/edge/mongo_writer.h"
#include "runtime/base.h"

#include <mongoc/mongoc.h>
#include <stdbool.h>
#include <stddef.h>

/* Some rows of a settled batch. True: each is written, counted as stale, or rejected. `are_new`:
 * whether most rows are not there yet; what was so this time is left there for the next. */
MUST_CHECK bool mongo_bulk_write(mongoc_collection_t *collection, const struct sink_gate *gate,
                                 const struct candle_batch *batch, size_t first, size_t count,
                                 bool *are_new, struct mongo_failure *failure);

#endif
