#include "ops/rfc3339.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Reads exactly `digits` digits. */
static bool read_digits(const char **at, int digits, int *out_number)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        if (!isdigit((unsigned char)(*at)[i])) {
            return false;
        }
        number = number * 10 + ((*at)[i] - '0');
    }
    *at += digits;
    *out_number = number;
    return true;
}

static bool read_mark(const char **at, const char *marks)
{
    if (**at == '\0' || strchr(marks, **at) == NULL) {
        return false;
    }
    (*at)++;
    return true;
}

static bool read_date(const char **at, struct tm *date)
{
    if (!read_digits(at, 4, &date->tm_year) || !read_mark(at, "-") ||
        !read_digits(at, 2, &date->tm_mon) || !read_mark(at, "-") ||
        !read_digits(at, 2, &date->tm_mday)) {
        return false;
    }
    date->tm_year -= 1900;
    date->tm_mon -= 1;
    return date->tm_mon >= 0 && date->tm_mon < 12 && date->tm_mday >= 1 && date->tm_mday <= 31;
}

static bool read_clock(const char **at, struct tm *date, int *millis)
{
    if (!read_digits(at, 2, &date->tm_hour) || !read_mark(at, ":") ||
        !read_digits(at, 2, &date->tm_min) || !read_mark(at, ":") ||
        !read_digits(at, 2, &date->tm_sec)) {
        return false;
    }
    if (read_mark(at, ".")) {
        int factor = 100;
        if (!isdigit((unsigned char)**at)) {
            return false;
        }
        for (; isdigit((unsigned char)**at); (*at)++) {
            *millis += (**at - '0') * factor;
            factor /= 10;
        }
    }
    return date->tm_hour < 24 && date->tm_min < 60 && date->tm_sec < 60;
}

/* "Z", or "+07:00". */
static bool read_offset(const char **at, int *offset_minutes)
{
    int hours;
    int minutes;
    if (read_mark(at, "Zz")) {
        *offset_minutes = 0;
        return true;
    }
    int sign = **at == '-' ? -1 : 1;
    if (!read_mark(at, "+-") || !read_digits(at, 2, &hours) || !read_mark(at, ":") ||
        !read_digits(at, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_minutes = sign * (hours * 60 + minutes);
    return true;
}

enum status rfc3339_parse(const char *text, int64_t *out_time_ms)
{
    struct tm date = {0};
    int millis = 0;
    int offset_minutes = 0;
    const char *at = text;

    if (!read_date(&at, &date)) {
        return STATUS_MALFORMED;
    }
    if (*at != '\0' && (!read_mark(&at, "Tt ") || !read_clock(&at, &date, &millis) ||
                        !read_offset(&at, &offset_minutes) || *at != '\0')) {
        return STATUS_MALFORMED;
    }
    int day = date.tm_mday;
    int64_t seconds = (int64_t)timegm(&date);
    if (date.tm_mday != day) {
        return STATUS_MALFORMED; /* the 31st of a shorter month */
    }
    *out_time_ms = (seconds - (int64_t)offset_minutes * 60) * 1000 + millis;
    return STATUS_OK;
}

void rfc3339_print(int64_t time_ms, char text[RFC3339_TEXT_MAX])
{
    int64_t millis = ((time_ms % 1000) + 1000) % 1000;
    time_t seconds = (time_t)((time_ms - millis) / 1000);
    struct tm date;

    (void)gmtime_r(&seconds, &date);
    size_t size = strftime(text, RFC3339_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &date);
    if (millis != 0) {
        size += (size_t)snprintf(text + size, RFC3339_TEXT_MAX - size, ".%03" PRId64, millis);
    }
    snprintf(text + size, RFC3339_TEXT_MAX - size, "Z");
}
