/* candled batch run: the days that were asked for. */
#include "ops/batch_exchange.h"
#include "ops/batch_report.h"
#include "ops/cmd_batch.h"
#include "ops/config.h"
#include "ops/progress.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { SYMBOLS_MAX = 1000 };

struct running {
    struct cli_context *cli;
    struct progress progress;
    const char *what; /* the bar that is drawn; NULL: none */
};

static int64_t monotonic_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

static void end_bar(struct running *running)
{
    if (running->what != NULL) {
        progress_deinit(&running->progress);
        running->what = NULL;
    }
}

static void on_progress(void *context, const char *what, int64_t done, int64_t total)
{
    struct running *running = context;
    if (running->what == NULL || strcmp(running->what, what) != 0) {
        end_bar(running);
        progress_init(&running->progress, running->cli->is_terminal, what, (uint64_t)total,
                      monotonic_ms());
        running->progress.unit = strcmp(what, "reading") == 0 ? "records" : "thousandths of a day";
        running->what = what;
    }
    running->progress.total = (uint64_t)total;
    progress_step(&running->progress, (uint64_t)done, (uint64_t)done, monotonic_ms());
}

static void on_day(void *context, const struct batch_day *day)
{
    struct running *running = context;
    struct text line = {.bytes = NULL};
    end_bar(running);
    if (running->cli->is_json) {
        batch_report_json(day, true, &line);
        printf("%s\n", text_get(&line));
    } else {
        batch_report_text(day, true, &line);
        fputs(text_get(&line), stdout);
    }
    (void)fflush(stdout);
    text_deinit(&line);
}

static void print_json(const struct batch_result *r, int64_t millis)
{
    printf("{\"days\":%" PRId64 ",\"done\":%" PRId64 ",\"partial\":%" PRId64 ",\"missing\":%" PRId64
           ",\"failed\":%" PRId64 ",\"skipped\":%" PRId64 ",\"candles\":%" PRId64
           ",\"written\":%" PRId64 ",\"held\":%" PRId64 ",\"rejected\":%" PRId64
           ",\"records\":%" PRId64 ",\"seconds\":%.3f}\n",
           r->days, r->done, r->partial, r->missing, r->failed, r->skipped, r->candles, r->written,
           r->held, r->rejected, r->records, (double)millis / 1000);
}

static void print_text(const struct batch_result *r, int64_t millis)
{
    printf("%" PRId64 " days: %" PRId64 " done (%" PRId64 " of them before), %" PRId64
           " partial, %" PRId64 " missing, %" PRId64 " failed; %" PRId64 " candles from %" PRId64
           " records: %" PRId64 " written, %" PRId64 " held already, %" PRId64 " refused; %.1f s\n",
           r->days, r->done, r->skipped, r->partial, r->missing, r->failed, r->candles, r->records,
           r->written, r->held, r->rejected, (double)millis / 1000);
}

static enum cli_exit conclude(struct cmd_batch *c, const struct batch_result *result,
                              enum status status, int64_t millis)
{
    if (c->context->is_json) {
        print_json(result, millis);
    } else {
        print_text(result, millis);
    }
    (void)fflush(stdout);
    if (status != STATUS_OK) {
        return cli_fail(c->context, "%s",
                        result->error[0] == '\0' ? status_text(status) : result->error);
    }
    if (result->rejected > 0) {
        return cli_fail(c->context, "%" PRId64 " candles were refused by MongoDB",
                        result->rejected);
    }
    if (result->missing > 0) {
        return cli_fail(c->context, "nobody knows anything of %" PRId64 " days", result->missing);
    }
    if (!result->was_asked) {
        return cli_fail(c->context, "the exchange could not be asked for what is missing");
    }
    return CLI_DONE;
}

enum cli_exit cmd_batch_run_days(struct cmd_batch *c, struct zone_date from, struct zone_date to,
                                 struct batch_result *out_result)
{
    const char *symbols[SYMBOLS_MAX];
    const char *list = cli_value(c->context, "symbols");
    char *copy = text_copy(list == NULL ? "" : list);
    struct running running = {.cli = c->context};
    struct batch_exchange *exchange = batch_exchange_create(c->config);
    struct batch_rest rest = batch_exchange_rest(exchange);
    struct batch_result result;
    struct batch_options options = {
        .config = c->config,
        .zone = c->zone,
        .from = from,
        .to = to,
        .symbols = symbols,
        .symbol_count = text_split(copy, symbols, SYMBOLS_MAX),
        .does_again = cli_has(c->context, "again"),
        .rest = cli_has(c->context, "no-rest") ? NULL : &rest,
        .makes_backups = !cli_has(c->context, "no-backup"),
        .context = &running,
        .day = on_day,
        .progress = on_progress,
    };
    int64_t began_ms = monotonic_ms();
    enum status status = batch_run(&options, &result);
    end_bar(&running);
    batch_exchange_destroy(&exchange);
    mem_free(copy);
    if (out_result != NULL) {
        *out_result = result;
    }
    return conclude(c, &result, status, monotonic_ms() - began_ms);
}

enum cli_exit cmd_batch_run(struct cmd_batch *c)
{
    if (cli_need_brokers(c->context) != CLI_DONE) {
        return CLI_USAGE;
    }
    if (zone_date_compare(c->to, c->today) >= 0) {
        char text[ZONE_DATE_TEXT_MAX];
        zone_date_print(c->to, text);
        return cli_misuse(c->context, "%s is not over in %s", text, zone_name(c->zone));
    }
    return cmd_batch_run_days(c, c->from, c->to, NULL);
}
