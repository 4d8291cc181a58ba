#include "proto/interval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void names_lengths_and_bits_agree(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum interval interval;
        int64_t ms;
    } rows[] = {
        {"1m", INTERVAL_1m, 60000},   {"5m", INTERVAL_5m, 300000},   {"15m", INTERVAL_15m, 900000},
        {"1h", INTERVAL_1h, 3600000}, {"4h", INTERVAL_4h, 14400000}, {"1d", INTERVAL_1d, 86400000},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        enum interval interval = INTERVAL_COUNT;
        assert_int_equal(interval_parse(slice_of_text(rows[i].name), &interval), STATUS_OK);
        assert_int_equal(interval, rows[i].interval);
        assert_string_equal(interval_name(interval), rows[i].name);
        assert_int_equal(interval_ms(interval), rows[i].ms);
        assert_int_equal(interval_minutes(interval) * MINUTE_MS, rows[i].ms);
    }
}

static void only_exact_names_are_intervals(void **state)
{
    (void)state;
    static const char *const names[] = {"",    "1",   "m",  "1M", "5m ",
                                        " 5m", "05m", "7m", "1w", "1d\n"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        enum interval interval = INTERVAL_15m;
        assert_int_equal(interval_parse(slice_of_text(names[i]), &interval), STATUS_MALFORMED);
        assert_int_equal(interval, INTERVAL_15m);
    }
}

static void a_window_opens_at_or_before_each_of_its_times(void **state)
{
    (void)state;
    static const struct {
        enum interval interval;
        int64_t time_ms;
        int64_t open_ms;
    } rows[] = {
        {INTERVAL_5m, 0, 0},
        {INTERVAL_5m, 299999, 0},
        {INTERVAL_5m, 300000, 300000},
        {INTERVAL_1d, 1628952396573, 1628899200000},
        {INTERVAL_1m, -1, -60000},
        {INTERVAL_1m, -60000, -60000},
        {INTERVAL_1h, -60001, -3600000},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_int_equal(interval_open_ms(rows[i].interval, rows[i].time_ms), rows[i].open_ms);
    }
}

static void the_longest_of_a_set_is_its_highest_member(void **state)
{
    (void)state;
    interval_set some = INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_5m);
    assert_int_equal(interval_longest(some), INTERVAL_5m);
    assert_int_equal(interval_longest(INTERVAL_BIT(INTERVAL_1m)), INTERVAL_1m);
    assert_int_equal(interval_longest((1u << INTERVAL_COUNT) - 1), INTERVAL_1d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lengths_and_bits_agree),
        cmocka_unit_test(only_exact_names_are_intervals),
        cmocka_unit_test(a_window_opens_at_or_before_each_of_its_times),
        cmocka_unit_test(the_longest_of_a_set_is_its_highest_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
