#include "ops/cron.h"

#include "proto/zone.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MINUTE ((int64_t)60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* 29 feb comes after eight years at the latest. */
enum { DAYS_MAX = 9 * 366, TEXT_MAX = 256 };

/* clang-format off */
#define CRON_MACROS(X)                   \
    /* name        stands for         */ \
    X("@hourly",   "0 * * * *")          \
    X("@daily",    "0 0 * * *")          \
    X("@midnight", "0 0 * * *")          \
    X("@weekly",   "0 0 * * 0")          \
    X("@monthly",  "0 0 1 * *")          \
    X("@yearly",   "0 0 1 1 *")          \
    X("@annually", "0 0 1 1 *")

#define CRON_FIELDS(X)                                        \
    /* member    name              least  most   names     */ \
    X(minutes,   "minute",         0,     59,    NULL)        \
    X(hours,     "hour",           0,     23,    NULL)        \
    X(days,      "day of month",   1,     31,    NULL)        \
    X(months,    "month",          1,     12,    month_names) \
    X(weekdays,  "day of week",    0,     7,     day_names)
/* clang-format on */

static const char month_names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
static const char day_names[] = "sunmontuewedthufrisat";

static const struct {
    const char *name;
    const char *text;
} macros[] = {
#define X(name, text) {name, text},
    CRON_MACROS(X)
#undef X
};

struct field {
    size_t offset;
    const char *name;
    unsigned least;
    unsigned most;
    const char *names; /* three letters each; NULL: none */
};

static const struct field fields[] = {
#define X(member, name, least, most, names)                                                        \
    {offsetof(struct cron, member), name, least, most, names},
    CRON_FIELDS(X)
#undef X
};

static bool read_name(const char **text, const struct field *field, unsigned *number)
{
    for (size_t i = 0; field->names != NULL && field->names[3 * i] != '\0'; i++) {
        if (strncasecmp(*text, field->names + 3 * i, 3) == 0) {
            *text += 3;
            *number = (unsigned)i + field->least;
            return true;
        }
    }
    return false;
}

static bool read_number(const char **text, const struct field *field, unsigned *number)
{
    unsigned value = 0;
    if (!isdigit((unsigned char)**text)) {
        return read_name(text, field, number);
    }
    for (; isdigit((unsigned char)**text); (*text)++) {
        value = value * 10 + (unsigned)(**text - '0');
        if (value > 99) {
            return false;
        }
    }
    *number = value;
    return true;
}

/* "1-5", "mon", or a star, which is all there are. */
static bool read_range(const char **text, const struct field *field, unsigned *first,
                       unsigned *last, bool *is_one)
{
    *is_one = false;
    if (**text == '*') {
        (*text)++;
        *first = field->least;
        *last = field->most;
        return true;
    }
    if (!read_number(text, field, first)) {
        return false;
    }
    *last = *first;
    *is_one = **text != '-';
    if (!*is_one) {
        (*text)++;
        if (!read_number(text, field, last)) {
            return false;
        }
    }
    return *first >= field->least && *last <= field->most && *first <= *last;
}

/* One element of a list, with its step. */
static bool read_element(const char **text, const struct field *field, uint64_t *bits)
{
    unsigned first;
    unsigned last;
    unsigned step = 1;
    bool is_one;
    const struct field plain = {0, "step", 1, 99, NULL};
    if (!read_range(text, field, &first, &last, &is_one)) {
        return false;
    }
    if (**text == '/') {
        (*text)++;
        if (!read_number(text, &plain, &step) || step == 0) {
            return false;
        }
        last = is_one ? field->most : last;
    }
    for (unsigned i = first; i <= last; i += step) {
        *bits |= UINT64_C(1) << i;
    }
    return true;
}

static bool read_field(const char *text, const struct field *field, uint64_t *bits)
{
    *bits = 0;
    for (;;) {
        if (!read_element(&text, field, bits)) {
            return false;
        }
        if (*text == '\0') {
            return true;
        }
        if (*text++ != ',') {
            return false;
        }
    }
}

