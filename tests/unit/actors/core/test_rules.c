#include "actors/core/rules.h"

#include "tests/unit/cmocka.h"

#include <string.h>

static struct candle_rules rules_in(const struct zone *zone, const char *series)
{
    struct candle_rules rules = {.intervals = INTERVAL_BIT(INTERVAL_5m) | INTERVAL_BIT(INTERVAL_1d),
                                 .grace_ms = 120000,
                                 .zone = zone};
    if (series != NULL) {
        assert_int_equal(series_parse(slice_of_text(series), &rules.derived.items[0]), STATUS_OK);
        rules.derived.count = 1;
    }
    return rules_with_limits(rules, 3600000);
}

static void only_days_are_those_of_the_zone(void **state)
{
    (void)state;
    struct zone *zone;
    assert_int_equal(zone_load("Europe/Berlin", &zone), STATUS_OK);
    struct candle_rules rules = rules_in(zone, NULL);
    int64_t noon_ms = INT64_C(1774778400000); /* 2026-03-29, a day of 23 hours */
    int64_t open_ms = rules_open_ms(&rules, INTERVAL_1d, noon_ms);

    assert_int_equal(open_ms, INT64_C(1774738800000));
    assert_int_equal(rules_next_ms(&rules, INTERVAL_1d, open_ms) - open_ms, 23 * 3600000);
    assert_int_equal(rules_due_ms(&rules, INTERVAL_1d, open_ms), open_ms + 23 * 3600000 + 120000);
    assert_int_equal(rules_open_ms(&rules, INTERVAL_12h, noon_ms), INT64_C(1774742400000));
    assert_int_equal(rules_longest_ms(&rules), 25 * 3600000);
    assert_int_equal(rules.late_ms, 26 * 3600000);
    zone_destroy(&zone);
}

static void candles_are_kept_as_long_as_derived_values_look_at_them(void **state)
{
    (void)state;
    struct candle_rules plain = rules_in(NULL, NULL);
    struct candle_rules derived = rules_in(NULL, "ema(12)");
    assert_int_equal(plain.derived_windows, 0);
    assert_int_equal(derived.derived_windows, 95);
    assert_int_equal(derived.late_ms, plain.late_ms);
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        assert_int_equal(rules_expire_ms(&derived, i, 0) - rules_expire_ms(&plain, i, 0),
                         95 * interval_ms(i));
    }
}

/* However long grace is. */
static void a_window_and_its_minutes_are_kept_until_it_is_due(void **state)
{
    (void)state;
    struct candle_rules rules = {.intervals = INTERVAL_BIT(INTERVAL_5m), .grace_ms = 86400000};
    rules = rules_with_limits(rules, MINUTE_MS);
    int64_t due_ms = rules_due_ms(&rules, INTERVAL_5m, 0);
    assert_true(rules_expire_ms(&rules, INTERVAL_5m, 0) > due_ms);
    assert_true(rules_expire_ms(&rules, INTERVAL_1m, 0) > due_ms);
}

static void rules_that_make_other_candles_read_otherwise(void **state)
{
    (void)state;
    char text[RULES_TEXT_MAX];
    char other[RULES_TEXT_MAX];
    struct zone *zone;
    struct candle_rules rules = rules_in(NULL, "sma(20)");
    rules_print(&rules, text);
    assert_string_equal(text, "intervals=5m,1d, grace_ms=120000 late_ms=90000000 trade_ids=off "
                              "timezone=UTC derived=sma20,");
    assert_int_equal(zone_load("Asia/Kolkata", &zone), STATUS_OK);
    rules.zone = zone;
    rules_print(&rules, other);
    assert_non_null(strstr(other, "timezone=Asia/Kolkata "));
    rules.outputs = INTERVAL_BIT(INTERVAL_1m); /* who wants them changes nothing about them */
    rules_print(&rules, text);
    assert_string_equal(text, other);
    zone_destroy(&zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_days_are_those_of_the_zone),
        cmocka_unit_test(candles_are_kept_as_long_as_derived_values_look_at_them),
        cmocka_unit_test(a_window_and_its_minutes_are_kept_until_it_is_due),
        cmocka_unit_test(rules_that_make_other_candles_read_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
