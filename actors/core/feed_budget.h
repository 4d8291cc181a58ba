/* How much of the exchange we may use: so many units in so long a time, and not at all while it has
 * told us to wait. Pure: the time comes with each call, monotonic. */
#ifndef CANDLED_ACTORS_CORE_FEED_BUDGET_H
#define CANDLED_ACTORS_CORE_FEED_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct feed_budget {
    int64_t units_max; /* in each window */
    int64_t window_ms;
    int64_t began_ms; /* the window; FEED_BUDGET_NEVER: none yet */
    int64_t used;
    int64_t wait_until_ms; /* the exchange said so */
};

#define FEED_BUDGET_NEVER INT64_MIN

void feed_budget_init(struct feed_budget *budget, int64_t units_max, int64_t window_ms);

/* Whether so many units may be used now. */
bool feed_budget_allows(struct feed_budget *budget, int64_t units, int64_t now_ms);

void feed_budget_use(struct feed_budget *budget, int64_t units, int64_t now_ms);

/* The exchange counts more than we do: others share our address. */
void feed_budget_told_used(struct feed_budget *budget, int64_t used, int64_t now_ms);

/* Nothing at all for so long. */
void feed_budget_wait(struct feed_budget *budget, int64_t wait_ms, int64_t now_ms);

#endif
