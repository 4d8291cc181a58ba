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
    INFO_MS = 3600000,
    BAD_TOLD_MS = 10000,
    SILENCE_FACTOR_MAX = 40,
    CLOCK_AHEAD_MAX_MS = 120000, /* a frame's E past its own minute: no clock */
    JUMP_MS = 3600000, /* a frame so far ahead of the exchange's clock is not believed alone */
    JUMP_APART_MS = 120000,
    JUMP_FRAMES = 3,
    CLOCK_PATIENCE_MS = 5000,
    CLOCK_BEHIND_MS =
        1800000, /* our clock: then a shard is half an hour from refusing its stamps */
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

int64_t collector_stamp_ms(struct collector *c, int64_t wall_ms, bool is_refused, int64_t now_ms)
{
    int64_t exchange_ms = c->has_clock ? collector_exchange_ms(c, now_ms) : wall_ms;
    bool is_behind = exchange_ms - wall_ms > CLOCK_BEHIND_MS;
    bool is_ahead = is_refused && wall_ms > exchange_ms;

    if (!is_behind && !is_ahead) {
        return wall_ms;
    }
    if (!c->has_told_clock) {
        c->has_told_clock = true;
        log_event(LOG_feed_clock_wrong, log_int("ours", wall_ms), log_int("exchange", exchange_ms));
    }
    return exchange_ms;
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

void collector_find_holes(struct collector *c, struct collected *symbol, int64_t now_ms)
{
    if (strcmp(symbol->gaps.row.status, "unknown") != 0) {
        feed_gaps_look(&symbol->gaps, &c->rules, collector_exchange_ms(c, now_ms), now_ms);
        if (symbol->gaps.is_dirty) {
            collector_changed(c);
        }
    }
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
    if (c->has_clock) {
        collector_find_holes(c, symbol, now_ms);
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
    collector_catch_up_tick(c, now_ms);
    for (size_t i = 0; i < c->lane_count && !collector_is_catching_up(c); i++) {
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

/* One frame that is far ahead must not make all that comes before it count as known. Several that
 * agree are the exchange's clock: then it is we who stood still. */
static bool is_far_ahead(struct collector *c, const struct kline *kline, int64_t now_ms)
{
    int64_t newest_ms =
        kline->open_ms > kline->event_ms - MINUTE_MS ? kline->open_ms : kline->event_ms - MINUTE_MS;
    if (!c->has_clock || newest_ms < collector_exchange_ms(c, now_ms) + JUMP_MS) {
        return false;
    }
    int64_t apart_ms = newest_ms - c->jump_ms;
    bool agrees = c->jump_count > 0 && apart_ms > -JUMP_APART_MS && apart_ms < JUMP_APART_MS;
    c->jump_ms = newest_ms;
    c->jump_count = agrees ? c->jump_count + 1 : 1;
    return c->jump_count < JUMP_FRAMES;
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
    if (symbol == NULL || is_far_ahead(c, kline, now_ms)) {
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
        bool is_other = frame->kind == EXCHANGE_FRAME_other;
        log_event(LOG_feed_frame_bad,
                  log_text("error", is_other ? "a message of a kind we do not know" : frame->text));
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
        if (!feed_lane_is_subscribed(&c->lanes[i])) {
            return false;
        }
    }
    return true;
}

struct collector_state collector_look(const struct collector *c)
{
    struct collector_state state = {
        .symbols = c->symbol_count,
        .is_catching_up = collector_is_catching_up(c),
    };
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
