#include "actors/symbol_internal.h"

#include "actors/core/fold.h"
#include "actors/core/rules.h"
#include "actors/core/span.h"

#include <string.h>

/* The minutes that a proof from the changed one can reach: one hour before it and after it. */
enum { REACH = PROOF_MINUTES_MAX, SPAN_MINUTES = 2 * REACH + 1 };

/* One minute has changed; what else did, within reach of it. */
struct change {
    struct symbol *symbol;
    struct span *span;
    const struct candle *known; /* the minute as it was; NULL: it was absent */
    int64_t revision;
    int64_t updated_ms;
    int64_t stream_time_ms;
    size_t low; /* the first and the last index that may have changed */
    size_t high;
    bool is_changed[SPAN_MINUTES];
    int64_t left; /* windows from here on whose derived values may have changed */
};

/* The close of the window at hand is another one, or is there now. */
static void note_move(struct change *change)
{
    change->left = change->symbol->effects->rules.derived_windows + 1;
}

static void pass_window(struct change *change)
{
    change->left -= change->left > 0;
}

static bool same_close(const struct candle *a, const struct candle *b)
{
    return decimal_compare(a->close, b->close) == 0;
}

/* A candle that is itself as it was has changed when those before it give it other derived values.
 */
static bool follow(const struct change *change, struct candle *candle)
{
    if (change->left == 0 || !symbol_rederive(change->symbol, candle)) {
        return false;
    }
    candle->revision = change->revision;
    candle->updated_ms = change->updated_ms;
    if (candle->is_emitted) {
        effects_emit(change->symbol->effects, candle);
    } else {
        effects_put_candle(change->symbol->effects, candle);
    }
    return true;
}

static void fill(struct change *change, size_t index)
{
    struct candle *minutes = change->span->minutes;
    minutes[index] =
        fold_fill(&minutes[index - 1], change->span->first_ms + (int64_t)index * MINUTE_MS,
                  change->revision, change->updated_ms);
    change->is_changed[index] = true;
}

/* Proves the absent minutes between two traded ones empty, when the trade ids leave none out. */
static void prove_between(struct change *change, ptrdiff_t previous, ptrdiff_t next)
{
    if (previous == SPAN_NOT_FOUND || next == SPAN_NOT_FOUND ||
        !span_is_contiguous(change->span, previous, next)) {
        return;
    }
    for (size_t i = (size_t)previous + 1; i < (size_t)next; i++) {
        if (!span_has(change->span, i)) {
            fill(change, i);
            metrics_add(change->symbol->effects->metrics, METRIC_filled_minutes_total, 1);
        }
    }
}

/* Fills repeat the close before them, so they follow it when it changes. */
static void refill_after(struct change *change, size_t index)
{
    struct candle *minutes = change->span->minutes;
    for (size_t i = index + 1;
         i < change->span->count && span_has(change->span, i) && minutes[i].is_fill; i++) {
        if (decimal_compare(minutes[i].close, minutes[i - 1].close) != 0) {
            bool was_emitted = minutes[i].is_emitted;
            fill(change, i);
            minutes[i].is_emitted = was_emitted;
        }
        change->high = i > change->high ? i : change->high;
    }
}

static void find_reach(struct change *change, size_t index)
{
    ptrdiff_t previous = span_previous(change->span, index);
    ptrdiff_t next = span_next(change->span, index);

    change->low = previous == SPAN_NOT_FOUND ? index : (size_t)previous + 1;
    change->high = next == SPAN_NOT_FOUND ? index : (size_t)next;
    if (change->span->minutes[index].trade_ids == TRADE_IDS_known) {
        prove_between(change, previous, (ptrdiff_t)index);
        prove_between(change, (ptrdiff_t)index, next);
    }
}

/* A kline that says of a minute what was known already, as one does that replaces a fill with an
 * empty minute, is remembered and changes no output. */
