#include "actors/symbol_internal.h"

#include "actors/core/fold.h"
#include "actors/kept.h"
#include "runtime/actor.h"
#include "runtime/mem.h"

#include <stdlib.h>
#include <string.h>

/* The stored state of an actor: a version, then fixed-width numbers in this machine's order. */
enum { STATE_VERSION = 1 };

struct stored_head {
    uint32_t version;
    uint32_t pending_count;
    int64_t newest_ms;
    int64_t last_id;
};

struct stored_pending {
    int64_t open_ms;
    int64_t interval_minutes;
};

struct newest_window *symbol_newest_window(struct symbol *symbol, enum interval interval)
{
    for (size_t i = 0; i < symbol->window_count; i++) {
        if (symbol->windows[i].candle.interval == interval) {
            return &symbol->windows[i];
        }
    }
    abort(); /* an interval that is not in the rules */
}

/* The earliest pending window is what the partition wakes the symbol for. */
void symbol_arm(struct symbol *symbol)
{
    const struct candle_rules *rules = &symbol->effects->rules;
    int64_t earliest_ms = DEADLINE_NONE;
    for (size_t i = 0; i < symbol->pending_count; i++) {
        int64_t due_ms =
            rules_due_ms(rules, symbol->pending[i].interval, symbol->pending[i].open_ms);
        earliest_ms = due_ms < earliest_ms ? due_ms : earliest_ms;
    }
    if (symbol->due.at_ms != earliest_ms) {
        deadlines_set(symbol->effects->due, &symbol->due, earliest_ms);
    }
}

static size_t find_pending(const struct symbol *symbol, enum interval interval, int64_t open_ms)
{
    size_t i = 0;
    while (i < symbol->pending_count &&
           (symbol->pending[i].open_ms != open_ms || symbol->pending[i].interval != interval)) {
        i++;
    }
    return i;
}

static void add_pending(struct symbol *symbol, enum interval interval, int64_t open_ms)
{
    if (symbol->pending_count == symbol->pending_capacity) {
        symbol->pending_capacity = symbol->pending_capacity * 2 + 4;
        symbol->pending =
            mem_resize(symbol->pending, symbol->pending_capacity, sizeof(*symbol->pending));
    }
    symbol->pending[symbol->pending_count++] =
        (struct pending_window){.open_ms = open_ms, .interval = interval};
}

void symbol_note_pending(struct symbol *symbol, const struct candle *window)
{
    if (find_pending(symbol, window->interval, window->open_ms) < symbol->pending_count) {
        return;
    }
    add_pending(symbol, window->interval, window->open_ms);
    symbol_arm(symbol);
}

void symbol_forget_pending(struct symbol *symbol, enum interval interval, int64_t open_ms)
{
    size_t at = find_pending(symbol, interval, open_ms);
    if (at == symbol->pending_count) {
        return;
    }
    symbol->pending_count--;
    memmove(&symbol->pending[at], &symbol->pending[at + 1],
            (symbol->pending_count - at) * sizeof(*symbol->pending));
    symbol_arm(symbol);
}

static void save_windows(struct symbol *symbol)
{
    for (size_t i = 0; i < symbol->window_count; i++) {
        if (symbol->windows[i].is_dirty) {
            effects_put_candle(symbol->effects, &symbol->windows[i].candle);
            symbol->windows[i].is_dirty = false;
        }
    }
}

void symbol_save(struct symbol *symbol)
{
    size_t size =
        sizeof(struct stored_head) + symbol->pending_count * sizeof(struct stored_pending);
    unsigned char *bytes = mem_new(1, size);
    struct stored_head head = {
        .version = STATE_VERSION,
        .pending_count = (uint32_t)symbol->pending_count,
        .newest_ms = symbol->newest_ms,
        .last_id = symbol->last_id,
    };

    save_windows(symbol);
    memcpy(bytes, &head, sizeof(head));
    for (size_t i = 0; i < symbol->pending_count; i++) {
        struct stored_pending pending = {symbol->pending[i].open_ms,
                                         interval_minutes(symbol->pending[i].interval)};
        memcpy(bytes + sizeof(head) + i * sizeof(pending), &pending, sizeof(pending));
    }
    effects_put_actor(symbol->effects, symbol->name, (struct slice){bytes, size});
    mem_free(bytes);
    symbol->is_dirty = false;
}

