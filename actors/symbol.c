#include "actors/symbol_internal.h"

#include "actors/core/fold.h"
#include "actors/messages.h"
#include "runtime/base.h"
#include "runtime/mem.h"

#include <assert.h>
#include <string.h>

bool symbol_settle(struct symbol *symbol, struct candle *window, int64_t stream_time_ms)
{
    int64_t due_ms = rules_due_ms(&symbol->effects->rules, window->interval, window->open_ms);

    if (!window->is_complete && !window->is_emitted && stream_time_ms < due_ms) {
        symbol_note_pending(symbol, window);
        return false;
    }
    if (!window->is_emitted) {
        symbol_forget_pending(symbol, window->interval, window->open_ms);
    }
    effects_emit(symbol->effects, window);
    return true;
}

struct candle symbol_empty_window(const struct symbol *symbol, enum interval interval,
                                  int64_t open_ms)
{
    const struct candle_rules *rules = &symbol->effects->rules;
    struct candle window = fold_window(symbol->name, interval, open_ms);

    if (interval == INTERVAL_1d && rules->zone != NULL) {
        window.window_minutes = (rules_next_ms(rules, interval, open_ms) - open_ms) / MINUTE_MS;
    }
    return window;
}

/* The window that was the newest until now is stored as it stands. */
static void leave_window(struct symbol *symbol, struct newest_window *newest)
{
    if (newest->is_dirty) {
        effects_put_candle(symbol->effects, &newest->candle);
        newest->is_dirty = false;
    }
}

void symbol_advance(struct symbol *symbol, int64_t open_ms)
{
    for (size_t i = 0; i < symbol->window_count; i++) {
        struct newest_window *newest = &symbol->windows[i];
        enum interval interval = newest->candle.interval;
        int64_t window_ms = rules_open_ms(&symbol->effects->rules, interval, open_ms);
        if (newest->candle.open_ms != window_ms || newest->candle.minutes == 0) {
            leave_window(symbol, newest);
            newest->candle = symbol_empty_window(symbol, interval, window_ms);
        }
    }
    symbol->newest_ms = open_ms;
}

/* What the next traded minute must begin with, or -1 when a hole or unknown ids lie between. */
static int64_t next_last_id(const struct symbol *symbol, const struct candle *minute,
                            bool is_adjacent)
{
    if (minute->trade_ids == TRADE_IDS_known) {
        return minute->last_trade_id;
    }
    return is_adjacent && !minute->has_unknown_ids ? symbol->last_id : -1;
}

/* The next minute, with nothing to prove: every newest window grows by it. */
static void append(struct symbol *symbol, struct candle *minute, int64_t stream_time_ms)
{
    bool is_adjacent =
        symbol->newest_ms != NO_MINUTE && minute->open_ms == symbol->newest_ms + MINUTE_MS;

    symbol->last_id = next_last_id(symbol, minute, is_adjacent);
    symbol_advance(symbol, minute->open_ms);
    symbol_derive(symbol, minute);
    effects_emit(symbol->effects, minute);
    for (size_t i = 0; i < symbol->window_count; i++) {
        struct newest_window *newest = &symbol->windows[i];
        fold_append(&newest->candle, minute);
        newest->candle.revision = minute->revision;
        newest->candle.updated_ms = minute->updated_ms;
        symbol_derive(symbol, &newest->candle);
        newest->is_dirty = !symbol_settle(symbol, &newest->candle, stream_time_ms);
    }
    symbol->is_dirty = true;
}

/* Is there nothing that the trade ids of this later minute could prove or refute about others? */
static bool proves_nothing(const struct symbol *symbol, const struct candle *minute)
{
    if (!symbol->effects->rules.uses_trade_ids || symbol->newest_ms == NO_MINUTE ||
        minute->trade_ids != TRADE_IDS_known) {
        return true;
    }
    int64_t distance_ms = minute->open_ms - symbol->newest_ms;
    if (distance_ms > PROOF_MS) {
        return true;
    }
    return distance_ms == MINUTE_MS && symbol->last_id >= 0 &&
           minute->first_trade_id == symbol->last_id + 1;
}

/* Does a kline for a minute that is known change it? Counts what it was if not. */
static bool replaces(const struct symbol *symbol, const struct candle *known,
                     const struct candle *minute)
{
    struct metrics_set *metrics = symbol->effects->metrics;

    if (known->is_fill) {
        return true;
    }
    if (fold_same_minute(known, minute)) {
        metrics_add(metrics, METRIC_duplicate_klines_total, 1);
        return false;
    }
    if (known->trade_ids != TRADE_IDS_unknown && minute->trade_ids == TRADE_IDS_unknown) {
        metrics_add(metrics, METRIC_stale_klines_total, 1);
        return false;
    }
    if (minute->event_ms == known->event_ms) {
        metrics_add(metrics, METRIC_conflicting_klines_total, 1);
        return false;
    }
    if (minute->event_ms < known->event_ms) {
        metrics_add(metrics, METRIC_stale_klines_total, 1);
        return false;
    }
    metrics_add(metrics, METRIC_corrected_klines_total, 1);
    return true;
}

static void count_late(const struct symbol *symbol, const struct candle *minute,
                       int64_t stream_time_ms)
{
    const struct candle_rules *rules = &symbol->effects->rules;
    enum interval shortest =
        symbol->window_count > 0 ? symbol->windows[0].candle.interval : INTERVAL_1m;
    int64_t window_ms = rules_open_ms(rules, shortest, minute->open_ms);
    if (rules_due_ms(rules, shortest, window_ms) < stream_time_ms) {
        metrics_add(symbol->effects->metrics, METRIC_late_klines_total, 1);
    }
}

