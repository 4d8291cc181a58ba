/* Which symbols a day should hold. */
#include "ops/batch_internal.h"
#include "ops/batch_log.h"
#include "ops/config.h"

#include <string.h>

static bool found(void *context, const struct candle *candle)
{
    (void)candle;
    *(bool *)context = true;
    return false;
}

/* A symbol, in however many partitions it lies. */
struct presence {
    bool was_known;  /* before the day ends, or it is there at the log's late beginning */
    bool is_seen;    /* in the day or later */
    bool comes_soon; /* its first windows may open on a day that ends before its first minute */
};

static enum status look_at(const struct batch_work *work, const struct batch_source *source,
                           struct presence *presence)
{
    const struct ledger_day *entry = &work->day.entry;
    bool is_late = source->first_ms <= source->floor_ms; /* it was there before */

    presence->was_known = presence->was_known || source->first_ms < entry->to_ms || is_late;
    presence->comes_soon = presence->comes_soon || (source->first_ms >= work->grid.to_ms &&
                                                    source->first_ms < work->grid.end_ms);
    return batch_fold_each(source->fold, source->symbol, INTERVAL_1m, entry->from_ms, INT64_MAX,
                           found, &presence->is_seen);
}

/* The log knows it before the day ends and has not seen the last of it before the day begins.
 * Where the log begins later than that, whoever is there at its beginning was there before. */
static void add(struct batch_work *work, const char *symbol, const struct presence *presence)
{
    if (presence->was_known && presence->is_seen) {
        batch_symbols_add(&work->symbols, symbol);
    } else if (presence->comes_soon && !presence->was_known &&
               !batch_symbols_has(&work->symbols, symbol)) {
        batch_symbols_add(&work->newcomers, symbol);
    }
}

static enum status add_from_log(struct batch_work *work)
{
    size_t count;
    const struct batch_source *sources = batch_log_sources(work->batch->log, &count);
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK;) {
        struct presence presence = {.was_known = false};
        const char *symbol = sources[i].symbol;
        for (; i < count && status == STATUS_OK && strcmp(sources[i].symbol, symbol) == 0; i++) {
            status = look_at(work, &sources[i], &presence);
        }
        if (status == STATUS_OK) {
            add(work, symbol, &presence);
        }
    }
    return status;
}

enum status batch_expected(struct batch_work *work)
{
    const struct batch *batch = work->batch;
    const struct ledger_day *entry = &work->day.entry;
    const struct config *config = batch->options.config;
    for (size_t i = 0; i < batch->options.symbol_count; i++) {
        batch_symbols_add(&work->symbols, batch->options.symbols[i]);
    }
    if (batch->options.symbol_count > 0) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < config->symbols.count; i++) {
        batch_symbols_add(&work->symbols, config->symbols.items[i]);
    }
    enum status status = add_from_log(work);
    if (status == STATUS_OK && batch_log_floor_ms(batch->log) > entry->from_ms) {
        status = batch_backup_symbols(batch->backups, entry, &work->symbols);
    }
    return status;
}
