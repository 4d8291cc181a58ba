/* The collector's questions to REST: one at a time, inside the exchange's limits. */
#include "actors/collector_internal.h"
#include "actors/exchange_answer.h"
#include "proto/interval.h"
#include "runtime/base.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

#include <stdio.h>
#include <string.h>

enum {
    WEIGHT_INFO = 20,
    INFO_SYMBOLS_MAX = 50,
    INFO_RETRY_MS = 15000,
    FAILED_MS = 5000, /* others have their turn before a question that failed */
};

static size_t gather_infos(struct collector *c, const char **names)
{
    size_t count = 0;
    for (size_t i = 0; i < c->symbol_count && count < INFO_SYMBOLS_MAX; i++) {
        struct collected *symbol = &c->symbols[i];
        if (symbol->wants_info && symbol->wants_info_alone && count == 0) {
            c->asked_infos[0] = i;
            names[0] = symbol->gaps.row.name;
            return 1;
        }
        if (symbol->wants_info && !symbol->wants_info_alone) {
            c->asked_infos[count] = i;
            names[count++] = symbol->gaps.row.name;
        }
    }
    return count;
}

static bool ask_info(struct collector *c, int64_t now_ms)
{
    const char *names[INFO_SYMBOLS_MAX];
    if (now_ms < c->info_not_before_ms || !feed_budget_allows(&c->weight, WEIGHT_INFO, now_ms)) {
        return false;
    }
    c->asked_info_count = gather_infos(c, names);
    if (c->asked_info_count == 0) {
        return false;
    }
    feed_budget_use(&c->weight, WEIGHT_INFO, now_ms);
    c->question = QUESTION_info;
    metrics_add(c->options.metrics, METRIC_feed_rest_requests_total, 1);
    c->options.port.ask_info(c->options.port.context, names, c->asked_info_count);
    return true;
}

/* The symbols take turns. */
static bool next_hole(struct collector *c, int64_t now_ms)
{
    for (size_t i = 1; i <= c->symbol_count; i++) {
        size_t at = (c->asked_symbol + i) % c->symbol_count;
        struct feed_gaps *gaps = &c->symbols[at].gaps;
        if (strcmp(gaps->row.status, "unknown") != 0 &&
            feed_gaps_ask_next(gaps, &c->rules, collector_exchange_ms(c, now_ms), now_ms,
                               &c->ask)) {
            c->asked_symbol = at;
            return true;
        }
    }
    return false;
}

static void ask_klines(struct collector *c, int64_t now_ms)
{
    if (!c->has_clock || !feed_budget_allows(&c->weight, COLLECTOR_WEIGHT_KLINES, now_ms)) {
        return;
    }
    if (collector_is_catching_up(c) ? !collector_catch_up_next(c, now_ms) : !next_hole(c, now_ms)) {
        return;
    }
    feed_budget_use(&c->weight, COLLECTOR_WEIGHT_KLINES, now_ms);
    c->question = QUESTION_klines;
    metrics_add(c->options.metrics, METRIC_feed_rest_requests_total, 1);
    c->options.port.ask_klines(c->options.port.context, c->symbols[c->asked_symbol].gaps.row.name,
                               c->ask.from_ms, c->ask.read_to_ms);
}

void collector_ask(struct collector *c, int64_t now_ms)
{
    if (c->question != QUESTION_none || now_ms < c->rest_not_before_ms) {
        return;
    }
    if (!ask_info(c, now_ms)) {
        ask_klines(c, now_ms);
    }
}

static void set_status(struct collector *c, struct collected *symbol, const char *status)
{
    struct feed_symbol *row = &symbol->gaps.row;
    bool was_told = strcmp(row->status, status) == 0;
    bool is_trading = strcmp(status, "TRADING") == 0;

    symbol->wants_info = false;
    symbol->wants_info_alone = false;
    symbol->gaps.is_dirty = true;
    collector_changed(c);
    if (was_told) {
        return;
    }
    if (strcmp(status, "unknown") == 0) {
        log_event(LOG_feed_symbol_unknown, log_text("symbol", row->name));
    } else if (!is_trading) {
        log_event(LOG_feed_symbol_status, log_text("symbol", row->name),
                  log_text("status", status));
    } else if (row->status[0] != '\0') {
        log_event(LOG_feed_symbol_trading, log_text("symbol", row->name));
    }
    (void)snprintf(row->status, sizeof(row->status), "%s", status);
}

