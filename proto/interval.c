#include "proto/interval.h"

#include <assert.h>

static const struct {
    const char *name;
    int64_t minutes;
} infos[] = {
#define X(name, minutes) [INTERVAL_##name] = {#name, minutes},
    INTERVAL_TABLE(X)
#undef X
};

enum { DAY_MINUTES = 1440 };

#define X(name, minutes)                                                                           \
    _Static_assert(DAY_MINUTES % (minutes) == 0, #name ": windows would not be aligned to days");
INTERVAL_TABLE(X)
#undef X

_Static_assert(INTERVAL_COUNT <= 8 * sizeof(interval_set), "a set has no bit for every interval");

const char *interval_name(enum interval interval)
{
    assert(interval < INTERVAL_COUNT);
    return infos[interval].name;
}

int64_t interval_minutes(enum interval interval)
{
    assert(interval < INTERVAL_COUNT);
    return infos[interval].minutes;
}

int64_t interval_ms(enum interval interval)
{
    return interval_minutes(interval) * MINUTE_MS;
}

int64_t interval_open_ms(enum interval interval, int64_t time_ms)
{
    int64_t length_ms = interval_ms(interval);
    int64_t into_ms = time_ms % length_ms;
    if (into_ms < 0) {
        into_ms += length_ms;
    }
    assert(time_ms >= INT64_MIN + into_ms);
    return time_ms - into_ms;
}

enum status interval_parse(struct slice name, enum interval *out_interval)
{
    for (size_t i = 0; i < INTERVAL_COUNT; i++) {
        if (slice_equals(name, slice_of_text(infos[i].name))) {
            *out_interval = (enum interval)i;
            return STATUS_OK;
        }
    }
    return STATUS_MALFORMED;
}

enum interval interval_longest(interval_set set)
{
    assert(set != 0);
    assert(set < INTERVAL_BIT(INTERVAL_COUNT));
    size_t longest = INTERVAL_COUNT - 1;
    while ((set & INTERVAL_BIT(longest)) == 0) {
        longest--;
    }
    return (enum interval)longest;
}
