#include "ops/batch_grid.h"

#include "actors/core/rules.h"
#include "runtime/mem.h"

#include <stdio.h>
#include <string.h>

/* The end of the last window of any interval that opens before `to`. */
static int64_t last_end_ms(const struct candle_rules *rules, interval_set intervals, int64_t to_ms)
{
    int64_t end_ms = to_ms;
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        int64_t window_end_ms = rules_next_ms(rules, i, rules_open_ms(rules, i, to_ms - 1));
        if ((intervals & INTERVAL_BIT(i)) != 0 && window_end_ms > end_ms) {
            end_ms = window_end_ms;
        }
    }
    return end_ms;
}

void batch_grid_init(struct batch_grid *grid, const struct candle_rules *rules, int64_t from_ms,
                     int64_t to_ms, interval_set intervals)
{
    *grid = (struct batch_grid){
        .rules = rules,
        .intervals = intervals,
        .from_ms = from_ms,
        .to_ms = to_ms,
        .begin_ms = from_ms - PROOF_MS,
        .end_ms = last_end_ms(rules, intervals, to_ms),
    };
    grid->minutes.count = (size_t)((grid->end_ms - grid->begin_ms) / MINUTE_MS);
    grid->minutes.capacity = grid->minutes.count;
    grid->minutes.items = mem_new(grid->minutes.count, sizeof(*grid->minutes.items));
}

void batch_grid_deinit(struct batch_grid *grid)
{
    mem_free(grid->minutes.items);
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        mem_free(grid->windows[i].items);
    }
    *grid = (struct batch_grid){.intervals = 0};
}

void batch_grid_reset(struct batch_grid *grid, const char *symbol)
{
    snprintf(grid->symbol, sizeof(grid->symbol), "%s", symbol);
    for (size_t i = 0; i < grid->minutes.count; i++) {
        grid->minutes.items[i].origin = BATCH_nowhere;
    }
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        grid->windows[i].count = 0;
    }
}

