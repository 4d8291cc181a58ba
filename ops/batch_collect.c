/* Where each candle of a symbol's day comes from: the log, the day's backup, the exchange. */
#include "actors/core/fold.h"
#include "ops/batch_internal.h"
#include "ops/batch_log.h"
#include "ops/batch_merge.h"

#include <string.h>

struct taking {
    struct batch_grid *grid;
    int64_t floor_ms;
};

static bool take_from_log(void *context, const struct candle *candle)
{
    const struct taking *taking = context;
    bool is_torn = candle->open_ms < taking->floor_ms;

    if (candle->interval == INTERVAL_1m) {
        batch_grid_put(taking->grid, candle, is_torn ? BATCH_torn : BATCH_log);
    } else if (candle->is_emitted && !is_torn) {
        batch_grid_put(taking->grid, candle, BATCH_log);
    }
    return true;
}

static enum status ask_log(struct batch_grid *grid, const struct batch_source *source)
{
    struct taking taking = {grid, source->floor_ms};
    enum status status = batch_fold_each(source->fold, grid->symbol, INTERVAL_1m, grid->begin_ms,
                                         grid->end_ms, take_from_log, &taking);
    for (enum interval i = INTERVAL_1m + 1; i < INTERVAL_COUNT && status == STATUS_OK; i++) {
        if ((grid->intervals & INTERVAL_BIT(i)) != 0) {
            status = batch_fold_each(source->fold, grid->symbol, i, grid->from_ms, grid->to_ms,
                                     take_from_log, &taking);
        }
    }
    return status;
}

static bool has_holes(const struct batch_grid *grid)
{
    int64_t from_ms = grid->from_ms;
    int64_t to_ms;
    return batch_grid_next_hole(grid, &from_ms, &to_ms);
}

/* A minute without a revision is still the exchange's. */
static bool take_from_backup(void *context, const struct candle *candle)
{
    bool is_of_exchange = candle->interval == INTERVAL_1m && candle->revision == 0;
    batch_grid_put(context, candle, is_of_exchange ? BATCH_rest : BATCH_archive);
    return true;
}

/* The day after is asked only for what windows that reach past this one hold of it. */
static enum status ask_backups(struct batch_work *work)
{
    struct batch_grid *grid = &work->grid;
    struct ledger_day after = work->day.entry;
    enum status status = batch_backup_open(&work->today, work->batch->backups, &after);

    if (status == STATUS_OK) {
        status = batch_backup_take(&work->today, grid->symbol, take_from_backup, grid);
    }
    if (status == STATUS_OK && grid->end_ms > grid->to_ms) {
        zone_date_print(zone_date_of(work->batch->options.zone, grid->to_ms), work->next_date);
        memcpy(after.date, work->next_date, sizeof(after.date));
        status = batch_backup_open(&work->tomorrow, work->batch->backups, &after);
    }
    if (status == STATUS_OK && grid->end_ms > grid->to_ms) {
        status = batch_backup_take(&work->tomorrow, grid->symbol, take_from_backup, grid);
    }
    return status;
}

static void take_from_exchange(void *context, const struct kline *kline)
{
    struct batch_work *work = context;
    struct candle minute = fold_minute(kline, 0, work->batch->rules.uses_trade_ids);
    if (kline->is_closed && strcmp(kline->symbol, work->grid.symbol) == 0) {
        minute.is_emitted = true;
        batch_grid_put(&work->grid, &minute, BATCH_rest);
    }
}

/* From the first hole to the end of the last one; on to the end of the last window where the day
 * itself ends in a hole. */
static void span_of_holes(const struct batch_grid *grid, int64_t now_ms, int64_t *from_ms,
                          int64_t *to_ms)
{
    int64_t at = grid->from_ms;
    int64_t end_ms = at;
    *from_ms = INT64_MAX;
    *to_ms = grid->from_ms;
    while (batch_grid_next_hole(grid, &at, &end_ms)) {
        *from_ms = at < *from_ms ? at : *from_ms;
        *to_ms = end_ms;
        at = end_ms;
    }
    if (end_ms == grid->to_ms) {
        int64_t closed_ms = interval_open_ms(INTERVAL_1m, now_ms);
        *to_ms = grid->end_ms < closed_ms ? grid->end_ms : closed_ms;
    }
}

static enum status ask_exchange(struct batch_work *work)
{
    struct batch *batch = work->batch;
    const struct batch_rest *rest = batch->options.rest;
    int64_t from_ms;
    int64_t to_ms;

    if (rest == NULL) {
        work->day.entry.was_asked = false;
        return STATUS_OK;
    }
    if (!batch->is_rest_down) {
        span_of_holes(&work->grid, batch->now_ms, &from_ms, &to_ms);
        enum status status =
            rest->ask(rest->context, work->grid.symbol, from_ms, to_ms, take_from_exchange, work);
        batch->is_rest_down = status != STATUS_OK && status != STATUS_NOT_FOUND;
    }
    work->day.entry.was_asked = work->day.entry.was_asked && !batch->is_rest_down;
    return STATUS_OK;
}

/* Windows that neither log nor backup tells, out of minutes that not only the log tells. */
static enum status fold_the_rest(struct batch_work *work)
{
    int64_t loose;
    enum status status = STATUS_OK;
    (void)batch_grid_absent_windows(&work->grid, &loose);
    if (loose > 0) {
        status = batch_merge(&work->grid, &work->batch->rules);
    }
    return status;
}

enum status batch_collect_newcomer(struct batch_work *work, const char *symbol)
{
    size_t count;
    const struct batch_source *sources = batch_log_find(work->batch->log, symbol, &count);
    enum status status = STATUS_OK;
    batch_grid_reset(&work->grid, symbol);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = ask_log(&work->grid, &sources[i]);
    }
    return status;
}

enum status batch_collect(struct batch_work *work, const char *symbol)
{
    struct batch_grid *grid = &work->grid;
    enum status status = batch_collect_newcomer(work, symbol);

    if (status == STATUS_OK && (has_holes(grid) || batch_grid_count(grid, BATCH_torn) > 0)) {
        status = ask_backups(work);
    }
    if (status == STATUS_OK && has_holes(grid)) {
        status = ask_exchange(work);
    }
    return status == STATUS_OK ? fold_the_rest(work) : status;
}
