#include "actors/collector_internal.h"

#include "proto/interval.h"
#include "runtime/base.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 1000,
    ATTEMPTS_MAX = 150, /* in five minutes; the exchange allows 300 for an address */
    ATTEMPTS_WINDOW_MS = 300000,
    WEIGHT_MAX = 4000, /* in a minute; the exchange allows 6000 for an address */
    WEIGHT_WINDOW_MS = 60000,
    INFO_MS = 3600000,
    BAD_TOLD_MS = 10000,
    SILENCE_FACTOR_MAX = 40,
    CLOCK_AHEAD_MAX_MS = 120000, /* a frame's E past its own minute: no clock */
    CLOCK_PATIENCE_MS = 5000,
    REST_RETRY_MS_MIN = 1000,
    REST_RETRY_MS_MAX = 60000,
};

void collector_changed(struct collector *c)
{
    if (!c->has_changed) {
        c->has_changed = true;
        c->options.port.touch(c->options.port.context);
    }
}

/* While the exchange tells its clock that clock is taken as it is; it is thought on only in a
 * silence, so that nothing counts as over before the exchange has said so. */
int64_t collector_exchange_ms(const struct collector *c, int64_t now_ms)
{
    int64_t silent_ms = now_ms - c->told_at_ms - CLOCK_PATIENCE_MS;
    return silent_ms > 0 ? c->told_ms + silent_ms : c->told_ms;
}

void collector_set_clock(struct collector *c, int64_t exchange_ms, int64_t now_ms)
{
    if (!c->has_clock || exchange_ms >= c->told_ms) {
        c->has_clock = true;
        c->told_ms = exchange_ms;
        c->told_at_ms = now_ms;
    }
}

static int compare_collected(const void *a, const void *b)
{
    const struct collected *one = a;
    const struct collected *two = b;
    return strcmp(one->gaps.row.name, two->gaps.row.name);
}

