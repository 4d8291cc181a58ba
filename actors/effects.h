/* What the actors of one partition want done, gathered into the current batch, and what they see of
 * the state: the batch over the last commit. A partition's symbols share one.
 *
 * Ownership: the partition's. Pointers inside are borrowed but for the batch and the deadlines.
 * Between effects_begin() and effects_end() the state can be read and written; nothing of it leaves
 * the process before the batch has been committed. */
#ifndef CANDLED_ACTORS_EFFECTS_H
#define CANDLED_ACTORS_EFFECTS_H

#include "actors/core/closes.h"
#include "actors/core/rules.h"
#include "actors/core/span.h"
#include "proto/candle.h"
#include "proto/dead_letter.h"
#include "runtime/base.h"
#include "runtime/deadlines.h"
#include "runtime/metrics.h"
#include "runtime/slice.h"
#include "state/batch.h"
#include "state/meta.h"
#include "state/store.h"

#include <stdbool.h>
#include <stdint.h>

struct actor;
struct symbol;

struct effects {
    struct actor *partition; /* escalates when the state cannot be read */
    struct candle_rules rules;
    struct meta meta;   /* ahead of the store while a batch is gathered or in the air */
    bool are_rules_new; /* the last checkpoint was by others: stored windows are folded anew */
    struct batch *batch;
    struct store_view *view;
    int64_t as_of_ms;      /* stream time of the record in work; what expires later is there */
    struct deadlines *due; /* in event time: each symbol's earliest pending window */
    struct metrics_set *metrics;
    bool has_dead_letters;  /* what the batch adds to the outbox */
    interval_set intervals; /* of the candles it adds */
    struct span span;       /* scratch for whoever refolds */
    struct closes closes;   /* the same for derived values: of windows that are not the newest */
    const struct symbol *closes_symbol; /* whose they are; NULL: nobody's */
    enum interval closes_interval;
    uint64_t klines_handled; /* counted by the symbols, checked at the slice's end */
};

void effects_init(struct effects *effects, const struct candle_rules *rules, struct store *store,
                  struct metrics_set *metrics, struct actor *partition);

void effects_deinit(struct effects *effects);

/* False: the state cannot be read, and the partition has escalated. */
MUST_CHECK bool effects_begin(struct effects *effects);

void effects_end(struct effects *effects);

/* False: there is none, or stream time has passed its expiry. */
bool effects_get_candle(struct effects *effects, const char *symbol, enum interval interval,
                        int64_t open_ms, struct candle *out_candle);

void effects_put_candle(struct effects *effects, const struct candle *candle);

/* Marks it emitted, stores it, and, when some sink wants the interval and it does not open below
 * the floor, nor where minutes of it may be gone (actors/kept.h), adds it to the outbox. */
void effects_emit(struct effects *effects, struct candle *candle);

void effects_put_dead_letter(struct effects *effects, const struct dead_letter *letter);

/* The state of a symbol's actor; false: none. The bytes live until the next write. */
bool effects_get_actor(struct effects *effects, const char *symbol, struct slice *out_state);

void effects_put_actor(struct effects *effects, const char *symbol, struct slice state);

/* Loads the minutes [first_ms, first_ms + count) into effects->span. */
void effects_load_span(struct effects *effects, const char *symbol, int64_t first_ms, size_t count);

#endif
