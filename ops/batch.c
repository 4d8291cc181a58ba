#include "ops/batch.h"

#include "actors/edge/mongo_loader.h"
#include "ops/backup_store.h"
#include "ops/batch_due.h"
#include "ops/batch_internal.h"
#include "ops/batch_log.h"
#include "ops/candle_options.h"
#include "ops/config.h"
#include "runtime/mem.h"
#include "state/object_store.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)

enum { MS_PER_S = 1000 };
_Static_assert((int)MONGO_LOADER_ERROR_MAX >= (int)BACKUP_STORE_ERROR_MAX, "one text for both");

enum status batch_fail(struct batch *batch, enum status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(batch->error, sizeof(batch->error), format, arguments);
    va_end(arguments);
    if (batch->result.error[0] == '\0') {
        memcpy(batch->result.error, batch->error, sizeof(batch->error));
    }
    return status;
}

interval_set batch_intervals(const struct config *config)
{
    return (interval_set)(INTERVAL_BIT(INTERVAL_1m) | config->batch.intervals |
                          config->mongo.intervals);
}

void batch_tell(struct batch *batch, const struct batch_day *day)
{
    struct batch_result *result = &batch->result;
    result->days++;
    result->failed += day->is_failed;
    result->done += !day->is_failed && day->entry.state == LEDGER_done;
    result->partial += !day->is_failed && day->entry.state == LEDGER_partial;
    result->missing += !day->is_failed && day->entry.state == LEDGER_missing;
    result->skipped += day->is_skipped;
    result->candles += day->is_skipped ? 0 : day->entry.candles;
    result->written += day->written;
    result->held += day->held;
    result->rejected += day->rejected;
    bool was_wanted = batch->options.rest != NULL && !day->is_skipped;
    result->was_asked = result->was_asked && (!was_wanted || day->entry.was_asked);
    if (batch->options.day != NULL) {
        batch->options.day(batch->options.context, day);
    }
}

/* The same rules as the stream's, but that more intervals may be folded beside. */
static void make_rules(struct batch *batch)
{
    interval_set windows = (interval_set)(batch->intervals & ~INTERVAL_BIT(INTERVAL_1m));
    batch->rules = candle_options_rules(batch->options.config);
    batch->rules.intervals = (interval_set)(batch->rules.intervals | windows);
}

/* How far before a candle lies what it may be made from. */
static int64_t reach_of(const struct batch *batch)
{
    const struct candle_rules *rules = &batch->rules;
    return rules_longest_ms(rules) + rules_derived_longest_ms(rules) + PROOF_MS + rules->grace_ms;
}

/* The days that are wanted, and what the ledger knows of them. */
struct plan {
    struct batch *batch;
    struct ledger_day *days;
    bool *are_done;
    size_t count;
};

static void add_day(struct plan *plan, struct zone_date date)
{
    const struct zone *zone = plan->batch->options.zone;
    char text[ZONE_DATE_TEXT_MAX];
    int64_t from_ms = zone_date_open_ms(zone, date);
    int64_t to_ms = zone_date_open_ms(zone, zone_date_add(date, 1));

    if (to_ms <= from_ms) { /* a date that the zone skipped */
        return;
    }
    plan->days = mem_resize(plan->days, plan->count + 1, sizeof(*plan->days));
    plan->are_done = mem_resize(plan->are_done, plan->count + 1, sizeof(*plan->are_done));
    struct ledger_day *day = &plan->days[plan->count];
    *day = (struct ledger_day){.from_ms = from_ms, .to_ms = to_ms};
    zone_date_print(date, text);
    memcpy(day->date, text, sizeof(day->date));
    snprintf(day->topic, sizeof(day->topic), "%s", plan->batch->options.config->kafka.topic);
    snprintf(day->zone, sizeof(day->zone), "%s", zone_name(zone));
    plan->are_done[plan->count++] = false;
}

/* A day that was done is done for what it holds: not for intervals that are wanted since, nor, for
 * some days, for minutes of the exchange, which the log may get yet. */
static bool is_done(const struct batch *batch, const struct ledger_day *entry)
{
    int64_t ago_ms = batch->now_ms - entry->to_ms;
    bool is_replaceable = entry->rest_minutes > 0 && ago_ms < BATCH_DUE_AGAIN_DAYS_MAX * DAY_MS;
    return entry->state == LEDGER_done && (batch->intervals & ~entry->intervals) == 0 &&
           !is_replaceable;
}

static void note_entry(void *context, const struct ledger_day *entry)
{
    struct plan *plan = context;
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->days[i].date, entry->date) == 0 && is_done(plan->batch, entry)) {
            plan->days[i] = *entry;
            plan->days[i].hole_count = 0;
            plan->days[i].holes = NULL;
            plan->are_done[i] = true;
        }
    }
}

