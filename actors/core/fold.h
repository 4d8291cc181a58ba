/* Arithmetic of candles: minutes from klines, windows from minutes. Pure. */
#ifndef CANDLED_ACTORS_CORE_FOLD_H
#define CANDLED_ACTORS_CORE_FOLD_H

#include "proto/candle.h"
#include "proto/kline.h"

#include <stdbool.h>
#include <stdint.h>

/* The minute that a closed kline tells. Without trade ids in use, missing trades are unknown. */
struct candle fold_minute(const struct kline *kline, int64_t revision, bool uses_trade_ids);

/* A minute proved to have had no trade: o = h = l = c = `close`, volume 0. */
struct candle fold_fill(const struct candle *before, int64_t open_ms, int64_t revision,
                        int64_t updated_ms);

/* An empty window: it holds no minute yet. */
struct candle fold_window(const char *symbol, enum interval interval, int64_t open_ms);

/* Adds a minute that is later than all that the window holds. Neither revision nor update time is
 * touched; trades missing between minutes are the caller's to add. */
void fold_append(struct candle *window, const struct candle *minute);

/* Everything that a reader of the candle sees, but derived values, revision and update time; by
 * value. */
bool fold_same_content(const struct candle *a, const struct candle *b);

/* The same for two klines of one minute: what the exchange said, without what was derived. */
bool fold_same_minute(const struct candle *a, const struct candle *b);

#endif
