/* The lengths that candles have. A minute is the base; every other interval is whole minutes and
 * divides a day, so that windows are aligned to the epoch in UTC. */
#ifndef CANDLED_PROTO_INTERVAL_H
#define CANDLED_PROTO_INTERVAL_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdint.h>

/* clang-format off */
#define INTERVAL_TABLE(X)  \
    /* name  minutes  */   \
    X(1m,    1)            \
    X(3m,    3)            \
    X(5m,    5)            \
    X(15m,   15)           \
    X(30m,   30)           \
    X(1h,    60)           \
    X(2h,    120)          \
    X(4h,    240)          \
    X(6h,    360)          \
    X(8h,    480)          \
    X(12h,   720)          \
    X(1d,    1440)
/* clang-format on */

enum interval {
#define X(name, minutes) INTERVAL_##name,
    INTERVAL_TABLE(X)
#undef X
        INTERVAL_COUNT
};

enum { MINUTE_MS = 60000 };

/* A set of intervals: bit i stands for interval i. */
typedef uint16_t interval_set;

#define INTERVAL_BIT(interval) ((interval_set)(1u << (interval)))

const char *interval_name(enum interval interval);

int64_t interval_minutes(enum interval interval);

int64_t interval_ms(enum interval interval);

/* The open time of the window that holds a time; correct for negative times too. */
int64_t interval_open_ms(enum interval interval, int64_t time_ms);

/* "5m" -> INTERVAL_5m; exact names only. */
MUST_CHECK enum status interval_parse(struct slice name, enum interval *out_interval);

/* The longest interval of a set that is not empty. */
enum interval interval_longest(interval_set set);

#endif
