/* A named time zone of this system's tz database: where its days begin.
 *
 * Days are stretches of time without gap or overlap: a day begins at the first instant whose local
 * date is that day's or a later one. So it begins right where midnight does not exist, has 23 or 25
 * hours where the clock is set, and when midnight comes twice the first one counts. A date that the
 * zone skipped (Pacific/Apia, 2011-12-30) is a day of no length.
 *
 * All is read when the zone is loaded: what the database says from 1973 to 2037. Earlier and later
 * times have the offset of the nearer end. In these years every offset is whole minutes.
 * Thread: immutable after loading; any. Units: milliseconds since the epoch, UTC. */
#ifndef CANDLED_PROTO_ZONE_H
#define CANDLED_PROTO_ZONE_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct zone;

enum { ZONE_NAME_MAX = 64, ZONE_DATE_TEXT_MAX = 16 };

/* "Asia/Ho_Chi_Minh"; "UTC" needs no database. STATUS_NOT_FOUND: no such zone in it. */
MUST_CHECK enum status zone_load(const char *name, struct zone **out_zone);

void zone_destroy(struct zone **zone_p);

const char *zone_name(const struct zone *zone);

/* True when its days are those of UTC at all times. */
bool zone_is_utc(const struct zone *zone);

/* Local time = UTC + offset. */
int64_t zone_offset_ms(const struct zone *zone, int64_t utc_ms);

/* The first instant of the day that holds the time. */
int64_t zone_day_open_ms(const struct zone *zone, int64_t utc_ms);

/* The first instant of the day after it. */
int64_t zone_day_next_ms(const struct zone *zone, int64_t utc_ms);

/* No day of it is longer: 24 hours, or more where a clock was set back. */
int64_t zone_day_longest_ms(const struct zone *zone);

struct zone_date {
    int year;
    int month; /* from 1 */
    int day;
};

/* The date of the day that holds the time. */
struct zone_date zone_date_of(const struct zone *zone, int64_t utc_ms);

int64_t zone_date_open_ms(const struct zone *zone, struct zone_date date);

/* The calendar's date so many days later (earlier, when negative); no zone decides it. */
struct zone_date zone_date_add(struct zone_date date, int days);

/* < 0: a is earlier; 0: the same date; > 0: later. */
int zone_date_compare(struct zone_date a, struct zone_date b);

/* "2026-03-29" and nothing else; STATUS_MALFORMED for a date that no calendar has. */
MUST_CHECK enum status zone_date_parse(const char *text, struct zone_date *out_date);

void zone_date_print(struct zone_date date, char text[ZONE_DATE_TEXT_MAX]);

#endif
