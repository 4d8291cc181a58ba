#include "proto/zone.h"

#include "runtime/mem.h"

#include <ctype.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_MS INT64_C(1000)
#define DAY_MS INT64_C(86400000)
#define BEGIN_S INT64_C(94694400) /* 1973-01-01: some zones had offsets of seconds before */
#define END_S INT64_C(2145916800) /* 2038-01-01: GLib applies a zone's last rule no further */

/* No offset is further from UTC. */
#define OFFSET_MS_MAX (26 * 3600 * SECOND_MS)

/* From this instant until the next stretch's the offset is the same. */
struct stretch {
    int64_t begin_ms;
    int64_t offset_ms;
};

struct zone {
    char name[ZONE_NAME_MAX];
    bool is_utc;
    int64_t longest_ms; /* of its days */
    size_t count;
    struct stretch *stretches; /* the first one's begin is INT64_MIN */
};

/* What tz names its zones; no path, no rule like "EST5EDT,M3.2.0,M11.1.0". */
static bool is_name(const char *name)
{
    if (!isalpha((unsigned char)name[0]) || strlen(name) >= ZONE_NAME_MAX) {
        return false;
    }
    for (const char *at = name; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("_+-/", *at) == NULL) {
            return false;
        }
    }
    return true;
}

/* GLib takes what is no file of the database for a rule, so we look ourselves. */
static bool is_in_database(const char *name)
{
    const char *folder = getenv("TZDIR");
    char path[512];
    char magic[4] = {0};

    snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : "/usr/share/zoneinfo", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    bool is_zone = fread(magic, sizeof(magic), 1, file) == 1 && memcmp(magic, "TZif", 4) == 0;
    (void)fclose(file);
    return is_zone;
}

