#include "ops/batch_merge.h"

#include "ops/batch_fold.h"
#include "ops/batch_grid.h"
#include "runtime/mem.h"

#include <stdlib.h>
#include <string.h>

/* No minute is too late: they come in the order of their revisions, not of their times. */
static const int64_t NEVER_LATE_MS = INT64_C(100) * 366 * 86400000;

struct merge {
    struct batch_grid *grid;
    const struct candle **order; /* the minutes as they are fed */
    size_t count;
    size_t next;
};

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Those that no record tells come last, so that every window they are in is changed by them. */
static int compare_minutes(const void *a, const void *b)
{
    const struct candle *left = *(const struct candle *const *)a;
    const struct candle *right = *(const struct candle *const *)b;
    int order = compare(left->revision == 0, right->revision == 0);
    order = order != 0 ? order : compare(left->revision, right->revision);
    return order != 0 ? order : compare(left->open_ms, right->open_ms);
}

static void put_in_order(struct merge *merge)
{
    const struct batch_cells *minutes = &merge->grid->minutes;
    merge->order = mem_new(minutes->count, sizeof(merge->order[0]));
    for (size_t i = 0; i < minutes->count; i++) {
        const struct batch_cell *cell = &minutes->items[i];
        if (cell->origin != BATCH_nowhere) {
            merge->order[merge->count++] = &cell->candle;
        }
    }
    if (merge->count > 0) {
        qsort(merge->order, merge->count, sizeof(merge->order[0]), compare_minutes);
    }
}

/* A fill is fed as an empty minute: at the day's edges, what has proved it is not held. Its event
 * time is lower than that of any kline. */
static int64_t event_ms_of(const struct batch_grid *grid, const struct candle *minute)
{
    return minute->is_fill ? grid->begin_ms : minute->event_ms;
}

static bool next_kline(void *context, struct kline *out_kline)
{
    struct merge *merge = context;
    if (merge->next == merge->count) {
        return false;
    }
    const struct candle *minute = merge->order[merge->next++];
    *out_kline = (struct kline){
        .symbol_size = (uint8_t)strlen(minute->symbol),
        .is_closed = true,
        .trade_ids = minute->trade_ids,
        .open_ms = minute->open_ms,
        .event_ms = event_ms_of(merge->grid, minute),
        .open = minute->open,
        .high = minute->high,
        .low = minute->low,
        .close = minute->close,
        .volume = minute->volume,
        .quote_volume = minute->quote_volume,
        .taker_buy_volume = minute->taker_buy_volume,
        .taker_buy_quote_volume = minute->taker_buy_quote_volume,
        .trades = minute->trades,
        .first_trade_id = minute->first_trade_id,
        .last_trade_id = minute->last_trade_id,
    };
    memcpy(out_kline->symbol, minute->symbol, sizeof(out_kline->symbol));
    return true;
}

static bool is_whole(const struct batch_grid *grid, const struct candle *window)
{
    int64_t last_ms = candle_close_ms(window) + 1 - MINUTE_MS;
    size_t last = (size_t)((last_ms - grid->begin_ms) / MINUTE_MS);
    return window->is_complete || last_ms < grid->to_ms ||
           (last < grid->minutes.count && grid->minutes.items[last].origin != BATCH_nowhere);
}

static bool holds_torn(const struct batch_grid *grid, const struct candle *window)
{
    for (int64_t at = window->open_ms; at <= candle_close_ms(window); at += MINUTE_MS) {
        size_t i = (size_t)((at - grid->begin_ms) / MINUTE_MS);
        if (i < grid->minutes.count && grid->minutes.items[i].origin == BATCH_torn) {
            return true;
        }
    }
    return false;
}

/* Its revision counts the klines as they were fed; what they stand for is what it gets. What lacks
 * minutes because the log lost its head must not stand in the place of what once had them. */
static bool take_window(void *context, const struct candle *found)
{
    const struct merge *merge = context;
    struct candle window = *found;
    const struct candle *by = merge->order[revision_offset(found->revision)];

    bool lacks_head = !window.is_complete && holds_torn(merge->grid, &window);
    window.revision = lacks_head ? 0 : by->revision;
    window.updated_ms = by->updated_ms;
    if (window.is_emitted && is_whole(merge->grid, &window)) {
        batch_grid_put(merge->grid, &window, BATCH_folded);
    }
    return true;
}

static enum status take_windows(struct merge *merge, const struct batch_fold *fold)
{
    const struct batch_grid *grid = merge->grid;
    enum status status = STATUS_OK;
    for (enum interval i = INTERVAL_1m + 1; i < INTERVAL_COUNT && status == STATUS_OK; i++) {
        if ((grid->intervals & INTERVAL_BIT(i)) != 0) {
            status = batch_fold_each(fold, grid->symbol, i, grid->from_ms, grid->to_ms, take_window,
                                     merge);
        }
    }
    return status;
}

enum status batch_merge(struct batch_grid *grid, const struct candle_rules *rules)
{
    struct merge merge = {.grid = grid};
    struct batch_fold fold;
    struct refold_feed feed = {.context = &merge, .next = next_kline};
    struct refold_options options = {
        .feed = &feed,
        .topic = "merge",
        .rules = *rules,
        .is_idle = true,
    };
    options.rules.late_ms = NEVER_LATE_MS;
    put_in_order(&merge);
    enum status status = batch_fold_open(&options, &fold);
    if (status == STATUS_OK) {
        status = take_windows(&merge, &fold);
        batch_fold_close(&fold);
    }
    mem_free(merge.order);
    return status;
}