static void on_kline(struct symbol *symbol, const struct msg_kline *m)
{
    struct effects *effects = symbol->effects;
    struct candle minute = fold_minute(m->kline, m->revision, effects->rules.uses_trade_ids);
    struct candle known;

    effects->klines_handled++;
    effects->as_of_ms = m->stream_time_ms;
    count_late(symbol, &minute, m->stream_time_ms);
    if (symbol->newest_ms == NO_MINUTE || minute.open_ms > symbol->newest_ms) {
        if (!symbol->is_always_slow && proves_nothing(symbol, &minute)) {
            append(symbol, &minute, m->stream_time_ms);
        } else {
            symbol_apply_slowly(symbol, &minute, NULL, m->stream_time_ms);
        }
        return;
    }
    bool is_known = effects_get_candle(effects, symbol->name, INTERVAL_1m, minute.open_ms, &known);
    if (!is_known || replaces(symbol, &known, &minute)) {
        symbol_apply_slowly(symbol, &minute, is_known ? &known : NULL, m->stream_time_ms);
    }
}

/* A window that is due is emitted as it stands. */
static void emit_pending(struct symbol *symbol, struct pending_window pending)
{
    struct newest_window *newest = symbol_newest_window(symbol, pending.interval);
    struct candle stored;

    symbol_forget_pending(symbol, pending.interval, pending.open_ms);
    if (newest->candle.open_ms == pending.open_ms && newest->candle.minutes > 0) {
        effects_emit(symbol->effects, &newest->candle);
        newest->is_dirty = false;
    } else if (effects_get_candle(symbol->effects, symbol->name, pending.interval, pending.open_ms,
                                  &stored)) {
        effects_emit(symbol->effects, &stored);
    }
}

static void on_windows_due(struct symbol *symbol, const struct msg_windows_due *m)
{
    const struct candle_rules *rules = &symbol->effects->rules;
    size_t i = 0;

    symbol->effects->as_of_ms =
        META_NO_TIME; /* what waits is emitted, however far time has jumped */
    while (i < symbol->pending_count) {
        struct pending_window pending = symbol->pending[i];
        if (rules_due_ms(rules, pending.interval, pending.open_ms) <= m->until_ms) {
            emit_pending(symbol, pending); /* takes it out of the list */
        } else {
            i++;
        }
    }
    symbol_arm(symbol);
    symbol->is_dirty = true;
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct symbol *symbol = container_of(actor, struct symbol, actor);

    switch (msg->type) {
    case MSG_KLINE:
        on_kline(symbol, &msg->as_KLINE);
        break;
    case MSG_WINDOWS_DUE:
        on_windows_due(symbol, &msg->as_WINDOWS_DUE);
        break;
    case MSG_SAVE:
        symbol_save(symbol);
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

/* As many as one turn handles: after its turn the mailbox is empty (see partition.c). */
static const struct actor_class symbol_class = {
    .name = "symbol",
    .receive = receive,
    .mailbox_capacity = ACTOR_TURN_MESSAGES_MAX,
};

static size_t count_intervals(interval_set set)
{
    size_t count = 0;
    for (int i = 0; i < INTERVAL_COUNT; i++) {
        count += (set & INTERVAL_BIT(i)) != 0;
    }
    return count;
}

struct symbol *symbol_create(struct sched *sched, struct effects *effects, const char *name,
                             bool is_always_slow)
{
    size_t window_count = count_intervals(effects->rules.intervals);
    struct symbol *symbol =
        mem_new(1, sizeof(*symbol) + window_count * sizeof(struct newest_window));

    assert(strlen(name) <= SYMBOL_BYTES_MAX);
    actor_init(&symbol->actor, &symbol_class, sched);
    deadlines_init_one(&symbol->due);
    symbol->effects = effects;
    symbol->is_always_slow = is_always_slow;
    symbol->newest_ms = NO_MINUTE;
    symbol->last_id = -1;
    memcpy(symbol->name, name, strlen(name) + 1);
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((effects->rules.intervals & INTERVAL_BIT(i)) != 0) {
            int64_t open_ms = rules_open_ms(&effects->rules, i, 0);
            symbol->windows[symbol->window_count++].candle =
                symbol_empty_window(symbol, i, open_ms);
        }
    }
    symbol_load(symbol);
    return symbol;
}

void symbol_destroy(struct symbol **symbol_p)
{
    struct symbol *symbol = *symbol_p;
    *symbol_p = NULL;
    if (symbol == NULL) {
        return;
    }
    deadlines_set(symbol->effects->due, &symbol->due, DEADLINE_NONE);
    for (size_t i = 0; i < symbol->window_count; i++) {
        closes_deinit(&symbol->windows[i].closes);
    }
    closes_deinit(&symbol->closes);
    actor_deinit(&symbol->actor);
    mem_free(symbol->pending);
    mem_free(symbol);
}

struct actor *symbol_actor(struct symbol *symbol)
{
    return &symbol->actor;
}

const char *symbol_name(const struct symbol *symbol)
{
    return symbol->name;
}

struct symbol *symbol_of_deadline(struct deadline *deadline)
{
    return container_of(deadline, struct symbol, due);
}

bool symbol_is_dirty(const struct symbol *symbol)
{
    return symbol->is_dirty;
}
