/* The settings that decide what a candle is: the same rules and the same log give the same bytes.
 */
#ifndef CANDLED_ACTORS_CORE_RULES_H
#define CANDLED_ACTORS_CORE_RULES_H

#include "proto/interval.h"

#include <stdbool.h>
#include <stdint.h>

/* How far a proof by trade ids looks past empty and absent minutes. */
enum { PROOF_MINUTES_MAX = 60 };

/* How far event time may lie past the record's own timestamp: one bad clock closes no window. */
enum { RULES_FUTURE_MS = 3600000 };

struct candle_rules {
    interval_set intervals; /* folded from minutes; without 1m */
    interval_set outputs;   /* that some sink wants; may hold 1m */
    int64_t grace_ms;
    int64_t idle_ms;
    int64_t late_ms; /* a minute that closed longer ago, in event time, is a dead letter */
    int64_t keep_ms; /* so long after its close a candle is kept: past late_ms by the longest window
                        and a proof's reach, so that the latest minute admitted finds its mates */
    bool uses_trade_ids;
};

/* All but the fields that follow from others. */
static inline struct candle_rules rules_with_limits(struct candle_rules rules, int64_t retention_ms)
{
    interval_set all = (interval_set)(rules.intervals | INTERVAL_BIT(INTERVAL_1m));
    int64_t longest_ms = interval_ms(interval_longest(all));
    rules.late_ms = longest_ms + retention_ms;
    rules.keep_ms = rules.late_ms + longest_ms + (int64_t)PROOF_MINUTES_MAX * MINUTE_MS;
    return rules;
}

/* Stream time from which a window that has a hole is emitted as it is. */
static inline int64_t rules_due_ms(const struct candle_rules *rules, enum interval interval,
                                   int64_t open_ms)
{
    return open_ms + interval_ms(interval) + rules->grace_ms;
}

/* The earliest deadline, later than stream time, that a minute's windows can have. */
static inline int64_t rules_next_due_ms(const struct candle_rules *rules, int64_t minute_ms,
                                        int64_t stream_time_ms)
{
    int64_t earliest_ms = INT64_MAX;
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((rules->intervals & INTERVAL_BIT(i)) != 0) {
            int64_t due_ms = rules_due_ms(rules, i, interval_open_ms(i, minute_ms));
            if (due_ms > stream_time_ms && due_ms < earliest_ms) {
                earliest_ms = due_ms;
            }
        }
    }
    return earliest_ms;
}

/* Stream time from which a candle is absent, swept or not. */
static inline int64_t rules_expire_ms(const struct candle_rules *rules, enum interval interval,
                                      int64_t open_ms)
{
    return open_ms + interval_ms(interval) + rules->keep_ms;
}

#endif
