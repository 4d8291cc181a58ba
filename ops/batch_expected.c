/* Which symbols a day should hold. */
#include "ops/batch_internal.h"
#include "ops/batch_log.h"
#include "ops/config.h"

static bool found(void *context, const struct candle *candle)
{
    (void)candle;
    *(bool *)context = true;
    return false;
}

/* The log knows it before the day ends and has not seen the last of it before the day begins.
 * Where the log begins later than that, whoever is there at its beginning was there before. */
static enum status was_there(const struct batch_source *source, const struct ledger_day *entry,
                             bool *out_was_there)
{
    bool is_seen = false;
    bool was_known = source->first_ms < entry->to_ms || source->first_ms <= source->floor_ms;
    enum status status = batch_fold_each(source->fold, source->symbol, INTERVAL_1m, entry->from_ms,
                                         INT64_MAX, found, &is_seen);
    *out_was_there = was_known && is_seen;
    return status;
}

/* Its first windows may open on a day that ends before its first minute: in no other do they. */
static bool comes_soon_after(const struct batch_work *work, const struct batch_source *source)
{
    return !batch_symbols_has(&work->symbols, source->symbol) &&
           source->first_ms >= work->grid.to_ms && source->first_ms < work->grid.end_ms &&
           source->first_ms > source->floor_ms;
}

static enum status add_from_log(struct batch_work *work)
{
    size_t count;
    const struct batch_source *sources = batch_log_sources(work->batch->log, &count);
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        bool is_expected = false;
        status = was_there(&sources[i], &work->day.entry, &is_expected);
        if (is_expected) {
            batch_symbols_add(&work->symbols, sources[i].symbol);
        } else if (comes_soon_after(work, &sources[i])) {
            batch_symbols_add(&work->newcomers, sources[i].symbol);
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
