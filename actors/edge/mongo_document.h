/* A candle as MongoDB sees it: its filter, and its fields.
 *
 * Prices and volumes are Decimal128 with every digit, times are Dates, counts and the revision are
 * 64-bit integers; what is not known is null. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_DOCUMENT_H
#define CANDLED_ACTORS_EDGE_MONGO_DOCUMENT_H

#include "proto/candle.h"

#include <bson/bson.h>
#include <stdbool.h>

/* {_id, revision: {$not: {$gte: ours}}}: a document without a revision is older than any. */
void mongo_document_filter(const struct candle *candle, bson_t *filter);

/* The whole of it: {_id, ...}. False: a number does not fit a Decimal128, and *document is not to
 * be used. */
bool mongo_document_whole(const struct candle *candle, bson_t *document);

/* {$set: {...}}. False: a number does not fit a Decimal128, and *update is not to be used. */
bool mongo_document_update(const struct candle *candle, bson_t *update);

#endif
