/* The settings that decide what a candle is: the same rules and the same log give the same bytes.
 */
#ifndef CANDLED_ACTORS_CORE_RULES_H
#define CANDLED_ACTORS_CORE_RULES_H

#include "proto/interval.h"
#include "proto/series.h"
#include "proto/zone.h"

#include <stdbool.h>
#include <stdint.h>

/* How far a proof by trade ids looks past empty and absent minutes. */
enum { PROOF_MINUTES_MAX = 60, PROOF_MS = PROOF_MINUTES_MAX * MINUTE_MS };

/* How far event time may lie past the record's own timestamp: one bad clock closes no window. */
enum { RULES_FUTURE_MS = 3600000 };

struct candle_rules {
    interval_set intervals; /* folded from minutes; without 1m */
    interval_set outputs;   /* that some sink wants; may hold 1m */
    int64_t grace_ms;
    int64_t idle_ms;
    const struct zone *zone;   /* whose days 1d windows are; NULL: those of UTC. Borrowed */
    struct series_set derived; /* what candles have beside their own fields */
    int64_t late_ms; /* a minute that closed longer ago, in event time, is a dead letter */
    int64_t keep_ms; /* so long after its close a candle is kept: the latest minute admitted may
                        prove something of a window a proof's reach before it, which is folded
                        again, and whose first minutes need what lies a proof's reach before them;
                        and no window goes before its grace is over */
    int64_t derived_windows; /* before it decide a window's derived values: kept as long as it is */
    bool uses_trade_ids;
};

/* The longest that a window of the interval lasts. */
static inline int64_t rules_span_ms(const struct candle_rules *rules, enum interval interval)
{
    bool is_zoned = interval == INTERVAL_1d && rules->zone != NULL;
    return is_zoned ? zone_day_longest_ms(rules->zone) : interval_ms(interval);
}

static inline int64_t rules_longest_ms(const struct candle_rules *rules)
{
    interval_set all = (interval_set)(rules->intervals | INTERVAL_BIT(INTERVAL_1m));
    return rules_span_ms(rules, interval_longest(all));
}

/* How far before a window of the interval the oldest begins that its derived values look at. */
static inline int64_t rules_derived_ms(const struct candle_rules *rules, enum interval interval)
{
    return rules->derived_windows * rules_span_ms(rules, interval);
}

static inline int64_t rules_derived_longest_ms(const struct candle_rules *rules)
{
    return rules->derived_windows * rules_longest_ms(rules);
}

/* The open time of the window that holds a time, and that of the next one. */
static inline int64_t rules_open_ms(const struct candle_rules *rules, enum interval interval,
                                    int64_t time_ms)
{
    bool is_zoned = interval == INTERVAL_1d && rules->zone != NULL;
    return is_zoned ? zone_day_open_ms(rules->zone, time_ms) : interval_open_ms(interval, time_ms);
}

static inline int64_t rules_next_ms(const struct candle_rules *rules, enum interval interval,
                                    int64_t open_ms)
{
    bool is_zoned = interval == INTERVAL_1d && rules->zone != NULL;
    return is_zoned ? zone_day_next_ms(rules->zone, open_ms) : open_ms + interval_ms(interval);
}

/* All but the fields that follow from others. */
static inline struct candle_rules rules_with_limits(struct candle_rules rules, int64_t retention_ms)
{
    int64_t longest_ms = rules_longest_ms(&rules);
    rules.late_ms = longest_ms + retention_ms;
    rules.keep_ms = rules.late_ms + PROOF_MS + longest_ms + PROOF_MS + rules.grace_ms;
    rules.derived_windows = series_set_windows(&rules.derived) - 1;
    return rules;
}

/* Stream time from which a window that has a hole is emitted as it is. */
static inline int64_t rules_due_ms(const struct candle_rules *rules, enum interval interval,
                                   int64_t open_ms)
{
    return rules_next_ms(rules, interval, open_ms) + rules->grace_ms;
}

/* The earliest deadline, later than stream time, that a minute's windows can have. */
static inline int64_t rules_next_due_ms(const struct candle_rules *rules, int64_t minute_ms,
                                        int64_t stream_time_ms)
{
    int64_t earliest_ms = INT64_MAX;
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((rules->intervals & INTERVAL_BIT(i)) != 0) {
            int64_t due_ms = rules_due_ms(rules, i, rules_open_ms(rules, i, minute_ms));
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
    int64_t span_ms = rules_span_ms(rules, interval);
    return open_ms + span_ms + rules->keep_ms + rules->derived_windows * span_ms;
}

/* What decides the bytes of candles, as text: to tell that it has changed. */
enum { RULES_TEXT_MAX = 512 };
void rules_print(const struct candle_rules *rules, char text[RULES_TEXT_MAX]);

#endif
