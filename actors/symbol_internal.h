/* What symbol.c, symbol_slow.c and symbol_state.c share: the state of one symbol. */
#ifndef CANDLED_ACTORS_SYMBOL_INTERNAL_H
#define CANDLED_ACTORS_SYMBOL_INTERNAL_H

#include "actors/symbol.h"

#include "actors/effects.h"
#include "proto/candle.h"

#include <stddef.h>

#define NO_MINUTE INT64_MIN

/* A window that holds a minute and was not emitted yet. */
struct pending_window {
    int64_t open_ms;
    enum interval interval;
};

/* The window of one interval that holds the newest minute. */
struct newest_window {
    struct candle candle; /* minutes == 0: none yet */
    bool is_dirty;        /* it differs from what the batch and the store hold */
    struct closes closes; /* up to it, for derived values */
};

struct symbol {
    struct actor actor;
    struct effects *effects; /* borrowed */
    struct deadline due;     /* in event time */
    char name[SYMBOL_BYTES_MAX + 1];
    int64_t newest_ms; /* the newest minute, or NO_MINUTE */
    int64_t last_id;   /* the trade id that the next traded minute follows; -1: not known */
    struct pending_window *pending;
    size_t pending_count;
    size_t pending_capacity;
    bool is_dirty;
    bool is_always_slow;
    struct closes closes; /* of the minutes up to the newest, for derived values */
    size_t window_count;
    struct newest_window windows[]; /* one an interval of the rules, shortest first */
};

/* symbol_state.c */
void symbol_load(struct symbol *symbol);
void symbol_save(struct symbol *symbol);
void symbol_note_pending(struct symbol *symbol, const struct candle *window);
void symbol_forget_pending(struct symbol *symbol, enum interval interval, int64_t open_ms);
void symbol_arm(struct symbol *symbol);
struct newest_window *symbol_newest_window(struct symbol *symbol, enum interval interval);

/* symbol_derive.c */
/* Gives a candle that has changed its derived values, as its symbol's windows up to it tell them
 * now. They are as much its content as its own fields, emitted or not. */
void symbol_derive(struct symbol *symbol, struct candle *candle);
/* The same for a candle whose own fields are as they were; true when other windows have changed
 * its values. */
bool symbol_rederive(struct symbol *symbol, struct candle *candle);
/* Windows that are not the newest will change: what is remembered of them is no longer true. */
void symbol_forget_closes(struct symbol *symbol);

/* symbol_slow.c: the minute is new, or replaces what is known of it (NULL: nothing). */
void symbol_apply_slowly(struct symbol *symbol, const struct candle *minute,
                         const struct candle *known, int64_t stream_time_ms);

/* The window as its minutes and their trade ids tell it now, as of the last record that changed one
 * of them. Without derived values. */
struct candle symbol_refold(struct symbol *symbol, enum interval interval, int64_t open_ms);

/* symbol.c */
/* A window of this interval without a minute. */
struct candle symbol_empty_window(const struct symbol *symbol, enum interval interval,
                                  int64_t open_ms);
/* Emits the window when it is complete, was emitted before, or is due; else it stays pending. True
 * when it was emitted, and so stored. */
bool symbol_settle(struct symbol *symbol, struct candle *window, int64_t stream_time_ms);
/* The newest window of each interval is the one that holds open_ms from now on. */
void symbol_advance(struct symbol *symbol, int64_t open_ms);

#endif
