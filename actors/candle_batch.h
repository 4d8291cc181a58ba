/* The candles of some deliveries in an order that sinks like, one for each symbol, interval and
 * time.
 *
 * Of several revisions of a candle only the highest is kept; the others count as superseded.
 * Order does not matter to a sink, since every candle is guarded by its revision. Ownership:
 * deliveries are borrowed. Plain memory, meant to be used again and again. */
#ifndef CANDLED_ACTORS_CANDLE_BATCH_H
#define CANDLED_ACTORS_CANDLE_BATCH_H

#include "proto/candle.h"

#include <stddef.h>

struct delivery;

struct candle_row {
    struct delivery *delivery;
    size_t row; /* in the delivery */
    struct candle candle;
};

struct candle_batch {
    const char *sink_name; /* for the log */
    struct candle_row *rows;
    size_t count;
    size_t room;
};

void candle_batch_init(struct candle_batch *batch, const char *sink_name);

void candle_batch_deinit(struct candle_batch *batch);

void candle_batch_clear(struct candle_batch *batch);

/* Rows that are no candles are rejected at once. */
void candle_batch_add(struct candle_batch *batch, struct delivery *delivery);

/* Sorts by interval, symbol and time, and drops what is superseded. */
void candle_batch_settle(struct candle_batch *batch);

/* Rejects the row, and says so in the log. */
void candle_batch_reject(const struct candle_batch *batch, struct delivery *delivery, size_t row,
                         const char *error);

#endif
