/* A simulated market: made-up symbols whose klines look like an exchange's, the same for a seed.
 *
 * Every 2 s of event time each symbol tells its open kline, at the end of a minute the closed one,
 * with contiguous trade ids; now and then a minute has no trade. Prices walk at random, in exact
 * decimals. The symbols are called SIM..., so that nobody mistakes them for a market. */
#ifndef CANDLED_OPS_FEED_SIM_H
#define CANDLED_OPS_FEED_SIM_H

#include "ops/feed_record.h"

#include <stddef.h>
#include <stdint.h>

enum { FEED_SIM_SYMBOLS = 15, FEED_SIM_SYMBOLS_MAX = 10000 };

struct feed_sim;

struct feed_sim_options {
    uint64_t seed;
    int64_t start_ms;    /* of event time; rounded down to a minute */
    size_t symbol_count; /* 0: the fifteen; beyond them SIM0016 and so on */
};

struct feed_sim *feed_sim_create(const struct feed_sim_options *options);

/* Event times never go back. It does not end. */
void feed_sim_next(struct feed_sim *sim, struct feed_record *out_record);

void feed_sim_destroy(struct feed_sim **sim_p);

#endif
