/* Reads candles out of Redis for tools, and takes out such as must be written anew.
 *
 * Thread: one; every call blocks, five seconds at most. Not for a loop. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_READER_H
#define CANDLED_ACTORS_EDGE_REDIS_READER_H

#include "proto/candle.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>

struct redis_reader;

enum { REDIS_READER_ERROR_MAX = 256 };

struct redis_reader_options {
    const char *url;        /* see redis_url.h; with sentinels its host is the primary's name */
    const char *password;   /* overrides the url's; NULL or empty: none */
    char *const *sentinels; /* host:port each; NULL: none */
    size_t sentinel_count;
    const char *key; /* template */
};

/* On failure `error` says why. */
MUST_CHECK enum status redis_reader_open(const struct redis_reader_options *options,
                                         struct redis_reader **out_reader, char *error,
                                         size_t error_size);

void redis_reader_close(struct redis_reader **reader_p);

/* `found`: the stored text, or NULL. Called once for each candle, in order. */
typedef void redis_reader_visit_fn(void *context, const struct candle *candle, const char *found);

MUST_CHECK enum status redis_reader_get(struct redis_reader *reader, const struct candle *candles,
                                        size_t count, redis_reader_visit_fn *visit, void *context);

/* Deletes the candle's key if it still holds `found`. */
MUST_CHECK enum status redis_reader_take_out(struct redis_reader *reader,
                                             const struct candle *candle, const char *found);

/* Of the call that failed. */
const char *redis_reader_error(const struct redis_reader *reader);

#endif
