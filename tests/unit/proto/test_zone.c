#include "proto/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE_MS INT64_C(60000)
#define DAY_MS INT64_C(86400000)

static struct zone *load(const char *name)
{
    struct zone *zone = NULL;
    assert_int_equal(zone_load(name, &zone), STATUS_OK);
    assert_string_equal(zone_name(zone), name);
    return zone;
}

static struct zone_date date_of(const char *text)
{
    struct zone_date date = {0, 0, 0};
    assert_int_equal(zone_date_parse(text, &date), STATUS_OK);
    return date;
}

/* Opens and lengths as another implementation (Python's zoneinfo) has them. */
static const struct {
    const char *zone;
    const char *date;
    int64_t open_ms;
    int minutes;
} days[] = {
    {"UTC", "2026-03-29", 1774742400000, 1440},
    {"Asia/Ho_Chi_Minh", "2026-02-01", 1769878800000, 1440},
    {"Asia/Kolkata", "2026-02-01", 1769884200000, 1440},
    {"Europe/Berlin", "2026-03-29", 1774738800000, 1380},
    {"Europe/Berlin", "2026-10-25", 1792879200000, 1500},
    {"America/New_York", "2026-03-08", 1772946000000, 1380},
    {"America/New_York", "2026-11-01", 1793505600000, 1500},
    {"Australia/Lord_Howe", "2026-04-05", 1775307600000, 1470},
    {"Australia/Lord_Howe", "2026-10-04", 1791034200000, 1410},
    {"America/Sao_Paulo", "2018-11-04", 1541300400000, 1380}, /* no midnight: opens at 01:00 */
    {"America/Sao_Paulo", "2018-02-18", 1518922800000, 1440},
    {"America/Sao_Paulo", "2018-02-17", 1518832800000, 1500}, /* set back at its midnight */
    {"America/Havana", "2026-03-08", 1772946000000, 1380},
    {"America/Havana", "2026-11-01", 1793505600000, 1500}, /* midnight twice: the first counts */
    {"Africa/Cairo", "2026-04-24", 1776981600000, 1380},
    {"Africa/Cairo", "2026-10-29", 1793221200000, 1500},
    {"Pacific/Apia", "2011-12-29", 1325152800000, 1440},
    {"Pacific/Apia", "2011-12-30", 1325239200000, 0}, /* the day that never was */
    {"Pacific/Apia", "2011-12-31", 1325239200000, 1440},
    {"America/St_Johns", "2010-11-07", 1289097000000, 1500}, /* set back at 00:01 */
    {"America/St_Johns", "2010-11-06", 1289010600000, 1440},
    {"Asia/Kathmandu", "1986-01-01", 504901800000, 1425},
    {"Europe/London", "2037-10-25", 2140038000000, 1500},
    {"Pacific/Kiritimati", "2026-01-01", 1767175200000, 1440},
};

static void days_open_where_the_clock_on_the_wall_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
        struct zone *zone = load(days[i].zone);
        struct zone_date date = date_of(days[i].date);
        int64_t next_ms = zone_date_open_ms(zone, zone_date_add(date, 1));
        assert_int_equal(zone_date_open_ms(zone, date), days[i].open_ms);
        assert_int_equal(next_ms - days[i].open_ms, days[i].minutes * MINUTE_MS);
        zone_destroy(&zone);
        assert_null(zone);
    }
}

static void each_instant_of_a_day_knows_its_day(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
        struct zone *zone = load(days[i].zone);
        int64_t end_ms = days[i].open_ms + days[i].minutes * MINUTE_MS;
        for (int64_t ms = days[i].open_ms; ms < end_ms; ms += MINUTE_MS) {
            char text[ZONE_DATE_TEXT_MAX];
            zone_date_print(zone_date_of(zone, ms), text);
            assert_string_equal(text, days[i].date);
            assert_int_equal(zone_day_open_ms(zone, ms), days[i].open_ms);
            assert_int_equal(zone_day_open_ms(zone, ms + MINUTE_MS - 1), days[i].open_ms);
            assert_int_equal(zone_day_next_ms(zone, ms), end_ms);
        }
        zone_destroy(&zone);
    }
}

static void days_leave_no_gap_and_are_whole_minutes(void **state)
{
    (void)state;
    static const char *const names[] = {"Europe/Berlin",    "America/Sao_Paulo", "Pacific/Apia",
                                        "America/St_Johns", "Antarctica/Casey",  "Africa/Monrovia",
                                        "Asia/Gaza"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct zone *zone = load(names[i]);
        int64_t longest_ms = 0;
        int64_t open_ms = zone_day_open_ms(zone, 0);
        while (open_ms < INT64_C(2145916800000)) {
            int64_t next_ms = zone_day_next_ms(zone, open_ms);
            assert_true(next_ms > open_ms && open_ms % MINUTE_MS == 0);
            assert_int_equal(zone_day_open_ms(zone, next_ms - 1), open_ms);
            assert_int_equal(zone_day_open_ms(zone, next_ms), next_ms);
            longest_ms = next_ms - open_ms > longest_ms ? next_ms - open_ms : longest_ms;
            open_ms = next_ms;
        }
        assert_true(longest_ms <= zone_day_longest_ms(zone));
        zone_destroy(&zone);
    }
}

