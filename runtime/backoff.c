#include "runtime/backoff.h"

#include <assert.h>

void backoff_init(struct backoff *backoff, int64_t min_ms, int64_t max_ms, uint64_t seed)
{
    assert(min_ms > 0);
    assert(min_ms <= max_ms);
    *backoff = (struct backoff){.min_ms = min_ms, .max_ms = max_ms, .rand = {.state = seed}};
}

/* min * 2^attempts, or max where that is more. */
static int64_t ceiling_ms(const struct backoff *backoff)
{
    int64_t ceiling = backoff->min_ms;
    for (uint32_t i = 0; i < backoff->attempts; i++) {
        if (ceiling > backoff->max_ms / 2) {
            return backoff->max_ms;
        }
        ceiling *= 2;
    }
    return ceiling;
}

int64_t backoff_next_ms(struct backoff *backoff)
{
    uint64_t bound = (uint64_t)ceiling_ms(backoff) + 1;
    if (backoff->attempts < UINT32_MAX) {
        backoff->attempts++;
    }
    int64_t delay_ms = (int64_t)rand_below(&backoff->rand, bound);
    return delay_ms > 0 ? delay_ms : 1;
}

void backoff_reset(struct backoff *backoff)
{
    backoff->attempts = 0;
}
