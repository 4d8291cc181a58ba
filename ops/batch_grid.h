/* What is known of one symbol's day: its minutes and the windows that open in it, each from the
 * best place that has it. Pure.
 *
 * The minutes reach from an hour before the day (what a proof by trade ids looks back on) to the
 * end of the last window that opens in it.
 * Ownership: plain struct; batch_grid_init() and batch_grid_deinit(). It is used again from symbol
 * to symbol. */
#ifndef CANDLED_OPS_BATCH_GRID_H
#define CANDLED_OPS_BATCH_GRID_H

#include "proto/candle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A later one of the list replaces an earlier one. */
/* clang-format off */
#define BATCH_ORIGINS(X)                                                             \
    /* name      where a candle comes from                                        */ \
    X(nowhere,   "nobody has it")                                                    \
    X(rest,      "the exchange, now or before: revision 0")                          \
    X(folded,    "windows: folded here from minutes of several places")              \
    X(torn,      "the log, but its beginning may have torn it")                      \
    X(archive,   "the day's backup")                                                 \
    X(log,       "the log")
/* clang-format on */

enum batch_origin {
#define X(name, text) BATCH_##name,
    BATCH_ORIGINS(X)
#undef X
        BATCH_ORIGIN_COUNT
};

struct candle_rules;

struct batch_cell {
    enum batch_origin origin;
    struct candle candle;
};

struct batch_cells {
    struct batch_cell *items;
    size_t count;
    size_t capacity;
};

struct batch_grid {
    char symbol[SYMBOL_BYTES_MAX + 1];
    const struct candle_rules *rules; /* borrowed: whose windows open when */
    interval_set intervals;           /* wanted, 1m included */
    int64_t from_ms;                  /* the day: [from, to) */
    int64_t to_ms;
    int64_t begin_ms; /* the minutes that are held: [begin, end) */
    int64_t end_ms;
    struct batch_cells minutes;                 /* one a minute from begin on */
    struct batch_cells windows[INTERVAL_COUNT]; /* by time; none of 1m */
};

void batch_grid_init(struct batch_grid *grid, const struct candle_rules *rules, int64_t from_ms,
                     int64_t to_ms, interval_set intervals);

void batch_grid_deinit(struct batch_grid *grid);

/* Nothing is known of this symbol yet. */
void batch_grid_reset(struct batch_grid *grid, const char *symbol);

/* Copies it, unless it lies outside, is not wanted, or is known from a better place, or from one as
 * good with as many minutes: of two partitions of the log, the one knows more. Of a torn minute and
 * the backup's the one stays that a shard would keep. */
void batch_grid_put(struct batch_grid *grid, const struct candle *candle, enum batch_origin origin);

/* Of the day itself. */
int64_t batch_grid_count(const struct batch_grid *grid, enum batch_origin origin);

/* The next stretch of minutes of the day that nobody has, at or after *from_ms. False: there is
 * none. */
bool batch_grid_next_hole(const struct batch_grid *grid, int64_t *from_ms, int64_t *to_ms);

/* Windows that open in the day, hold a known minute, and are not there. `loose`: of them, those
 * that hold a minute which is not the log's, so that nobody else will fold them. */
int64_t batch_grid_absent_windows(const struct batch_grid *grid, int64_t *out_loose);

#endif
