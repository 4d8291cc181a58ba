#include "actors/edge/mongo_loader.h"
#include "ops/batch_internal.h"
#include "runtime/mem.h"
#include "state/object_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MS_PER_S = 1000 };

static enum status write_candle(struct batch_work *work, const struct candle *candle)
{
    struct batch *batch = work->batch;
    enum status status = mongo_loader_add(batch->loader, candle);
    if (status != STATUS_OK) {
        return batch_fail(batch, status, "MongoDB: %s", mongo_loader_error(batch->loader));
    }
    work->day.entry.candles++;
    if (work->file.writer == NULL) {
        return STATUS_OK;
    }
    status = archive_writer_add(work->file.writer, candle);
    return status == STATUS_OK ? status
                               : batch_fail(batch, status, "the backup of %s cannot be written: %s",
                                            work->day.entry.date, status_text(status));
}

static enum status write_minutes(struct batch_work *work)
{
    const struct batch_grid *grid = &work->grid;
    size_t first = (size_t)((grid->from_ms - grid->begin_ms) / MINUTE_MS);
    size_t end = (size_t)((grid->to_ms - grid->begin_ms) / MINUTE_MS);
    enum status status = STATUS_OK;

    for (size_t i = first; i < end && status == STATUS_OK; i++) {
        if (grid->minutes.items[i].origin != BATCH_nowhere) {
            status = write_candle(work, &grid->minutes.items[i].candle);
        }
    }
    return status;
}

static enum status write_windows(struct batch_work *work)
{
    enum status status = STATUS_OK;
    for (enum interval i = INTERVAL_1m + 1; i < INTERVAL_COUNT; i++) {
        const struct batch_cells *cells = &work->grid.windows[i];
        for (size_t at = 0; at < cells->count && status == STATUS_OK; at++) {
            status = write_candle(work, &cells->items[at].candle);
        }
    }
    return status;
}

static void note_hole(struct batch_work *work, int64_t from_ms, int64_t to_ms)
{
    if (work->hole_count == work->hole_capacity) {
        work->hole_capacity = work->hole_capacity * 2 + 16;
        work->holes = mem_resize(work->holes, work->hole_capacity, sizeof(*work->holes));
    }
    struct ledger_hole *hole = &work->holes[work->hole_count++];
    *hole = (struct ledger_hole){.from_ms = from_ms, .to_ms = to_ms};
    memcpy(hole->symbol, work->grid.symbol, sizeof(hole->symbol));
}

static void count_symbol(struct batch_work *work)
{
    const struct batch_grid *grid = &work->grid;
    struct ledger_day *entry = &work->day.entry;
    int64_t loose;
    int64_t from_ms = grid->from_ms;
    int64_t to_ms;

    entry->symbols++;
    entry->expected += (grid->to_ms - grid->from_ms) / MINUTE_MS;
    entry->log_minutes += batch_grid_count(grid, BATCH_log) + batch_grid_count(grid, BATCH_torn);
    entry->archive_minutes += batch_grid_count(grid, BATCH_archive);
    entry->rest_minutes += batch_grid_count(grid, BATCH_rest);
    entry->pending += batch_grid_absent_windows(grid, &loose);
    while (batch_grid_next_hole(grid, &from_ms, &to_ms)) {
        note_hole(work, from_ms, to_ms);
        from_ms = to_ms;
    }
}

/* Of backups, unless it is this machine's own disk that fails, as it would on the next day. */
static bool is_of_backups(enum status status)
{
    return status != STATUS_DISK_FULL && status != STATUS_MAP_FULL && status != STATUS_IO;
}

static enum status do_symbol(struct batch_work *work, const char *symbol)
{
    enum status status = batch_collect(work, symbol);
    if (status != STATUS_OK) {
        work->is_alone = is_of_backups(status);
        return batch_fail(work->batch, status, "%s of %s cannot be put together: %s", symbol,
                          work->day.entry.date, status_text(status));
    }
    count_symbol(work);
    if (work->file.writer != NULL) {
        archive_writer_expect(work->file.writer, symbol);
    }
    status = write_minutes(work);
    return status == STATUS_OK ? write_windows(work) : status;
}

static enum status do_newcomers(struct batch_work *work)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < work->newcomers.count && status == STATUS_OK; i++) {
        status = batch_collect_newcomer(work, work->newcomers.names[i]);
        if (status != STATUS_OK) {
            return batch_fail(work->batch, status, "the first windows of %s cannot be read: %s",
                              work->newcomers.names[i], status_text(status));
        }
        status = write_windows(work);
    }
    return status;
}

static void tell_progress(const struct batch_work *work, size_t done)
{
    const struct batch *batch = work->batch;
    int64_t share = (int64_t)(1000 * done / work->symbols.count);
    if (batch->options.progress != NULL) {
        batch->options.progress(batch->options.context, "writing", batch->day_number * 1000 + share,
                                batch->day_count * 1000);
    }
}

static enum status do_symbols(struct batch_work *work)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < work->symbols.count && status == STATUS_OK; i++) {
        status = do_symbol(work, work->symbols.names[i]);
        tell_progress(work, i + 1);
    }
    return status;
}