struct collected *collector_find(struct collector *c, const char *name)
{
    size_t low = 0;
    size_t high = c->symbol_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, c->symbols[middle].gaps.row.name);
        if (order == 0) {
            return &c->symbols[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static void log_hole(enum log_event event, const struct feed_hole *hole)
{
    log_write(event, (const struct log_field[]){
                         log_text("symbol", hole->symbol),
                         log_int("from", hole->from_ms),
                         log_int("to", hole->to_ms),
                         log_text("kind", feed_ledger_kind_name(hole->kind)),
                         {.key = NULL},
                     });
}

static void on_hole(void *context, const struct feed_hole *hole, bool is_gone)
{
    struct collector *c = context;
    if (is_gone) {
        feed_batch_delete_hole(&c->ledger, hole);
    } else {
        feed_batch_put_hole(&c->ledger, hole);
    }
    if (!is_gone && hole->state == FEED_HOLE_STATE_absent) {
        log_hole(LOG_feed_hole_absent, hole);
    } else if (!is_gone && hole->state == FEED_HOLE_STATE_too_old) {
        log_hole(LOG_feed_hole_old, hole);
    }
    collector_changed(c);
}

static void on_connect(void *context, int place)
{
    const struct lane_port *port = context;
    struct collector *c = port->collector;
    metrics_add(c->options.metrics, METRIC_feed_connects_total, 1);
    c->options.port.connect(c->options.port.context, port->lane, place);
}

static void on_disconnect(void *context, int place, bool is_planned, const char *why)
{
    const struct lane_port *port = context;
    struct collector *c = port->collector;
    log_event(is_planned ? LOG_feed_replaced : LOG_feed_disconnected, log_int("lane", port->lane),
              log_int("place", place), log_text("reason", why));
    c->options.port.disconnect(c->options.port.context, port->lane, place);
}

static void on_send(void *context, int place, struct slice text)
{
    const struct lane_port *port = context;
    struct collector *c = port->collector;
    c->options.port.send(c->options.port.context, port->lane, place, text);
}

static void add_symbols(struct collector *c, const char *const *names, size_t count)
{
    c->symbols = mem_new(count + 1, sizeof(*c->symbols));
    for (size_t i = 0; i < count; i++) {
        feed_gaps_init(&c->symbols[i].gaps, names[i]);
    }
    qsort(c->symbols, count, sizeof(*c->symbols), compare_collected);
    for (size_t i = 0; i < count; i++) { /* a name given twice counts once */
        bool is_twice = c->symbol_count > 0 &&
                        compare_collected(&c->symbols[c->symbol_count - 1], &c->symbols[i]) == 0;
        if (!is_twice) {
            c->symbols[c->symbol_count++] = c->symbols[i];
        }
    }
}

static void add_lanes(struct collector *c)
{
    c->lane_count = (c->symbol_count + FEED_LANE_SYMBOLS_MAX - 1) / FEED_LANE_SYMBOLS_MAX;
    c->lanes = mem_new(c->lane_count + 1, sizeof(*c->lanes));
    c->ports = mem_new(c->lane_count + 1, sizeof(*c->ports));
    c->names = mem_new(c->symbol_count + 1, sizeof(*c->names));
    for (size_t i = 0; i < c->symbol_count; i++) {
        c->names[i] = c->symbols[i].gaps.row.name;
        c->symbols[i].lane = i / FEED_LANE_SYMBOLS_MAX;
        c->symbols[i].place_in_lane = i % FEED_LANE_SYMBOLS_MAX;
    }
    for (size_t i = 0; i < c->lane_count; i++) {
        size_t first = i * FEED_LANE_SYMBOLS_MAX;
        size_t left = c->symbol_count - first;
        c->ports[i] = (struct lane_port){c, (int)i};
        feed_lane_init(
            &c->lanes[i],
            &(struct feed_lane_options){
                .port = {&c->ports[i], on_connect, on_disconnect, on_send},
                .symbols = c->names + first,
                .symbol_count = left < FEED_LANE_SYMBOLS_MAX ? left : FEED_LANE_SYMBOLS_MAX,
                .silence_ms = c->options.silence_ms,
                .age_ms_max = c->options.age_ms_max,
                .seed = c->options.seed + i,
                .budget = &c->attempts,
            });
    }
}

struct collector *collector_create(const struct collector_options *options)
{
    struct collector *c = mem_new(1, sizeof(*c));
    c->options = *options;
    c->options.symbols = NULL;
    c->rules = (struct feed_gaps_rules){
        .keep_ms = options->keep_ms,
        .backfill_ms =
            options->backfill_ms < options->keep_ms ? options->backfill_ms : options->keep_ms,
        .proves_by_ids = options->proves_by_ids,
        .context = c,
        .changed = on_hole,
    };
    c->decoder = exchange_frame_decoder_create();
    feed_budget_init(&c->attempts, ATTEMPTS_MAX, ATTEMPTS_WINDOW_MS);
    feed_budget_init(&c->weight, WEIGHT_MAX, WEIGHT_WINDOW_MS);
    backoff_init(&c->rest_backoff, REST_RETRY_MS_MIN, REST_RETRY_MS_MAX, options->seed ^ 1);
    c->next_look_ms = FEED_NO_TIME;
    c->next_info_ms = FEED_NO_TIME;
    c->bad_told_ms = FEED_NO_TIME;
    c->rest_not_before_ms = FEED_NO_TIME;
    c->info_not_before_ms = FEED_NO_TIME;
    add_symbols(c, options->symbols, options->symbol_count);
    add_lanes(c);
    for (size_t i = 0; i < c->symbol_count; i++) {
        c->symbols[i].silence_ms = options->silence_ms;
        c->symbols[i].heard_ms = FEED_NO_TIME;
    }
    return c;
}

void collector_destroy(struct collector **collector_p)
{
    struct collector *c = *collector_p;
    *collector_p = NULL;
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->symbol_count; i++) {
        feed_gaps_deinit(&c->symbols[i].gaps);
    }
    for (size_t i = 0; i < c->lane_count; i++) {
        feed_lane_deinit(&c->lanes[i]);
    }
    exchange_frame_decoder_destroy(&c->decoder);
    feed_batch_deinit(&c->ledger);
    mem_free(c->symbols);
    mem_free(c->names);
    mem_free(c->lanes);
    mem_free(c->ports);
    mem_free(c);
}

size_t collector_lane_count(const struct collector *c)
{
    return c->lane_count;
}

void collector_restore_symbol(struct collector *c, const struct feed_symbol *row)
{
    struct collected *symbol = collector_find(c, row->name);
    if (symbol != NULL) {
        feed_gaps_restore(&symbol->gaps, row);
    }
}

void collector_restore_hole(struct collector *c, const struct feed_hole *hole)
{
    struct collected *symbol = collector_find(c, hole->symbol);
    if (symbol != NULL) {
        feed_gaps_restore_hole(&symbol->gaps, hole);
    }
}

void collector_prepare(struct collector *c, struct feed_batch *batch)
{
    if (!c->has_changed) {
        return;
    }
    c->has_changed = false;
    feed_batch_append(batch, &c->ledger);
    feed_batch_clear(&c->ledger);
    for (size_t i = 0; i < c->symbol_count; i++) {
        struct feed_gaps *gaps = &c->symbols[i].gaps;
        if (gaps->is_dirty) {
            gaps->is_dirty = false;
            feed_batch_put_symbol(batch, &gaps->row);
        }
    }
}

/* Reported after feed.silence, then less and less often. The exchange is asked what it says of the
 * symbol. */
static void report_silence(struct collector *c, struct collected *symbol, int64_t now_ms)
{
    int64_t longest_ms = c->options.silence_ms * SILENCE_FACTOR_MAX;

    log_event(LOG_feed_symbol_silent, log_text("symbol", symbol->gaps.row.name),
              log_int("silent_ms", now_ms - symbol->heard_ms),
              log_text("status", symbol->gaps.row.status));
    symbol->is_silent = true;
    symbol->wants_info = true;
    symbol->silence_ms += symbol->silence_ms < longest_ms ? symbol->silence_ms : longest_ms;
    feed_lane_resubscribe(&c->lanes[symbol->lane], symbol->place_in_lane);
}

static void look_at_symbol(struct collector *c, struct collected *symbol, int64_t now_ms)
{
    bool is_served = feed_lane_is_serving(&c->lanes[symbol->lane]);

    if (!is_served || symbol->heard_ms == FEED_NO_TIME) {
        /* What a lane without connection does not tell is not the symbol's fault. */
        symbol->heard_ms =
            symbol->heard_ms == FEED_NO_TIME || !symbol->is_silent ? now_ms : symbol->heard_ms;
    }
    if (now_ms - symbol->heard_ms > symbol->silence_ms && is_served) {
        report_silence(c, symbol, now_ms);
    }
    if (c->has_clock && strcmp(symbol->gaps.row.status, "unknown") != 0) {
        feed_gaps_look(&symbol->gaps, &c->rules, collector_exchange_ms(c, now_ms), now_ms);
        if (symbol->gaps.is_dirty) {
            collector_changed(c);
        }
    }
}

static void measure(struct collector *c, int64_t now_ms)
{
    struct collector_state state = collector_look(c);
    struct metrics_set *m = c->options.metrics;
    metrics_put(m, METRIC_feed_connections, (int64_t)state.connections);
    metrics_put(m, METRIC_feed_silent_symbols, (int64_t)state.silent);
    metrics_put(m, METRIC_feed_unlisted_symbols, (int64_t)state.unlisted);
    metrics_put(m, METRIC_feed_open_minutes, state.open_minutes);
    if (c->has_clock) {
        metrics_put(m, METRIC_feed_exchange_timestamp_seconds, collector_exchange_ms(c, now_ms));
    }
}

static void look(struct collector *c, int64_t now_ms)
{
    if (now_ms >= c->next_info_ms) {
        c->next_info_ms = now_ms + INFO_MS;
        for (size_t i = 0; i < c->symbol_count; i++) {
            c->symbols[i].wants_info = true;
        }
    }
    for (size_t i = 0; i < c->symbol_count; i++) {
        look_at_symbol(c, &c->symbols[i], now_ms);
    }
    measure(c, now_ms);
}

void collector_tick(struct collector *c, int64_t now_ms)
{
    for (size_t i = 0; i < c->lane_count; i++) {
        feed_lane_tick(&c->lanes[i], now_ms);
    }
    if (now_ms >= c->next_look_ms) {
        c->next_look_ms = now_ms + LOOK_MS;
        look(c, now_ms);
    }
    collector_ask(c, now_ms);
}

void collector_opened(struct collector *c, int lane, int place, int64_t now_ms)
{
    log_event(LOG_feed_connected, log_int("lane", lane), log_int("place", place));
    feed_lane_opened(&c->lanes[lane], place, now_ms);
}

void collector_closed(struct collector *c, int lane, int place, const char *why, int64_t now_ms)
{
    log_event(LOG_feed_disconnected, log_int("lane", lane), log_int("place", place),
              log_text("reason", why));
    feed_lane_closed(&c->lanes[lane], place, now_ms);
}

static void note_heard(struct collector *c, struct collected *symbol, int64_t now_ms)
{
    if (symbol->is_silent) {
        log_event(LOG_feed_symbol_heard, log_text("symbol", symbol->gaps.row.name));
    }
    symbol->is_silent = false;
    symbol->silence_ms = c->options.silence_ms;
    symbol->heard_ms = now_ms;
}

/* A kline's event time is within its minute, or soon after it: anything else is no clock. */
static void read_clock(struct collector *c, const struct kline *kline, int64_t now_ms)
{
    int64_t late_ms = kline->event_ms - kline->open_ms;
    if (late_ms >= 0 && late_ms <= MINUTE_MS + CLOCK_AHEAD_MAX_MS) {
        collector_set_clock(c, kline->event_ms, now_ms);
    }
}

static void on_kline(struct collector *c, struct feed_lane *lane, int place,
                     const struct kline *kline, struct slice frame, int64_t now_ms)
{
    struct collected *symbol = collector_find(c, kline->symbol);
    if (symbol == NULL) {
        metrics_add(c->options.metrics, METRIC_feed_bad_frames_total, 1);
        return;
    }
    feed_lane_heard(lane, place, now_ms);
    note_heard(c, symbol, now_ms);
    read_clock(c, kline, now_ms);
    if (feed_gaps_judge(&symbol->gaps, kline) != FEED_take) {
        metrics_add(c->options.metrics, METRIC_feed_duplicate_frames_total, 1);
        return;
    }
    struct slice name = slice_of_text(kline->symbol);
    if (!c->options.port.put(c->options.port.context, name, frame, kline->is_closed)) {
        return; /* a closed minute that found no room is a hole */
    }
    int64_t exchange_ms = c->has_clock ? collector_exchange_ms(c, now_ms) : kline->event_ms;
    feed_gaps_took(&symbol->gaps, &c->rules, kline, false, exchange_ms, now_ms);
    if (symbol->gaps.is_dirty) {
        collector_changed(c);
    }
}

static void on_bad(struct collector *c, const struct exchange_frame *frame, int64_t now_ms)
{
    metrics_add(c->options.metrics, METRIC_feed_bad_frames_total, 1);
    if (now_ms >= c->bad_told_ms) {
        c->bad_told_ms = now_ms + BAD_TOLD_MS;
        log_event(LOG_feed_frame_bad, log_text("error", frame->text));
    }
}

static void on_error(struct collector *c, int lane, int place, const struct exchange_frame *frame,
                     int64_t now_ms)
{
    log_event(LOG_feed_request_refused, log_int("lane", lane), log_int("place", place),
              log_int("code", frame->code), log_text("error", frame->text));
    (void)feed_lane_refused(&c->lanes[lane], place, frame->has_id, frame->id, now_ms);
}

void collector_received(struct collector *c, int lane, int place, struct slice bytes,
                        int64_t now_ms)
{
    struct exchange_frame frame;

    metrics_add(c->options.metrics, METRIC_feed_frames_total, 1);
    exchange_frame_decode(c->decoder, bytes, &frame);
    switch (frame.kind) {
    case EXCHANGE_FRAME_kline:
        on_kline(c, &c->lanes[lane], place, &frame.kline, bytes, now_ms);
        break;
    case EXCHANGE_FRAME_result:
        feed_lane_granted(&c->lanes[lane], place, frame.has_id ? frame.id : 0);
        break;
    case EXCHANGE_FRAME_error:
        on_error(c, lane, place, &frame, now_ms);
        break;
    case EXCHANGE_FRAME_shutdown:
        log_event(LOG_feed_leaving, log_int("lane", lane), log_int("place", place));
        feed_lane_told_to_leave(&c->lanes[lane], place);
        feed_lane_tick(&c->lanes[lane], now_ms);
        break;
    case EXCHANGE_FRAME_other:
    case EXCHANGE_FRAME_bad:
        on_bad(c, &frame, now_ms);
        break;
    }
}

bool collector_is_serving(const struct collector *c)
{
    for (size_t i = 0; i < c->lane_count; i++) {
        if (!feed_lane_is_serving(&c->lanes[i])) {
            return false;
        }
    }
    return true;
}

struct collector_state collector_look(const struct collector *c)
{
    struct collector_state state = {.symbols = c->symbol_count};
    for (size_t i = 0; i < c->lane_count; i++) {
        state.connections += feed_lane_open_count(&c->lanes[i]);
    }
    for (size_t i = 0; i < c->symbol_count; i++) {
        const struct collected *symbol = &c->symbols[i];
        const char *status = symbol->gaps.row.status;
        state.silent += symbol->is_silent;
        state.unlisted += status[0] != '\0' && strcmp(status, "TRADING") != 0;
        state.open_minutes += feed_gaps_open_minutes(&symbol->gaps);
    }
    return state;
}