static const char *status_in(const struct exchange_answer *answer, const char *symbol)
{
    for (size_t i = 0; i < answer->listing_count; i++) {
        if (strcmp(answer->listings[i].symbol, symbol) == 0) {
            return answer->listings[i].status;
        }
    }
    return "unknown";
}

/* One symbol that is not known spoils the answer for all: then each is asked for alone. */
static void take_infos(struct collector *c, const struct exchange_answer *answer, int64_t now_ms)
{
    bool is_known = answer->kind == EXCHANGE_ANSWER_good;

    if (is_known && answer->server_ms != INT64_MIN) {
        collector_set_clock(c, answer->server_ms, now_ms);
    }
    for (size_t i = 0; i < c->asked_info_count; i++) {
        struct collected *symbol = &c->symbols[c->asked_infos[i]];
        if (!is_known && c->asked_info_count > 1) {
            symbol->wants_info_alone = true;
            continue;
        }
        if (c->has_clock) {
            symbol->gaps.row.checked_ms = collector_exchange_ms(c, now_ms);
        }
        set_status(c, symbol, status_in(answer, symbol->gaps.row.name));
    }
}

static void note_bad_rows(struct collector *c, const struct exchange_answer *answer)
{
    if (answer->bad_rows > 0) {
        metrics_add(c->options.metrics, METRIC_feed_bad_frames_total, (int64_t)answer->bad_rows);
        log_event(LOG_feed_frame_bad, log_text("symbol", c->symbols[c->asked_symbol].gaps.row.name),
                  log_int("rows", (int64_t)answer->bad_rows), log_text("error", answer->error));
    }
}

static void take_klines(struct collector *c, const struct exchange_answer *answer, int64_t now_ms)
{
    collector_pages_hold(c, answer, now_ms);
    if (collector_is_catching_up(c)) {
        collector_catch_up_held(c);
    } else {
        (void)collector_pages_put(c, now_ms);
    }
}

static void use(struct collector *c, const struct exchange_answer *answer, int64_t now_ms)
{
    if (c->question == QUESTION_info) {
        take_infos(c, answer, now_ms);
    } else if (answer->kind == EXCHANGE_ANSWER_unknown) {
        set_status(c, &c->symbols[c->asked_symbol], "unknown");
    } else {
        note_bad_rows(c, answer);
        take_klines(c, answer, now_ms);
    }
    backoff_reset(&c->rest_backoff);
    collector_catch_up_heard(c, now_ms);
    if (c->has_rest_failed) {
        c->has_rest_failed = false;
        log_event(LOG_feed_rest_recovered, log_int("http_code", answer->http_code));
    }
}

static void note_failure(struct collector *c, const struct exchange_answer *answer, int64_t now_ms)
{
    metrics_add(c->options.metrics, METRIC_feed_rest_failures_total, 1);
    c->rest_not_before_ms = now_ms + backoff_next_ms(&c->rest_backoff);
    if (c->question == QUESTION_info) {
        c->info_not_before_ms = now_ms + INFO_RETRY_MS;
    } else {
        feed_gaps_ask_postpone(&c->symbols[c->asked_symbol].gaps, &c->ask,
                               c->rest_not_before_ms + FAILED_MS);
    }
    if (!c->has_rest_failed) {
        c->has_rest_failed = true;
        log_event(LOG_feed_rest_failed, log_int("http_code", answer->http_code),
                  log_int("code", answer->code), log_text("error", answer->error));
    }
}

void collector_answered(struct collector *c, const struct exchange_answer *answer, int64_t now_ms)
{
    if (answer->used_weight >= 0) {
        feed_budget_told_used(&c->weight, answer->used_weight, now_ms);
    }
    switch (answer->kind) {
    case EXCHANGE_ANSWER_good:
    case EXCHANGE_ANSWER_unknown:
        use(c, answer, now_ms);
        break;
    case EXCHANGE_ANSWER_limited:
        metrics_add(c->options.metrics, METRIC_feed_rest_limited_total, 1);
        c->rest_not_before_ms = now_ms + answer->wait_ms;
        log_event(LOG_feed_rest_limited, log_int("http_code", answer->http_code),
                  log_int("wait_ms", answer->wait_ms), log_text("error", answer->error));
        break;
    case EXCHANGE_ANSWER_failed:
        note_failure(c, answer, now_ms);
        break;
    }
    c->question = QUESTION_none;
    collector_catch_up_tick(c, now_ms);
    collector_ask(c, now_ms);
}