static enum status ask_ledger(struct plan *plan)
{
    struct batch *batch = plan->batch;
    if (plan->count == 0 || batch->options.does_again || batch->options.symbol_count > 0) {
        return STATUS_OK;
    }
    enum status status =
        mongo_ledger_each(batch->ledger, plan->days[0].topic, plan->days[0].zone,
                          plan->days[0].date, plan->days[plan->count - 1].date, note_entry, plan);
    return status == STATUS_OK
               ? status
               : batch_fail(batch, status, "MongoDB: %s", mongo_ledger_error(batch->ledger));
}

static enum status make_plan(struct plan *plan)
{
    const struct batch_options *options = &plan->batch->options;
    for (struct zone_date date = options->from; zone_date_compare(date, options->to) <= 0;
         date = zone_date_add(date, 1)) {
        add_day(plan, date);
    }
    return ask_ledger(plan);
}

static void on_reading(void *context, int64_t done, int64_t total)
{
    const struct batch *batch = context;
    if (batch->options.progress != NULL) {
        batch->options.progress(batch->options.context, "reading", done, total);
    }
}

static enum status read_log(struct batch *batch, int64_t from_ms)
{
    struct batch_log_options options = {
        .config = batch->options.config,
        .rules = batch->rules,
        .from_ms = from_ms,
        .reach_ms = reach_of(batch),
        .context = batch,
        .progress = on_reading,
    };
    char error[BATCH_LOG_ERROR_MAX] = "";
    enum status status = batch_log_read(&options, &batch->log, error);
    if (status != STATUS_OK) {
        return batch_fail(batch, status, "%s", error);
    }
    batch->result.records = batch_log_records(batch->log);
    return STATUS_OK;
}

static enum status do_day(struct batch *batch, const struct ledger_day *day, bool *out_is_alone)
{
    enum status status = STATUS_OK;
    *out_is_alone = false;
    if (batch->log == NULL) {
        status = read_log(batch, day->from_ms);
    }
    if (status == STATUS_OK) {
        status = batch_day_run(batch, day, out_is_alone);
        batch->day_number++;
    }
    return status;
}

static enum status do_days(struct batch *batch, const struct plan *plan)
{
    enum status first = STATUS_OK;
    for (size_t i = 0; i < plan->count && !batch->result.was_ended; i++) {
        bool is_alone;
        if (plan->are_done[i]) {
            batch_tell(batch, &(struct batch_day){.entry = plan->days[i], .is_skipped = true});
            continue;
        }
        enum status status = do_day(batch, &plan->days[i], &is_alone);
        first = first == STATUS_OK ? status : first;
        batch->result.was_ended = status != STATUS_OK && !is_alone;
    }
    return first;
}

static enum status open_stores(struct batch *batch)
{
    const struct config *config = batch->options.config;
    char error[MONGO_LOADER_ERROR_MAX] = "";
    struct mongo_loader_options loader = {
        .uri = config->mongo.uri,
        .database = config->mongo.database,
        .collection = config->mongo.collection,
        .retention_ms = config->mongo.retention,
    };
    enum status status = mongo_ledger_open(config->mongo.uri, config->mongo.database,
                                           &batch->ledger, error, sizeof(error));
    if (status == STATUS_OK) {
        status = mongo_loader_open(&loader, &batch->loader, error, sizeof(error));
    }
    if (status != STATUS_OK) {
        return batch_fail(batch, status, "MongoDB: %s", error);
    }
    status = backup_store_open(config, &batch->backups, error);
    return status == STATUS_OK ? status : batch_fail(batch, status, "batch.backup_dir: %s", error);
}

static enum status run(struct batch *batch)
{
    struct plan plan = {.batch = batch};
    enum status status = open_stores(batch);
    if (status == STATUS_OK) {
        status = make_plan(&plan);
    }
    for (size_t i = 0; i < plan.count; i++) {
        batch->day_count += !plan.are_done[i];
    }
    if (status == STATUS_OK) {
        batch->result.was_ended = false;
        status = do_days(batch, &plan);
    }
    if (status == STATUS_OK && batch->options.makes_backups) {
        /* Old backups that stay for now are worth no more than the line that is logged. */
        (void)(backup_store_prune(batch->backups, batch->options.config, batch->options.zone,
                                  batch->now_ms) == STATUS_OK);
    }
    mem_free(plan.days);
    mem_free(plan.are_done);
    return status;
}

enum status batch_run(const struct batch_options *options, struct batch_result *out_result)
{
    struct batch *batch = mem_new(1, sizeof(*batch));
    batch->options = *options;
    batch->result.was_asked = true;
    batch->intervals = batch_intervals(options->config);
    batch->now_ms = (int64_t)time(NULL) * MS_PER_S;
    make_rules(batch);
    batch->result.was_ended = true;
    enum status status = run(batch);
    *out_result = batch->result;
    batch_log_destroy(&batch->log);
    mongo_loader_close(&batch->loader);
    mongo_ledger_close(&batch->ledger);
    object_store_close(&batch->backups);
    mem_free(batch);
    return status;
}
