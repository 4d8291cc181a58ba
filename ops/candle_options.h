/* What the configuration says of candles, as the actors want it. */
#ifndef CANDLED_OPS_CANDLE_OPTIONS_H
#define CANDLED_OPS_CANDLE_OPTIONS_H

#include "actors/core/rules.h"

struct config;

/* Its zone is borrowed from the configuration. */
struct candle_rules candle_options_rules(const struct config *config);

#endif
