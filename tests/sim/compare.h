/* A candle of the pipeline beside one of the oracle. */
#ifndef CANDLED_TESTS_SIM_COMPARE_H
#define CANDLED_TESTS_SIM_COMPARE_H

#include "proto/candle.h"
#include "tests/sim/oracle.h"

/* NULL: the same; else what differs, and how, in a text that lives until the next call. */
const char *compare_candle(const struct candle *candle, const struct oracle_candle *want);

#endif