/* Where a window that opens then stands, or would. */
static size_t place_of(const struct batch_cells *cells, int64_t open_ms)
{
    size_t low = 0;
    size_t high = cells->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cells->items[middle].candle.open_ms < open_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_there(const struct batch_cells *cells, size_t place, int64_t open_ms)
{
    return place < cells->count && cells->items[place].candle.open_ms == open_ms;
}

static struct batch_cell *cell_of_window(struct batch_cells *cells, int64_t open_ms)
{
    size_t place = place_of(cells, open_ms);
    if (is_there(cells, place, open_ms)) {
        return &cells->items[place];
    }
    if (cells->count == cells->capacity) {
        cells->capacity = cells->capacity * 2 + 32;
        cells->items = mem_resize(cells->items, cells->capacity, sizeof(*cells->items));
    }
    memmove(&cells->items[place + 1], &cells->items[place],
            (cells->count - place) * sizeof(*cells->items));
    cells->count++;
    cells->items[place].origin = BATCH_nowhere;
    return &cells->items[place];
}

static struct batch_cell *cell_of(struct batch_grid *grid, const struct candle *candle)
{
    bool opens_within = candle->open_ms >= grid->from_ms && candle->open_ms < grid->to_ms;

    if (candle->interval == INTERVAL_1m) {
        bool is_held = candle->open_ms >= grid->begin_ms && candle->open_ms < grid->end_ms;
        return is_held ? &grid->minutes.items[(candle->open_ms - grid->begin_ms) / MINUTE_MS]
                       : NULL;
    }
    if (!opens_within || (grid->intervals & INTERVAL_BIT(candle->interval)) == 0) {
        return NULL;
    }
    return cell_of_window(&grid->windows[candle->interval], candle->open_ms);
}

/* As a shard decides it, by event times. Revisions do not tell: the log's torn beginning holds
 * repeats and late klines, too, of which it has lost what came before. */
static bool corrects(const struct candle *torn, const struct candle *archived)
{
    bool knows_less =
        torn->trade_ids == TRADE_IDS_unknown && archived->trade_ids != TRADE_IDS_unknown;
    return torn->event_ms > archived->event_ms && !knows_less;
}

static bool replaces(const struct candle *candle, enum batch_origin origin,
                     const struct batch_cell *cell)
{
    if (origin == cell->origin) {
        return candle->minutes > cell->candle.minutes || (cell->candle.is_fill && !candle->is_fill);
    }
    if (origin == BATCH_archive && cell->origin == BATCH_torn) {
        return !corrects(&cell->candle, candle);
    }
    return origin > cell->origin;
}

void batch_grid_put(struct batch_grid *grid, const struct candle *candle, enum batch_origin origin)
{
    struct batch_cell *cell = cell_of(grid, candle);
    if (cell != NULL && replaces(candle, origin, cell)) {
        *cell = (struct batch_cell){origin, *candle};
    }
}

static const struct batch_cell *minute_at(const struct batch_grid *grid, int64_t open_ms)
{
    return &grid->minutes.items[(open_ms - grid->begin_ms) / MINUTE_MS];
}

int64_t batch_grid_count(const struct batch_grid *grid, enum batch_origin origin)
{
    int64_t count = 0;
    for (int64_t at = grid->from_ms; at < grid->to_ms; at += MINUTE_MS) {
        count += minute_at(grid, at)->origin == origin;
    }
    return count;
}

static bool is_hole(const struct batch_grid *grid, int64_t open_ms)
{
    return minute_at(grid, open_ms)->origin == BATCH_nowhere;
}

bool batch_grid_next_hole(const struct batch_grid *grid, int64_t *from_ms, int64_t *to_ms)
{
    int64_t at = *from_ms < grid->from_ms ? grid->from_ms : *from_ms;
    while (at < grid->to_ms && !is_hole(grid, at)) {
        at += MINUTE_MS;
    }
    if (at >= grid->to_ms) {
        return false;
    }
    *from_ms = at;
    while (at < grid->to_ms && is_hole(grid, at)) {
        at += MINUTE_MS;
    }
    *to_ms = at;
    return true;
}

enum { WINDOW_EMPTY, WINDOW_PENDING, WINDOW_LOOSE };

static int look_into(const struct batch_grid *grid, int64_t open_ms, int64_t end_ms)
{
    int found = WINDOW_EMPTY;
    for (int64_t at = open_ms; at < end_ms; at += MINUTE_MS) {
        enum batch_origin origin = minute_at(grid, at)->origin;
        if (origin == BATCH_log && found == WINDOW_EMPTY) {
            found = WINDOW_PENDING;
        } else if (origin != BATCH_log && origin != BATCH_nowhere) {
            found = WINDOW_LOOSE;
        }
    }
    return found;
}

int64_t batch_grid_absent_windows(const struct batch_grid *grid, int64_t *out_loose)
{
    int64_t count = 0;
    *out_loose = 0;
    for (enum interval i = INTERVAL_1m + 1; i < INTERVAL_COUNT; i++) {
        const struct batch_cells *cells = &grid->windows[i];
        if ((grid->intervals & INTERVAL_BIT(i)) == 0) {
            continue;
        }
        int64_t open_ms = rules_open_ms(grid->rules, i, grid->from_ms);
        open_ms = open_ms < grid->from_ms ? rules_next_ms(grid->rules, i, open_ms) : open_ms;
        for (; open_ms < grid->to_ms; open_ms = rules_next_ms(grid->rules, i, open_ms)) {
            if (!is_there(cells, place_of(cells, open_ms), open_ms)) {
                int found = look_into(grid, open_ms, rules_next_ms(grid->rules, i, open_ms));
                count += found != WINDOW_EMPTY;
                *out_loose += found == WINDOW_LOOSE;
            }
        }
    }
    return count;
}
