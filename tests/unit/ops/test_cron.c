#include "ops/cron.h"

#include "ops/rfc3339.h"
#include "proto/zone.h"
#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <string.h>

static int64_t time_of(const char *text)
{
    int64_t time_ms;
    assert_int_equal(rfc3339_parse(text, &time_ms), STATUS_OK);
    return time_ms;
}

static struct cron cron_of(const char *text)
{
    struct cron cron;
    char error[200] = "";
    if (cron_parse(text, &cron, error, sizeof(error)) != STATUS_OK) {
        fail_msg("'%s': %s", text, error);
    }
    return cron;
}

/* The runs after `after`, one after the other, as the table has them. */
static void check_runs(const char *zone_name, const char *text, const char *after,
                       const char *const *runs, size_t count)
{
    struct zone *zone = NULL;
    struct cron cron = cron_of(text);
    int64_t at_ms = time_of(after);
    assert_int_equal(zone_load(zone_name, &zone), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        int64_t before_ms = at_ms;
        char found[RFC3339_TEXT_MAX];
        at_ms = cron_next_ms(&cron, zone, at_ms);
        rfc3339_print(at_ms, found);
        if (at_ms != time_of(runs[i])) {
            fail_msg("%s '%s' run %zu: %s and not %s", zone_name, text, i, found, runs[i]);
        }
        assert_int_equal(cron_last_ms(&cron, zone, at_ms), at_ms);
        if (i > 0) {
            assert_int_equal(cron_last_ms(&cron, zone, at_ms - 1), before_ms);
        }
    }
    zone_destroy(&zone);
}

#define CHECK_RUNS(zone, text, after, ...)                                                         \
    check_runs(zone, text, after, (const char *const[]){__VA_ARGS__},                              \
               ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

static void days_without_a_change_are_plain(void **state)
{
    (void)state;
    CHECK_RUNS("Asia/Ho_Chi_Minh", "30 0 * * *", "2026-03-01T00:00:00Z", "2026-03-01T17:30:00Z",
               "2026-03-02T17:30:00Z");
    CHECK_RUNS("UTC", "*/20 4,6 * * *", "2026-03-01T04:20:00Z", "2026-03-01T04:40:00Z",
               "2026-03-01T06:00:00Z", "2026-03-01T06:20:00Z", "2026-03-01T06:40:00Z",
               "2026-03-02T04:00:00Z");
    CHECK_RUNS("UTC", "0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z",
               "2032-02-29T00:00:00Z");
    CHECK_RUNS("UTC", "15 12 * * mon-fri", "2026-11-20T12:15:00Z", "2026-11-23T12:15:00Z",
               "2026-11-24T12:15:00Z");
    CHECK_RUNS("UTC", "0 0 * * 7", "2026-11-20T12:15:00Z", "2026-11-22T00:00:00Z",
               "2026-11-29T00:00:00Z");
    CHECK_RUNS("Asia/Kolkata", "@monthly", "2026-11-20T12:15:00Z", "2026-11-30T18:30:00Z",
               "2026-12-31T18:30:00Z");
}

static void either_kind_of_day_is_enough_when_both_are_given(void **state)
{
    (void)state;
    CHECK_RUNS("UTC", "0 0 13 * fri", "2026-11-10T00:00:00Z", "2026-11-13T00:00:00Z",
               "2026-11-20T00:00:00Z", "2026-11-27T00:00:00Z", "2026-12-04T00:00:00Z",
               "2026-12-11T00:00:00Z", "2026-12-13T00:00:00Z");
    CHECK_RUNS("UTC", "0 0 */10 * fri", "2026-11-10T00:00:00Z", "2026-12-11T00:00:00Z");
}

static void a_time_that_does_not_exist_runs_once_after(void **state)
{
    (void)state;
    CHECK_RUNS("Europe/Berlin", "30 2 * * *", "2026-03-28T00:00:00Z", "2026-03-28T01:30:00Z",
               "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z");
    /* Four times that do not exist are one run, and the time after them is the same one. */
    CHECK_RUNS("Europe/Berlin", "*/15 2,3 * * *", "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z",
               "2026-03-29T01:15:00Z", "2026-03-29T01:30:00Z", "2026-03-29T01:45:00Z",
               "2026-03-30T00:00:00Z");
    CHECK_RUNS("America/New_York", "30 2 * * *", "2026-03-07T12:00:00Z", "2026-03-08T07:00:00Z",
               "2026-03-09T06:30:00Z");
    /* Midnight itself is skipped; half an hour is; a whole day is. */
    CHECK_RUNS("America/Sao_Paulo", "0 0 * * *", "2018-11-03T04:00:00Z", "2018-11-04T03:00:00Z",
               "2018-11-05T02:00:00Z");
    CHECK_RUNS("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z",
               "2026-10-04T15:15:00Z");
    CHECK_RUNS("Pacific/Apia", "30 12 * * *", "2011-12-29T00:00:00Z", "2011-12-29T22:30:00Z",
               "2011-12-30T10:00:00Z", "2011-12-30T22:30:00Z");
}

static void a_time_that_exists_twice_runs_once(void **state)
{
    (void)state;
    CHECK_RUNS("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z",
               "2026-10-26T01:30:00Z");
    CHECK_RUNS("America/New_York", "30 1 * * *", "2026-10-31T12:00:00Z", "2026-11-01T05:30:00Z",
               "2026-11-02T06:30:00Z");
    /* Begun between the two: the first has been. */
    CHECK_RUNS("Europe/Berlin", "30 2 * * *", "2026-10-25T01:00:00Z", "2026-10-26T01:30:00Z");
}

static void every_hour_is_every_hour(void **state)
{
    (void)state;
    CHECK_RUNS("Europe/Berlin", "30 * * * *", "2026-03-28T23:45:00Z", "2026-03-29T00:30:00Z",
               "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z");
    CHECK_RUNS("Europe/Berlin", "30 * * * *", "2026-10-24T23:45:00Z", "2026-10-25T00:30:00Z",
               "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z");
    CHECK_RUNS("Europe/Berlin", "0 * 25 10 *", "2026-10-25T22:00:00Z", "2027-10-24T22:00:00Z");
    CHECK_RUNS("UTC", "* * * * *", "2026-10-25T00:00:59Z", "2026-10-25T00:01:00Z",
               "2026-10-25T00:02:00Z");
}

static void a_year_of_days_is_as_many_runs_in_any_zone(void **state)
{
    (void)state;
    static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York",
                                        "Asia/Ho_Chi_Minh", "Australia/Lord_Howe"};
    struct cron cron = cron_of("30 2 * * *");
    for (size_t i = 0; i < ARRAY_COUNT(zones); i++) {
        struct zone *zone = NULL;
        int runs = 0;
        assert_int_equal(zone_load(zones[i], &zone), STATUS_OK);
        int64_t at_ms = time_of("2026-01-01T12:00:00Z");
        int64_t end_ms = time_of("2027-01-01T12:00:00Z");
        while ((at_ms = cron_next_ms(&cron, zone, at_ms)) <= end_ms) {
            runs++;
        }
        assert_int_equal(runs, 365);
        zone_destroy(&zone);
    }
}

