#include "actors/core/feed_budget.h"

void feed_budget_init(struct feed_budget *budget, int64_t units_max, int64_t window_ms)
{
    *budget = (struct feed_budget){
        .units_max = units_max,
        .window_ms = window_ms,
        .began_ms = FEED_BUDGET_NEVER,
        .wait_until_ms = FEED_BUDGET_NEVER,
    };
}

static void begin_window(struct feed_budget *budget, int64_t now_ms)
{
    if (budget->began_ms == FEED_BUDGET_NEVER || now_ms - budget->began_ms >= budget->window_ms) {
        budget->began_ms = now_ms;
        budget->used = 0;
    }
}

bool feed_budget_allows(struct feed_budget *budget, int64_t units, int64_t now_ms)
{
    begin_window(budget, now_ms);
    return now_ms >= budget->wait_until_ms && budget->used + units <= budget->units_max;
}

void feed_budget_use(struct feed_budget *budget, int64_t units, int64_t now_ms)
{
    begin_window(budget, now_ms);
    budget->used += units;
}

void feed_budget_told_used(struct feed_budget *budget, int64_t used, int64_t now_ms)
{
    begin_window(budget, now_ms);
    if (used > budget->used) {
        budget->used = used;
    }
}

void feed_budget_wait(struct feed_budget *budget, int64_t wait_ms, int64_t now_ms)
{
    if (now_ms + wait_ms > budget->wait_until_ms) {
        budget->wait_until_ms = now_ms + wait_ms;
    }
}
