#include "ops/candle_options.h"

#include "ops/config.h"

struct candle_rules candle_options_rules(const struct config *config)
{
    interval_set all = config->candles.intervals;
    struct candle_rules rules = {
        .grace_ms = config->candles.grace,
        .idle_ms = config->candles.idle,
        .zone = zone_is_utc(config->candles.timezone) ? NULL : config->candles.timezone,
        .derived = config->candles.derived,
        .uses_trade_ids = config->candles.trade_ids == CONFIG_trade_ids_spot,
    };
    if (config->redis.enabled) {
        all = (interval_set)(all | config->redis.intervals);
    }
    if (config->mongo.enabled) {
        all = (interval_set)(all | config->mongo.intervals);
    }
    rules.intervals = (interval_set)(all & ~INTERVAL_BIT(INTERVAL_1m));
    return rules_with_limits(rules, config->candles.retention);
}
