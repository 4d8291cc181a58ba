/* The made-up candles of sink_probe. tests/integration/sinks.py has the same formulas. */
#ifndef CANDLED_TESTS_UNIT_ACTORS_EDGE_SINK_PROBE_CANDLE_H
#define CANDLED_TESTS_UNIT_ACTORS_EDGE_SINK_PROBE_CANDLE_H

#include "proto/candle.h"
#include "state/outbox.h"

#include <stddef.h>
#include <stdint.h>

struct sink_probe_series {
    int64_t symbols;
    int64_t base_ms;
};

struct candle sink_probe_candle(const struct sink_probe_series *series, int64_t i, int64_t version);

/* One row to deliver. */
struct sink_probe_item {
    uint32_t candle;
    uint32_t version;
};

void sink_probe_shuffle(struct sink_probe_item *items, size_t count, uint64_t seed);

struct outbox_rows *sink_probe_rows(const struct sink_probe_series *series,
                                    const struct sink_probe_item *items, size_t count);

#endif
