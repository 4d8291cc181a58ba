/* Averages as the oracle computes them: prices in hundredths, results at SERIES_SCALE. */
#ifndef CANDLED_TESTS_SIM_AVERAGE_H
#define CANDLED_TESTS_SIM_AVERAGE_H

#include "proto/series.h"

#include <stdint.h>

/* Of closes, oldest first. */
int128 average_closes(struct series series, const int64_t *closes, int64_t count);

/* quote in 1e-5, volume in thousandths and not 0. */
int128 average_price(int64_t quote, int64_t volume);

#endif
