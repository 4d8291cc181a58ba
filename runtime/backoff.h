/* How long to wait before asking an unwell peer again: exponential with full jitter.
 * The nth delay is uniform in [0, min(max, min * 2^n)], see "Exponential Backoff And Jitter" in the
 * AWS Architecture Blog. */
#ifndef CANDLED_RUNTIME_BACKOFF_H
#define CANDLED_RUNTIME_BACKOFF_H

#include "runtime/rand.h"

#include <stdint.h>

struct backoff {
    int64_t min_ms;
    int64_t max_ms;
    uint32_t attempts;
    struct rand rand;
};

void backoff_init(struct backoff *backoff, int64_t min_ms, int64_t max_ms, uint64_t seed);

/* The next delay; at least 1 ms. Never overflows. */
int64_t backoff_next_ms(struct backoff *backoff);

/* It worked: the next delay is short again. */
void backoff_reset(struct backoff *backoff);

#endif