static void what_is_no_schedule_is_refused_with_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"", "five fields"},
        {"30 0 * *", "five fields"},
        {"30 0 * * * *", "more than five"},
        {"60 0 * * *", "minute '60'"},
        {"0 24 * * *", "hour '24'"},
        {"0 0 0 * *", "day of month '0'"},
        {"0 0 * 13 *", "month '13'"},
        {"0 0 * * 8", "day of week '8'"},
        {"0 0 * * frei", "day of week 'frei'"},
        {"5-1 0 * * *", "minute '5-1'"},
        {"*/0 0 * * *", "minute '*/0'"},
        {"1, 0 * * *", "minute '1,'"},
        {"1--2 0 * * *", "minute '1--2'"},
        {"-1 0 * * *", "minute '-1'"},
        {"99999999999999 0 * * *", "minute '99999999999999'"},
        {"0 0 30 2 *", "no such day"},
        {"0 0 31 4,6,9,11 *", "no such day"},
        {"@often", "minute '@often'"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct cron cron = {.minutes = 77};
        char error[200] = "";
        assert_int_equal(cron_parse(cases[i].text, &cron, error, sizeof(error)), STATUS_BAD_CONFIG);
        assert_int_equal(cron.minutes, 77);
        if (strstr(error, cases[i].words) == NULL) {
            fail_msg("'%s': %s", cases[i].text, error);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_without_a_change_are_plain),
        cmocka_unit_test(either_kind_of_day_is_enough_when_both_are_given),
        cmocka_unit_test(a_time_that_does_not_exist_runs_once_after),
        cmocka_unit_test(a_time_that_exists_twice_runs_once),
        cmocka_unit_test(every_hour_is_every_hour),
        cmocka_unit_test(a_year_of_days_is_as_many_runs_in_any_zone),
        cmocka_unit_test(what_is_no_schedule_is_refused_with_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