static const char *spell_out(const char *text)
{
    for (size_t i = 0; i < ARRAY_COUNT(macros); i++) {
        if (strcasecmp(text, macros[i].name) == 0) {
            return macros[i].text;
        }
    }
    return text;
}

static enum status refuse_field(const char *word, const struct field *field, char *error,
                                size_t error_size)
{
    (void)snprintf(error, error_size, "the %s '%s' is not * or numbers from %u to %u%s%s",
                   field->name, word, field->least, field->most,
                   field->names == NULL ? "" : " or names",
                   ", with commas, ranges (1-5) and steps (*/15)");
    return STATUS_BAD_CONFIG;
}

/* Some day of some year: 30 feb never comes. */
static bool can_come(const struct cron *cron)
{
    static const unsigned lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!cron->is_any_weekday) {
        return true;
    }
    for (unsigned month = 1; month <= ARRAY_COUNT(lengths); month++) {
        uint64_t days = (UINT64_C(1) << (lengths[month - 1] + 1)) - 1;
        if ((cron->months >> month & 1) != 0 && (cron->days & days) != 0) {
            return true;
        }
    }
    return false;
}

enum status cron_parse(const char *text, struct cron *out_cron, char *error, size_t error_size)
{
    struct cron cron = {.minutes = 0};
    char copy[TEXT_MAX];
    char *rest = copy;
    const char *spelt = spell_out(text);

    if (snprintf(copy, sizeof(copy), "%s", spelt) >= (int)sizeof(copy)) {
        (void)snprintf(error, error_size, "the schedule is too long");
        return STATUS_BAD_CONFIG;
    }
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        char *word = strtok_r(i == 0 ? copy : NULL, " \t", &rest);
        if (word == NULL) {
            (void)snprintf(error, error_size,
                           "five fields are expected, minute hour day month weekday, as in "
                           "'30 0 * * *'");
            return STATUS_BAD_CONFIG;
        }
        if (!read_field(word, &fields[i], (uint64_t *)(void *)((char *)&cron + fields[i].offset))) {
            return refuse_field(word, &fields[i], error, error_size);
        }
        cron.is_any_day = i == 2 ? word[0] == '*' : cron.is_any_day;
        cron.is_any_weekday = i == 4 ? word[0] == '*' : cron.is_any_weekday;
    }
    if (strtok_r(NULL, " \t", &rest) != NULL) {
        (void)snprintf(error, error_size, "there are more than five fields");
        return STATUS_BAD_CONFIG;
    }
    cron.weekdays = (cron.weekdays | cron.weekdays >> 7) & 0x7f;
    if (!can_come(&cron)) {
        (void)snprintf(error, error_size, "there is no such day in any year");
        return STATUS_BAD_CONFIG;
    }
    *out_cron = cron;
    return STATUS_OK;
}

