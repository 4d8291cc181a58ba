/* What a store must hold after the first n records of an endless made-up log: a function of n and
 * of nothing else, so that any torn, lost or doubled commit shows.
 *
 * It only goes forward. Two processes that advance to the same n hold the same. */
#ifndef CANDLED_TESTS_CRASH_PREFIX_H
#define CANDLED_TESTS_CRASH_PREFIX_H

#include "state/batch.h"
#include "state/meta.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PREFIX_SYMBOLS = 24,
    PREFIX_WINDOW = 64, /* records of one candle */
    PREFIX_WINDOWS = 16,
    PREFIX_HISTORY = 1024, /* a power of two */
    PREFIX_VALUE_MAX = 256,
};

/* All members are the function's; a reader of stores compares with them. */
struct prefix {
    int64_t next;
    struct {
        int64_t count; /* 0: no record in the store */
        uint64_t digest;
    } actors[PREFIX_SYMBOLS];
    struct {
        int64_t window; /* which one stands here; -1: none */
        int64_t expire_ms;
        uint64_t digest;
    } candles[PREFIX_WINDOWS][PREFIX_SYMBOLS];
    int64_t outbox_next;
    int64_t outbox_next_at[PREFIX_HISTORY]; /* as of offset, modulo the size */
};

void prefix_init(struct prefix *prefix);

/* One record; what changed is put into the batch, unless that is NULL. */
void prefix_advance(struct prefix *prefix, struct batch *batch);

/* Sets what a checkpoint at this point must say; the rest of `meta` is left alone. */
void prefix_describe(const struct prefix *prefix, struct meta *meta);

/* Is this what the checkpoint said? */
bool prefix_matches(const struct prefix *prefix, const struct meta *meta);

/* The bytes of an actor, a candle or an outbox entry; both return the size. */
size_t prefix_value(uint64_t digest, unsigned char value[PREFIX_VALUE_MAX]);
size_t prefix_candle_key(int64_t window, int symbol, unsigned char *key);
size_t prefix_actor_key(int symbol, unsigned char *key);

/* Of the outbox entry with this sequence. */
uint64_t prefix_entry_digest(int64_t sequence);

#endif