static void times_long_ago_and_far_away_have_days_too(void **state)
{
    (void)state;
    static const int64_t times_ms[] = {-1, 0, -100 * 365 * DAY_MS, 3000 * 365 * DAY_MS};
    struct zone *zone = load("Europe/Berlin");
    for (size_t i = 0; i < ARRAY_COUNT(times_ms); i++) {
        int64_t open_ms = zone_day_open_ms(zone, times_ms[i]);
        assert_true(open_ms <= times_ms[i] && times_ms[i] < open_ms + DAY_MS);
        assert_int_equal(zone_day_next_ms(zone, times_ms[i]), open_ms + DAY_MS);
        assert_int_equal((open_ms + zone_offset_ms(zone, open_ms)) % DAY_MS, 0);
    }
    zone_destroy(&zone);
}

static void local_time_is_utc_and_the_offset(void **state)
{
    (void)state;
    struct zone *zone = load("Europe/Berlin");
    assert_int_equal(zone_offset_ms(zone, 1774745999999), 60 * MINUTE_MS);
    assert_int_equal(zone_offset_ms(zone, 1774746000000), 120 * MINUTE_MS);
    assert_int_equal(zone_day_longest_ms(zone), 25 * 60 * MINUTE_MS);
    assert_false(zone_is_utc(zone));
    zone_destroy(&zone);
    zone = load("Etc/UTC");
    assert_true(zone_is_utc(zone));
    assert_int_equal(zone_day_longest_ms(zone), DAY_MS);
    zone_destroy(&zone);
}

static void only_names_of_the_database_are_zones(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "Europe",
        "Europe/",
        "Europe/Atlantis",
        "europe/berlin",
        "+07:00",
        "Z",
        "UTC+7",
        "EST5EDT,M3.2.0,M11.1.0",
        "CET-1CEST",
        "/usr/share/zoneinfo/UTC",
        "../zoneinfo/UTC",
        "zone.tab",
        ":UTC",
        "Europe/Berlin ",
        "Europe/BerlinEurope/BerlinEurope/BerlinEurope/BerlinEurope/Berlin"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct zone *zone = NULL;
        assert_int_equal(zone_load(names[i], &zone), STATUS_NOT_FOUND);
        assert_null(zone);
    }
}

static void dates_are_read_and_written_alike(void **state)
{
    (void)state;
    static const char *const good[] = {"1970-01-01", "2026-03-29", "2024-02-29", "1969-12-31"};
    static const char *const bad[] = {
        "",           "2026-2-1",   "2026-02-29",   "2026-13-01",  "2026-00-10",
        "2026-04-31", "2026-04-00", "2026-04-01 ",  " 2026-04-01", "2026/04/01",
        "26-04-01",   "+026-04-01", "2026-04-01T00"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        char text[ZONE_DATE_TEXT_MAX];
        zone_date_print(date_of(good[i]), text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct zone_date date = {1, 2, 3};
        assert_int_equal(zone_date_parse(bad[i], &date), STATUS_MALFORMED);
        assert_int_equal(date.year * 100 + date.month * 10 + date.day, 123);
    }
}

static void dates_are_counted_over_months_and_leap_days(void **state)
{
    (void)state;
    assert_int_equal(
        zone_date_compare(zone_date_add(date_of("2024-02-28"), 2), date_of("2024-03-01")), 0);
    assert_int_equal(
        zone_date_compare(zone_date_add(date_of("2026-01-01"), -1), date_of("2025-12-31")), 0);
    assert_true(zone_date_compare(date_of("2025-12-31"), date_of("2026-01-01")) < 0);
    assert_true(zone_date_compare(date_of("2026-02-01"), date_of("2026-01-31")) > 0);
    assert_true(zone_date_compare(date_of("2026-02-01"), date_of("2026-02-02")) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_open_where_the_clock_on_the_wall_says),
        cmocka_unit_test(each_instant_of_a_day_knows_its_day),
        cmocka_unit_test(days_leave_no_gap_and_are_whole_minutes),
        cmocka_unit_test(times_long_ago_and_far_away_have_days_too),
        cmocka_unit_test(local_time_is_utc_and_the_offset),
        cmocka_unit_test(only_names_of_the_database_are_zones),
        cmocka_unit_test(dates_are_read_and_written_alike),
        cmocka_unit_test(dates_are_counted_over_months_and_leap_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
