/* Derived values: which closes of a symbol's windows decide them, remembered or read. */
#include "actors/symbol_internal.h"

#include "actors/core/closes.h"
#include "actors/core/rules.h"

/* Of the newest window closes are remembered from candle to candle; of others during one record, so
 * that the windows after a corrected one are read once. */
static struct closes *closes_for(struct symbol *symbol, const struct candle *candle)
{
    struct effects *effects = symbol->effects;

    if (candle->interval == INTERVAL_1m) {
        if (candle->open_ms == symbol->newest_ms) {
            return &symbol->closes;
        }
    } else {
        struct newest_window *newest = symbol_newest_window(symbol, candle->interval);
        if (candle->open_ms == newest->candle.open_ms) {
            return &newest->closes;
        }
    }
    if (effects->closes_symbol != symbol || effects->closes_interval != candle->interval) {
        closes_clear(&effects->closes);
        effects->closes_symbol = symbol;
        effects->closes_interval = candle->interval;
    }
    return &effects->closes;
}

static void push_stored(struct symbol *symbol, struct closes *closes, enum interval interval,
                        int64_t open_ms)
{
    struct candle stored;
    size_t wanted = (size_t)symbol->effects->rules.derived_windows + 1;
    bool is_there = effects_get_candle(symbol->effects, symbol->name, interval, open_ms, &stored);
    closes_push(closes, open_ms, is_there ? &stored : NULL, wanted);
}

/* The windows before this one, from the first that counts on. */
static void read_all(struct symbol *symbol, struct closes *closes, const struct candle *candle)
{
    const struct candle_rules *rules = &symbol->effects->rules;
    int64_t open_ms = candle->open_ms;

    for (int64_t i = 0; i < rules->derived_windows; i++) {
        open_ms = rules_open_ms(rules, candle->interval, open_ms - 1);
    }
    closes_clear(closes);
    while (open_ms < candle->open_ms) {
        push_stored(symbol, closes, candle->interval, open_ms);
        open_ms = rules_next_ms(rules, candle->interval, open_ms);
    }
}

/* What is remembered would be read no more once it has expired, so it does not count either. */
static bool is_too_old(const struct symbol *symbol, const struct closes *closes,
                       const struct candle *candle)
{
    const struct candle_rules *rules = &symbol->effects->rules;
    int64_t reach_ms = rules_derived_ms(rules, candle->interval);
    int64_t first_ms = candle->open_ms - reach_ms;

    return closes->count == 0 || closes->last_ms > candle->open_ms || closes->last_ms < first_ms ||
           rules_expire_ms(rules, candle->interval, first_ms) <= symbol->effects->as_of_ms;
}

/* The last one that is remembered may have grown since. */
static void read_rest(struct symbol *symbol, struct closes *closes, const struct candle *candle)
{
    const struct candle_rules *rules = &symbol->effects->rules;
    struct candle stored;
    bool is_there = effects_get_candle(symbol->effects, symbol->name, candle->interval,
                                       closes->last_ms, &stored);

    closes_replace_last(closes, is_there ? &stored : NULL);
    for (;;) {
        int64_t open_ms = rules_next_ms(rules, candle->interval, closes->last_ms);
        if (open_ms >= candle->open_ms) {
            return;
        }
        push_stored(symbol, closes, candle->interval, open_ms);
    }
}

void symbol_derive(struct symbol *symbol, struct candle *candle)
{
    const struct candle_rules *rules = &symbol->effects->rules;

    if (rules->derived.count == 0) {
        candle->derived.count = 0;
        return;
    }
    struct closes *closes = closes_for(symbol, candle);
    if (rules->derived_windows > 0 && is_too_old(symbol, closes, candle)) {
        read_all(symbol, closes, candle);
    } else if (rules->derived_windows > 0 && closes->last_ms < candle->open_ms) {
        read_rest(symbol, closes, candle);
    }
    if (closes->count > 0 && closes->last_ms == candle->open_ms) {
        closes_replace_last(closes, candle);
    } else {
        closes_push(closes, candle->open_ms, candle, (size_t)rules->derived_windows + 1);
    }
    candle->derived = closes_derive(closes, &rules->derived, candle);
}

bool symbol_rederive(struct symbol *symbol, struct candle *candle)
{
    struct derived before = candle->derived;
    symbol_derive(symbol, candle);
    return !series_same(&before, &candle->derived);
}

void symbol_forget_closes(struct symbol *symbol)
{
    closes_clear(&symbol->closes);
    for (size_t i = 0; i < symbol->window_count; i++) {
        closes_clear(&symbol->windows[i].closes);
    }
    symbol->effects->closes_symbol = NULL;
}