/* Days since 1970-01-01 (March begins the year, so that a leap day ends it). */
static int64_t day_number(struct zone_date date)
{
    int64_t year = date.year - (date.month <= 2 ? 1 : 0);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool has_bit(uint64_t bits, int64_t bit)
{
    return (bits >> bit & 1) != 0;
}

static bool is_on(const struct cron *cron, struct zone_date date)
{
    if (!has_bit(cron->months, date.month)) {
        return false;
    }
    int64_t weekday = (day_number(date) + 4) % 7; /* 1970-01-01 was a Thursday */
    bool is_day = has_bit(cron->days, date.day);
    bool is_weekday = has_bit(cron->weekdays, weekday < 0 ? weekday + 7 : weekday);
    if (!cron->is_any_day && !cron->is_any_weekday) {
        return is_day || is_weekday;
    }
    return is_day && is_weekday;
}

/* The first instant at which the zone's clock shows this time, or a later one when it never shows
 * it. Local times are counted like UTC. No zone sets its clock twice within three days. */
static int64_t instant_of(const struct zone *zone, int64_t local_ms)
{
    int64_t before = zone_offset_ms(zone, local_ms - 36 * HOUR);
    int64_t after = zone_offset_ms(zone, local_ms + 36 * HOUR);
    int64_t early = local_ms - before;
    int64_t late = local_ms - after;
    if (zone_offset_ms(zone, early) == before) {
        return early;
    }
    if (zone_offset_ms(zone, late) == after) {
        return late;
    }
    /* It was skipped: the clock was set between the two. */
    while (early - late > 1) {
        int64_t middle = late + (early - late) / 2;
        if (zone_offset_ms(zone, middle) == after) {
            early = middle;
        } else {
            late = middle;
        }
    }
    return early;
}

/* The first of the date's times that comes after; CRON_NEVER: none of them. */
static int64_t next_on(const struct cron *cron, const struct zone *zone, struct zone_date date,
                       int64_t after_ms)
{
    int64_t midnight_ms = day_number(date) * DAY;
    for (int64_t minute = 0; minute < DAY / MINUTE; minute++) {
        if (!has_bit(cron->hours, minute / 60) || !has_bit(cron->minutes, minute % 60)) {
            continue;
        }
        int64_t at_ms = instant_of(zone, midnight_ms + minute * MINUTE);
        if (at_ms > after_ms) {
            return at_ms;
        }
    }
    return CRON_NEVER;
}

/* The same minute by minute, as time passes, of the day that holds `from_ms`. */
static int64_t next_within(const struct cron *cron, const struct zone *zone, int64_t from_ms)
{
    int64_t end_ms = zone_day_next_ms(zone, from_ms);
    for (int64_t at_ms = from_ms; at_ms < end_ms; at_ms += MINUTE) {
        int64_t local_minute = (at_ms + zone_offset_ms(zone, at_ms)) / MINUTE;
        if (has_bit(cron->minutes, local_minute % 60)) {
            return at_ms;
        }
    }
    return CRON_NEVER;
}

static int64_t next_of_every_hour(const struct cron *cron, const struct zone *zone,
                                  int64_t after_ms)
{
    int64_t from_ms = (after_ms / MINUTE + 1) * MINUTE;
    for (int i = 0; i < DAYS_MAX; i++) {
        int64_t at_ms = is_on(cron, zone_date_of(zone, from_ms)) ? next_within(cron, zone, from_ms)
                                                                 : CRON_NEVER;
        if (at_ms != CRON_NEVER) {
            return at_ms;
        }
        from_ms = zone_day_next_ms(zone, from_ms);
    }
    return CRON_NEVER;
}

int64_t cron_next_ms(const struct cron *cron, const struct zone *zone, int64_t after_ms)
{
    const uint64_t every_hour = (UINT64_C(1) << 24) - 1;
    if (cron->hours == every_hour) {
        return next_of_every_hour(cron, zone, after_ms);
    }
    /* A date that was skipped runs when the next one begins. */
    struct zone_date date = zone_date_add(zone_date_of(zone, after_ms), -2);
    for (int i = 0; i < DAYS_MAX; i++, date = zone_date_add(date, 1)) {
        int64_t at_ms = is_on(cron, date) ? next_on(cron, zone, date, after_ms) : CRON_NEVER;
        if (at_ms != CRON_NEVER) {
            return at_ms;
        }
    }
    return CRON_NEVER;
}

int64_t cron_last_ms(const struct cron *cron, const struct zone *zone, int64_t at_ms)
{
    for (int64_t days = 1; days <= 2 * DAYS_MAX; days *= 2) {
        int64_t found_ms = CRON_NEVER;
        int64_t next_ms = cron_next_ms(cron, zone, at_ms - days * DAY);
        while (next_ms <= at_ms) {
            found_ms = next_ms;
            next_ms = cron_next_ms(cron, zone, next_ms);
        }
        if (found_ms != CRON_NEVER) {
            return found_ms;
        }
    }
    return CRON_NEVER;
}