/* A window of an interval that is no longer configured is forgotten, and so is a day of a zone that
 * is not. */
static void load_pending(struct symbol *symbol, const struct stored_pending *stored)
{
    for (size_t i = 0; i < symbol->window_count; i++) {
        enum interval interval = symbol->windows[i].candle.interval;
        if (interval_minutes(interval) == stored->interval_minutes &&
            rules_open_ms(&symbol->effects->rules, interval, stored->open_ms) == stored->open_ms) {
            add_pending(symbol, interval, stored->open_ms);
        }
    }
}

/* Folded from its minutes: an interval may be new in the configuration, or have been away from it
 * while minutes came. What is as it was keeps its revision. */
static void refold(struct symbol *symbol, struct newest_window *newest, const struct candle *stored)
{
    struct candle window = symbol_refold(symbol, newest->candle.interval, newest->candle.open_ms);

    newest->candle.is_emitted = stored != NULL && stored->is_emitted;
    if (window.minutes == 0) {
        return;
    }
    window.is_emitted = newest->candle.is_emitted;
    newest->is_dirty = stored == NULL || !fold_same_content(&window, stored);
    if (newest->is_dirty) {
        symbol_derive(symbol, &window);
    }
    newest->candle = newest->is_dirty ? window : *stored;
    if (!window.is_emitted) {
        symbol_note_pending(symbol, &window);
    }
}

static void load_window(struct symbol *symbol, struct newest_window *newest)
{
    struct effects *effects = symbol->effects;
    enum interval interval = newest->candle.interval;
    int64_t open_ms = rules_open_ms(&effects->rules, interval, symbol->newest_ms);
    struct candle stored;

    newest->candle = symbol_empty_window(symbol, interval, open_ms);
    bool is_stored = effects_get_candle(effects, symbol->name, interval, open_ms, &stored);
    bool fits = is_stored && candle_minutes(&stored) == candle_minutes(&newest->candle);
    bool is_kept =
        open_ms >= kept_from_ms(&effects->meta, &effects->rules, effects->meta.stream_time_ms);
    if (fits && !(effects->are_rules_new && is_kept)) {
        newest->candle = stored;
    } else if (is_kept) {
        refold(symbol, newest, is_stored ? &stored : NULL);
    }
}

static void load_windows(struct symbol *symbol)
{
    for (size_t i = 0; i < symbol->window_count; i++) {
        load_window(symbol, &symbol->windows[i]);
    }
}

bool symbol_state_has_pending(struct slice state)
{
    struct stored_head head;
    if (state.size < sizeof(head)) {
        return true; /* damaged: symbol_load() says so */
    }
    memcpy(&head, state.bytes, sizeof(head));
    return head.pending_count > 0;
}

void symbol_state_describe(struct slice state, symbol_tell_fn *tell, void *context)
{
    struct stored_head head;
    if (state.size < sizeof(head)) {
        return;
    }
    memcpy(&head, state.bytes, sizeof(head));
    tell(context, "newestMinute", head.newest_ms);
    tell(context, "lastTradeId", head.last_id);
    tell(context, "pendingWindows", head.pending_count);
}

void symbol_load(struct symbol *symbol)
{
    struct slice state;
    struct stored_head head;

    if (!effects_get_actor(symbol->effects, symbol->name, &state)) {
        return;
    }
    if (state.size < sizeof(head)) {
        actor_escalate(symbol->effects->partition, STATUS_CORRUPT);
        return;
    }
    memcpy(&head, state.bytes, sizeof(head));
    if (head.version != STATE_VERSION ||
        state.size != sizeof(head) + head.pending_count * sizeof(struct stored_pending)) {
        actor_escalate(symbol->effects->partition, STATUS_CORRUPT);
        return;
    }
    symbol->newest_ms = head.newest_ms;
    symbol->last_id = head.last_id;
    for (size_t i = 0; i < head.pending_count; i++) {
        struct stored_pending pending;
        memcpy(&pending, (const unsigned char *)state.bytes + sizeof(head) + i * sizeof(pending),
               sizeof(pending));
        load_pending(symbol, &pending);
    }
    symbol_arm(symbol);
    load_windows(symbol);
}
