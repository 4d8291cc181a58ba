/* The collector's REST requests: one at a time, on a thread of its own, answered on the loop.
 *
 * Ownership: exchange_rest_destroy() ends it; the request under way is waited for, memory goes in
 * later rounds of the loop.
 * Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_EXCHANGE_REST_H
#define CANDLED_ACTORS_EDGE_EXCHANGE_REST_H

#include "actors/exchange_answer.h"

#include <stddef.h>
#include <stdint.h>

struct exchange_rest;
struct loop;

struct exchange_rest_options {
    struct loop *loop; /* borrowed */
    const char *url;
    const char *ca_file;
    void *context;
    /* Borrowed; may ask the next question. */
    void (*answered)(void *context, const struct exchange_answer *answer);
};

struct exchange_rest *exchange_rest_create(const struct exchange_rest_options *options);

/* Neither of the two while an answer is awaited. The texts are copied. */
void exchange_rest_ask_klines(struct exchange_rest *rest, const char *symbol, int64_t from_ms,
                              int64_t to_ms);

void exchange_rest_ask_info(struct exchange_rest *rest, const char *const *symbols, size_t count);

/* NULL inside is fine. */
void exchange_rest_destroy(struct exchange_rest **rest_p);

#endif
