/* Writes many candles into MongoDB for tools, as the sink does: bulks of upserts, guarded by
 * revision, so that it may run beside shards and beside another of its kind.
 *
 * Thread: one; every call may block: a server that is away is asked again for a minute. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_LOADER_H
#define CANDLED_ACTORS_EDGE_MONGO_LOADER_H

#include "proto/candle.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>
#include <stdint.h>

struct mongo_loader;

struct mongo_loader_options {
    const char *uri; /* copied, as are the others */
    const char *database;
    const char *collection; /* template */
    int64_t retention_ms;   /* 0: none */
};

enum { MONGO_LOADER_ERROR_MAX = 512 };

/* Makes the indexes. STATUS_BAD_CONFIG, STATUS_UNAVAILABLE: `error` says why. */
MUST_CHECK enum status mongo_loader_open(const struct mongo_loader_options *options,
                                         struct mongo_loader **out_loader, char *error,
                                         size_t error_size);

/* NULL is fine. What was not flushed is not written. */
void mongo_loader_close(struct mongo_loader **loader_p);

/* Copies it; now and then writes what it has. */
MUST_CHECK enum status mongo_loader_add(struct mongo_loader *loader, const struct candle *candle);

/* Returns when all that was added is durable on a majority. */
MUST_CHECK enum status mongo_loader_flush(struct mongo_loader *loader);

/* Of all that was flushed, since it was opened. */
struct mongo_loader_counts {
    int64_t written;
    int64_t held;     /* the server held the same or a newer one */
    int64_t rejected; /* it will never accept them; logged */
};

struct mongo_loader_counts mongo_loader_counts(const struct mongo_loader *loader);

/* Of the call that failed. */
const char *mongo_loader_error(const struct mongo_loader *loader);

#endif