static void emit_minute(const struct change *change, struct candle *minute, bool is_the_one)
{
    if (is_the_one && change->known != NULL && fold_same_content(minute, change->known)) {
        minute->revision = change->known->revision;
        minute->updated_ms = change->known->updated_ms;
        minute->is_emitted = change->known->is_emitted;
        minute->derived = change->known->derived;
        if (!follow(change, minute)) {
            effects_put_candle(change->symbol->effects, minute);
        }
        return;
    }
    minute->revision = change->revision;
    minute->updated_ms = change->updated_ms;
    symbol_derive(change->symbol, minute);
    effects_emit(change->symbol->effects, minute);
}

static void review_minute(struct change *change, size_t i)
{
    struct candle *minute = &change->span->minutes[i];
    if (!span_has(change->span, i)) {
        return;
    }
    int64_t missing_trades = minute->missing_trades;
    if (missing_trades >= 0) {
        missing_trades = span_missing_trades(change->span, i, i + 1);
    }
    if (!change->is_changed[i] && missing_trades == minute->missing_trades) {
        (void)follow(change, minute);
        return;
    }
    bool is_moved = change->is_changed[i] &&
                    !(i == REACH && change->known != NULL && same_close(minute, change->known));
    minute->missing_trades = missing_trades;
    emit_minute(change, minute, i == REACH);
    if (is_moved) {
        note_move(change);
    }
}

/* Minutes are candles too: those that changed, or whose missing trades did, are emitted; and those
 * later ones whose derived values follow from them. */
static void emit_minutes(struct change *change)
{
    struct symbol *symbol = change->symbol;

    change->left = 0;
    for (size_t i = change->low; i <= change->high; i++) {
        review_minute(change, i);
        pass_window(change);
    }
    int64_t open_ms = change->span->first_ms + ((int64_t)change->high + 1) * MINUTE_MS;
    for (; change->left > 0 && open_ms <= symbol->newest_ms; open_ms += MINUTE_MS) {
        struct candle minute;
        if (effects_get_candle(symbol->effects, symbol->name, INTERVAL_1m, open_ms, &minute)) {
            (void)follow(change, &minute);
        }
        pass_window(change);
    }
}

static void append(struct candle *window, const struct candle *minute)
{
    fold_append(window, minute);
    if (minute->revision > window->revision) {
        window->revision = minute->revision;
        window->updated_ms = minute->updated_ms;
    }
}

struct candle symbol_refold(struct symbol *symbol, enum interval interval, int64_t open_ms)
{
    struct effects *effects = symbol->effects;
    struct candle window = symbol_empty_window(symbol, interval, open_ms);
    size_t begin = REACH;
    size_t end = begin + (size_t)candle_minutes(&window);

    effects_load_span(effects, symbol->name, open_ms - (int64_t)REACH * MINUTE_MS, end + REACH);
    for (size_t i = begin; i < end; i++) {
        if (span_has(&effects->span, i)) {
            append(&window, &effects->span.minutes[i]);
        }
    }
    if (effects->rules.uses_trade_ids && window.missing_trades >= 0) {
        window.missing_trades = span_missing_trades(&effects->span, begin, end);
    }
    return window;
}

/* What is known of a window: in memory when it is the newest, else stored. False: nothing. */
static bool find_window(struct symbol *symbol, const struct newest_window *newest, int64_t open_ms,
                        struct candle *out_window)
{
    if (newest->candle.open_ms == open_ms && newest->candle.minutes > 0) {
        *out_window = newest->candle;
        return true;
    }
    return effects_get_candle(symbol->effects, symbol->name, newest->candle.interval, open_ms,
                              out_window);
}

static void follow_window(const struct change *change, struct newest_window *newest,
                          struct candle *window)
{
    if (follow(change, window) && newest->candle.open_ms == window->open_ms) {
        newest->candle = *window;
        newest->is_dirty = false;
    }
}

