/* Reads candles out of MongoDB for tools, and takes out such as must be written anew.
 *
 * Thread: one; every call blocks, as long as the uri's timeouts say. Not for a loop. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_READER_H
#define CANDLED_ACTORS_EDGE_MONGO_READER_H

#include "proto/candle.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mongo_reader;

enum { MONGO_READER_ERROR_MAX = 256 };

/* collection: a template. On failure `error` says why. */
MUST_CHECK enum status mongo_reader_open(const char *uri, const char *database,
                                         const char *collection, struct mongo_reader **out_reader,
                                         char *error, size_t error_size);

void mongo_reader_close(struct mongo_reader **reader_p);

/* What is stored under a candle's _id. */
struct mongo_found {
    bool is_there;
    int64_t revision;  /* 0: it has none */
    bool is_same;      /* every field is as we would write it */
    const char *field; /* the first one that is not; NULL: none */
    const char *json;  /* the document; alive as long as the call */
};

typedef void mongo_reader_visit_fn(void *context, const struct candle *candle,
                                   const struct mongo_found *found);

MUST_CHECK enum status mongo_reader_get(struct mongo_reader *reader, const struct candle *candle,
                                        mongo_reader_visit_fn *visit, void *context);

/* Deletes the document if it still has that revision. */
MUST_CHECK enum status mongo_reader_take_out(struct mongo_reader *reader,
                                             const struct candle *candle, int64_t revision);

/* Of the call that failed. */
const char *mongo_reader_error(const struct mongo_reader *reader);

#endif