/* The first second in (low, high] of another interval than low's; high is in another one. */
static int64_t interval_end(GTimeZone *tz, int64_t low, int64_t high)
{
    int interval = g_time_zone_find_interval(tz, G_TIME_TYPE_UNIVERSAL, low);
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (g_time_zone_find_interval(tz, G_TIME_TYPE_UNIVERSAL, middle) == interval) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

static int64_t offset_at(GTimeZone *tz, int64_t second)
{
    int interval = g_time_zone_find_interval(tz, G_TIME_TYPE_UNIVERSAL, second);
    return (int64_t)g_time_zone_get_offset(tz, interval) * SECOND_MS;
}

/* False: not whole minutes, as in the zones of "right/", which count leap seconds. */
static bool add(struct zone *zone, int64_t begin_ms, int64_t offset_ms)
{
    if ((begin_ms != INT64_MIN && begin_ms % 60000 != 0) || offset_ms % 60000 != 0) {
        return false;
    }
    if (zone->count > 0 && zone->stretches[zone->count - 1].offset_ms == offset_ms) {
        return true; /* only the name of the time has changed */
    }
    zone->stretches = mem_resize(zone->stretches, zone->count + 1, sizeof(zone->stretches[0]));
    zone->stretches[zone->count++] = (struct stretch){begin_ms, offset_ms};
    return true;
}

/* Looks for changes half a month at a time: none lasts for less. */
static bool read_stretches(struct zone *zone, GTimeZone *tz)
{
    const int64_t step = 15 * 86400;
    bool is_good = add(zone, INT64_MIN, offset_at(tz, BEGIN_S));

    for (int64_t low = BEGIN_S; is_good && low < END_S;) {
        int64_t high = low + step < END_S ? low + step : END_S;
        if (g_time_zone_find_interval(tz, G_TIME_TYPE_UNIVERSAL, low) !=
            g_time_zone_find_interval(tz, G_TIME_TYPE_UNIVERSAL, high)) {
            high = interval_end(tz, low, high);
            is_good = add(zone, high * SECOND_MS, offset_at(tz, high));
        }
        low = high;
    }
    return is_good;
}

static int64_t find_longest_ms(const struct zone *zone)
{
    int64_t back_ms = 0;
    for (size_t i = 1; i < zone->count; i++) {
        int64_t set_ms = zone->stretches[i - 1].offset_ms - zone->stretches[i].offset_ms;
        back_ms = set_ms > back_ms ? set_ms : back_ms;
    }
    return DAY_MS + back_ms;
}

enum status zone_load(const char *name, struct zone **out_zone)
{
    bool is_plain_utc = strcmp(name, "UTC") == 0;
    if (!is_plain_utc && (!is_name(name) || !is_in_database(name))) {
        return STATUS_NOT_FOUND;
    }
    GTimeZone *tz = is_plain_utc ? g_time_zone_new_utc() : g_time_zone_new_identifier(name);
    if (tz == NULL) {
        return STATUS_NOT_FOUND;
    }
    struct zone *zone = mem_new(1, sizeof(*zone));
    memcpy(zone->name, name, strlen(name) + 1);
    bool is_good = read_stretches(zone, tz);
    g_time_zone_unref(tz);
    if (!is_good) {
        zone_destroy(&zone);
        return STATUS_NOT_FOUND;
    }
    zone->is_utc = zone->count == 1 && zone->stretches[0].offset_ms == 0;
    zone->longest_ms = find_longest_ms(zone);
    *out_zone = zone;
    return STATUS_OK;
}

void zone_destroy(struct zone **zone_p)
{
    struct zone *zone = *zone_p;
    *zone_p = NULL;
    if (zone != NULL) {
        mem_free(zone->stretches);
        mem_free(zone);
    }
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

bool zone_is_utc(const struct zone *zone)
{
    return zone->is_utc;
}

/* The index of the stretch that holds the time. */
static size_t find(const struct zone *zone, int64_t utc_ms)
{
    size_t low = 0;
    size_t high = zone->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (zone->stretches[middle].begin_ms <= utc_ms) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

int64_t zone_offset_ms(const struct zone *zone, int64_t utc_ms)
{
    return zone->stretches[find(zone, utc_ms)].offset_ms;
}

static int64_t floor_days(int64_t local_ms)
{
    int64_t days = local_ms / DAY_MS;
    return local_ms % DAY_MS < 0 ? days - 1 : days;
}

/* The first instant with a local date of `days` since 1970-01-01 or later. */
static int64_t open_of(const struct zone *zone, int64_t days)
{
    int64_t local_ms = days * DAY_MS;
    for (size_t i = find(zone, local_ms - OFFSET_MS_MAX);; i++) {
        const struct stretch *stretch = &zone->stretches[i];
        int64_t open_ms = local_ms - stretch->offset_ms;
        if (open_ms < stretch->begin_ms) {
            open_ms = stretch->begin_ms; /* the clock was set over midnight */
        }
        if (i + 1 == zone->count || open_ms < stretch[1].begin_ms) {
            return open_ms;
        }
    }
}

/* Past the local date where a clock was set back over midnight; see the header. */
static int64_t days_of(const struct zone *zone, int64_t utc_ms)
{
    int64_t days = floor_days(utc_ms + zone_offset_ms(zone, utc_ms));
    while (open_of(zone, days + 1) <= utc_ms) {
        days++;
    }
    return days;
}

int64_t zone_day_open_ms(const struct zone *zone, int64_t utc_ms)
{
    return open_of(zone, days_of(zone, utc_ms));
}

int64_t zone_day_next_ms(const struct zone *zone, int64_t utc_ms)
{
    return open_of(zone, days_of(zone, utc_ms) + 1);
}

int64_t zone_day_longest_ms(const struct zone *zone)
{
    return zone->longest_ms;
}

static struct zone_date date_of_days(int64_t days)
{
    time_t second = (time_t)(days * 86400);
    struct tm tm;
    (void)gmtime_r(&second, &tm);
    return (struct zone_date){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday};
}

static int64_t days_of_date(struct zone_date date)
{
    struct tm tm = {.tm_year = date.year - 1900, .tm_mon = date.month - 1, .tm_mday = date.day};
    return (int64_t)timegm(&tm) / 86400;
}

struct zone_date zone_date_of(const struct zone *zone, int64_t utc_ms)
{
    return date_of_days(days_of(zone, utc_ms));
}

int64_t zone_date_open_ms(const struct zone *zone, struct zone_date date)
{
    return open_of(zone, days_of_date(date));
}

struct zone_date zone_date_add(struct zone_date date, int days)
{
    return date_of_days(days_of_date(date) + days);
}

int zone_date_compare(struct zone_date a, struct zone_date b)
{
    if (a.year != b.year) {
        return a.year < b.year ? -1 : 1;
    }
    if (a.month != b.month) {
        return a.month < b.month ? -1 : 1;
    }
    return (a.day > b.day) - (a.day < b.day);
}

enum status zone_date_parse(const char *text, struct zone_date *out_date)
{
    static const char form[] = "dddd-dd-dd";
    for (size_t i = 0; i < sizeof(form); i++) { /* with the zero at the end */
        if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != form[i]) {
            return STATUS_MALFORMED;
        }
    }
    struct zone_date date = {
        .year = (int)strtol(text, NULL, 10),
        .month = (int)strtol(text + 5, NULL, 10),
        .day = (int)strtol(text + 8, NULL, 10),
    };
    if (zone_date_compare(date_of_days(days_of_date(date)), date) != 0) {
        return STATUS_MALFORMED; /* the 31st of a shorter month */
    }
    *out_date = date;
    return STATUS_OK;
}

void zone_date_print(struct zone_date date, char text[ZONE_DATE_TEXT_MAX])
{
    snprintf(text, ZONE_DATE_TEXT_MAX, "%04d-%02d-%02d", date.year % 10000, date.month % 100,
             date.day % 100);
}