static void refold_window(struct change *change, struct newest_window *newest, int64_t open_ms)
{
    struct symbol *symbol = change->symbol;
    struct candle known;
    struct candle window = symbol_refold(symbol, newest->candle.interval, open_ms);

    if (window.minutes == 0) {
        return;
    }
    bool is_known = find_window(symbol, newest, open_ms, &known);
    if (is_known && fold_same_content(&window, &known)) {
        follow_window(change, newest, &known);
        return;
    }
    window.is_emitted = is_known && known.is_emitted;
    window.revision = change->revision;
    window.updated_ms = change->updated_ms;
    symbol_derive(symbol, &window);
    bool is_stored = symbol_settle(symbol, &window, change->stream_time_ms);
    if (newest->candle.open_ms == open_ms) {
        newest->candle = window;
        newest->is_dirty = !is_stored;
    } else if (!is_stored) {
        effects_put_candle(symbol->effects, &window);
    }
    if (!is_known || !same_close(&window, &known)) {
        note_move(change);
    }
}

/* The windows of one interval that overlap the minutes in question, and then those whose derived
 * values follow from them. */
static void refold_interval(struct change *change, struct newest_window *newest, int64_t low_ms,
                            int64_t high_ms)
{
    struct symbol *symbol = change->symbol;
    const struct candle_rules *rules = &symbol->effects->rules;
    enum interval interval = newest->candle.interval;
    int64_t open_ms = rules_open_ms(rules, interval, low_ms);

    change->left = 0;
    for (; open_ms <= high_ms; open_ms = rules_next_ms(rules, interval, open_ms)) {
        refold_window(change, newest, open_ms);
        pass_window(change);
    }
    while (change->left > 0 && open_ms <= newest->candle.open_ms) {
        struct candle window;
        if (find_window(symbol, newest, open_ms, &window)) {
            follow_window(change, newest, &window);
        }
        open_ms = rules_next_ms(rules, interval, open_ms);
        pass_window(change);
    }
}

static void refold_windows(struct change *change, int64_t low_ms, int64_t high_ms)
{
    for (size_t i = 0; i < change->symbol->window_count; i++) {
        refold_interval(change, &change->symbol->windows[i], low_ms, high_ms);
    }
}

/* After a late minute nothing is taken for granted: the next one proves itself slowly. */
static void note_last_id(struct symbol *symbol, const struct candle *minute)
{
    bool is_newest = minute->open_ms == symbol->newest_ms;
    symbol->last_id =
        is_newest && minute->trade_ids == TRADE_IDS_known ? minute->last_trade_id : -1;
}

void symbol_apply_slowly(struct symbol *symbol, const struct candle *minute,
                         const struct candle *known, int64_t stream_time_ms)
{
    struct change change = {
        .symbol = symbol,
        .span = &symbol->effects->span,
        .known = known,
        .revision = minute->revision,
        .updated_ms = minute->updated_ms,
        .stream_time_ms = stream_time_ms,
    };

    if (symbol->newest_ms == NO_MINUTE || minute->open_ms > symbol->newest_ms) {
        symbol_advance(symbol, minute->open_ms);
    }
    symbol_forget_closes(symbol);
    int64_t first_ms = minute->open_ms - (int64_t)REACH * MINUTE_MS;
    effects_load_span(symbol->effects, symbol->name, first_ms, SPAN_MINUTES);
    change.span->minutes[REACH] = *minute;
    change.is_changed[REACH] = true;
    if (symbol->effects->rules.uses_trade_ids) {
        find_reach(&change, REACH);
    } else {
        change.low = REACH;
        change.high = REACH;
    }
    refill_after(&change, REACH);
    emit_minutes(&change);
    refold_windows(&change, first_ms + (int64_t)change.low * MINUTE_MS,
                   first_ms + (int64_t)change.high * MINUTE_MS);
    note_last_id(symbol, minute);
    symbol->is_dirty = true;
}