static enum status flush(struct batch_work *work, const struct mongo_loader_counts *before)
{
    struct batch *batch = work->batch;
    enum status status = mongo_loader_flush(batch->loader);
    struct mongo_loader_counts now = mongo_loader_counts(batch->loader);

    work->day.written = now.written - before->written;
    work->day.held = now.held - before->held;
    work->day.rejected = now.rejected - before->rejected;
    work->day.entry.refused = work->day.rejected;
    return status == STATUS_OK
               ? status
               : batch_fail(batch, status, "MongoDB: %s", mongo_loader_error(batch->loader));
}

static enum status publish(struct batch_work *work)
{
    struct ledger_day *entry = &work->day.entry;
    if (work->file.writer == NULL) {
        return STATUS_OK;
    }
    enum status status = batch_backup_file_publish(&work->file, work->batch->backups);
    if (status != STATUS_OK) {
        work->is_alone = true;
        return batch_fail(work->batch, status, "the backup of %s cannot be put into %s: %s",
                          entry->date, object_store_name(work->batch->backups),
                          status_text(status));
    }
    snprintf(entry->backup, sizeof(entry->backup), "%s/%s/%s.avro", entry->topic, entry->zone,
             entry->date);
    return STATUS_OK;
}

static enum ledger_state state_of(const struct ledger_day *entry)
{
    bool is_done = entry->minutes == entry->expected && entry->pending == 0 && entry->refused == 0;
    if (entry->minutes == 0) {
        return LEDGER_missing;
    }
    return is_done ? LEDGER_done : LEDGER_partial;
}

static enum status enter(struct batch_work *work)
{
    struct batch *batch = work->batch;
    struct ledger_day *entry = &work->day.entry;

    entry->minutes = entry->log_minutes + entry->archive_minutes + entry->rest_minutes;
    entry->state = state_of(entry);
    entry->holes = work->holes;
    entry->hole_count = work->hole_count;
    entry->finished_ms = (int64_t)time(NULL) * MS_PER_S;
    if (batch->options.symbol_count > 0 || entry->state == LEDGER_missing) {
        return STATUS_OK;
    }
    enum status status = mongo_ledger_put(batch->ledger, entry);
    return status == STATUS_OK
               ? status
               : batch_fail(batch, status, "MongoDB: %s", mongo_ledger_error(batch->ledger));
}

static enum status begin(struct batch_work *work)
{
    struct batch *batch = work->batch;
    const struct ledger_day *entry = &work->day.entry;
    enum status status = batch_expected(work);
    if (status != STATUS_OK) {
        work->is_alone = is_of_backups(status);
        return batch_fail(batch, status, "the symbols of %s cannot be listed: %s", entry->date,
                          status_text(status));
    }
    bool makes_one = batch->options.makes_backups && batch->backups != NULL &&
                     batch->options.symbol_count == 0 &&
                     work->symbols.count + work->newcomers.count > 0;
    if (makes_one) {
        status = batch_backup_file_create(&work->file, entry);
        work->is_alone = status == STATUS_RANGE; /* longer than any day that a backup holds */
    }
    return status == STATUS_OK ? status
                               : batch_fail(batch, status, "the backup of %s cannot be begun: %s",
                                            entry->date, status_text(status));
}

static enum status run(struct batch_work *work)
{
    struct mongo_loader_counts before = mongo_loader_counts(work->batch->loader);
    enum status status = begin(work);
    if (status == STATUS_OK) {
        status = do_symbols(work);
    }
    if (status == STATUS_OK) {
        status = do_newcomers(work);
    }
    if (status == STATUS_OK || work->is_alone) { /* what is of this day is no other's to count */
        enum status flushed = flush(work, &before);
        work->is_alone = work->is_alone && flushed == STATUS_OK;
        status = status == STATUS_OK ? flushed : status;
    }
    if (status == STATUS_OK && work->day.entry.candles > 0) {
        status = publish(work);
    }
    return status == STATUS_OK ? enter(work) : status;
}

enum status batch_day_run(struct batch *batch, const struct ledger_day *entry, bool *out_is_alone)
{
    struct batch_work work = {.batch = batch, .day = {.entry = *entry}};

    work.day.entry.intervals = batch->intervals;
    work.day.entry.was_asked = true;
    batch_grid_init(&work.grid, &batch->rules, entry->from_ms, entry->to_ms, batch->intervals);
    enum status status = run(&work);
    work.day.is_failed = status != STATUS_OK;
    work.day.error = work.day.is_failed ? batch->error : NULL;
    *out_is_alone = work.is_alone;
    batch_tell(batch, &work.day);
    batch_backup_close(&work.today);
    batch_backup_close(&work.tomorrow);
    batch_backup_file_destroy(&work.file);
    batch_grid_deinit(&work.grid);
    batch_symbols_deinit(&work.symbols);
    batch_symbols_deinit(&work.newcomers);
    mem_free(work.holes);
    return status;
}
