/* A schedule of five cron fields, by the clock of a zone.
 *
 *   minute hour day-of-month month day-of-week         30 0 * * *       every day at 00:30
 *
 * A field is * or a list of numbers, names (jan, mon) and ranges, each with a step if wanted
 * (1-5, star/15, mon-fri). Sunday is 0 or 7. When both kinds of day are restricted, either is
 * enough. @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually stand for five
 * fields.
 *
 * Where the clock is set: a time that does not exist runs once, at the first instant after it; one
 * that exists twice runs once, the first time. What runs in every hour (the hour is *) follows time
 * as it passes: it leaves out no hour and repeats the one that comes twice.
 * Pure: plain data, no clock. */
#ifndef CANDLED_OPS_CRON_H
#define CANDLED_OPS_CRON_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone;

struct cron {
    uint64_t minutes; /* bit n: at minute n; and so on */
    uint64_t hours;
    uint64_t days;
    uint64_t months;
    uint64_t weekdays; /* 0 is Sunday */
    bool is_any_day;   /* the field begins with * */
    bool is_any_weekday;
};

#define CRON_NEVER INT64_MAX

/* STATUS_BAD_CONFIG, with what was expected in `error`; also when there is no such day (30 feb). */
MUST_CHECK enum status cron_parse(const char *text, struct cron *out_cron, char *error,
                                  size_t error_size);

/* The first instant after `after_ms` at which it runs. CRON_NEVER: none in the next nine years. */
int64_t cron_next_ms(const struct cron *cron, const struct zone *zone, int64_t after_ms);

/* The last instant at which it ran, `at_ms` included. CRON_NEVER: none in the nine years before. */
int64_t cron_last_ms(const struct cron *cron, const struct zone *zone, int64_t at_ms);

#endif
