/* Where in the log a partition begins that has no state.
 *
 * The group's commit says what no sink owes any more (acked). From there it goes back so far that
 * every window is read whole that a record behind acked can still change: as late as
 * candles.retention admits. What the records before acked emit is not told again. Without a commit
 * it begins at kafka.start.
 * Thread: a worker; blocks. */
#ifndef CANDLED_OPS_LOG_START_H
#define CANDLED_OPS_LOG_START_H

#include "actors/core/rules.h"
#include "actors/edge/kafka_source.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdint.h>

struct kafka_log;
struct kafka_log_commit;

struct log_start_options {
    struct candle_rules rules;
    enum kafka_start start;
    int64_t start_time_ms; /* with KAFKA_START_time */
};

struct log_start {
    int64_t offset;
    int64_t floor_ms;    /* see struct meta */
    int64_t quiet_until; /* the same */
};

/* The furthest offset from which on every record is read whose event time is event_ms or later, as
 * long as klines are out of order by less than grace. Looks back from `end`; the log's first offset
 * when all of it is later. */
MUST_CHECK enum status log_start_before(struct kafka_log *log, int32_t partition,
                                        const struct candle_rules *rules, int64_t event_ms,
                                        int64_t end, int64_t *out_offset);

/* The event time of a kline before `end`, of the last one if it can be. STATUS_NOT_FOUND: there is
 * none. */
MUST_CHECK enum status log_start_event_time(struct kafka_log *log, int32_t partition, int64_t end,
                                            int64_t *out_event_ms);

/* The same of the first kline at or after `offset`; behind many records that are none, of one soon
 * after the first. */
MUST_CHECK enum status log_start_first_event_time(struct kafka_log *log, int32_t partition,
                                                  int64_t offset, int64_t *out_event_ms);

/* commit NULL: the group knows nothing of this partition. */
MUST_CHECK enum status log_start_find(struct kafka_log *log, int32_t partition,
                                      const struct log_start_options *options,
                                      const struct kafka_log_commit *commit,
                                      struct log_start *out_start);

#endif
