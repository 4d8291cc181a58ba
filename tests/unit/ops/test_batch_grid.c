#include "tests/unit/cmocka.h"

#include "actors/core/rules.h"
#include "ops/batch_grid.h"

#include <string.h>

enum { DAY_MINUTES = 120 };

static const int64_t FROM_MS = INT64_C(1764000000000); /* on an hour */
static const int64_t TO_MS = INT64_C(1764000000000) + (int64_t)DAY_MINUTES * MINUTE_MS;

static const struct candle_rules rules;
static struct batch_grid grid;

static int set_up(void **state)
{
    (void)state;
    batch_grid_init(&grid, &rules, FROM_MS, TO_MS,
                    (interval_set)(INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_5m) |
                                   INTERVAL_BIT(INTERVAL_4h)));
    batch_grid_reset(&grid, "A");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    batch_grid_deinit(&grid);
    return 0;
}

static struct candle candle_of(enum interval interval, int64_t open_ms, int64_t trades)
{
    struct candle candle = {
        .symbol = "A", .interval = interval, .open_ms = open_ms, .trades = trades};
    return candle;
}

static void put(enum interval interval, int64_t open_ms, int64_t trades, enum batch_origin origin)
{
    struct candle candle = candle_of(interval, open_ms, trades);
    batch_grid_put(&grid, &candle, origin);
}

static void put_minutes(int64_t first, int64_t end, enum batch_origin origin)
{
    for (int64_t i = first; i < end; i++) {
        put(INTERVAL_1m, FROM_MS + i * MINUTE_MS, 1, origin);
    }
}

static void a_better_place_replaces_and_an_equal_one_does_not(void **state)
{
    const size_t at = 60; /* the hour before the day */
    (void)state;
    put(INTERVAL_1m, FROM_MS, 1, BATCH_rest);
    put(INTERVAL_1m, FROM_MS, 2, BATCH_archive);
    put(INTERVAL_1m, FROM_MS, 3, BATCH_archive);
    put(INTERVAL_1m, FROM_MS, 4, BATCH_torn);
    assert_int_equal(grid.minutes.items[at].candle.trades, 2);
    put(INTERVAL_1m, FROM_MS, 5, BATCH_log);
    assert_int_equal(grid.minutes.items[at].candle.trades, 5);
    assert_int_equal(batch_grid_count(&grid, BATCH_log), 1);
    assert_int_equal(batch_grid_count(&grid, BATCH_archive), 0);
}

static int64_t trades_beside_the_backup(int64_t event_ms, int64_t revision)
{
    struct candle torn = candle_of(INTERVAL_1m, FROM_MS, 1);
    struct candle archived = candle_of(INTERVAL_1m, FROM_MS, 2);
    batch_grid_reset(&grid, "A");
    torn.trade_ids = archived.trade_ids = TRADE_IDS_known;
    torn.event_ms = event_ms;
    torn.revision = revision;
    archived.event_ms = 700;
    archived.revision = 70;
    batch_grid_put(&grid, &torn, BATCH_torn);
    batch_grid_put(&grid, &archived, BATCH_archive);
    return grid.minutes.items[60].candle.trades;
}

static void a_correction_in_the_torn_log_stays_and_a_repeat_or_late_kline_does_not(void **state)
{
    (void)state;
    assert_int_equal(trades_beside_the_backup(701, 80), 1);
    assert_int_equal(trades_beside_the_backup(700, 80), 2); /* said again */
    assert_int_equal(trades_beside_the_backup(699, 80), 2); /* corrected before it came */
    assert_int_equal(trades_beside_the_backup(700, 70), 2);
}

static void of_two_places_as_good_the_one_with_more_minutes_is_taken(void **state)
{
    static const int64_t minutes[] = {3, 5, 4};
    struct candle fill = candle_of(INTERVAL_1m, FROM_MS, 1);
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(minutes); i++) {
        struct candle window = candle_of(INTERVAL_5m, FROM_MS, (int64_t)i);
        window.minutes = minutes[i];
        batch_grid_put(&grid, &window, BATCH_log);
    }
    assert_int_equal(grid.windows[INTERVAL_5m].count, 1);
    assert_int_equal(grid.windows[INTERVAL_5m].items[0].candle.minutes, 5);
    fill.is_fill = true;
    batch_grid_put(&grid, &fill, BATCH_log);
    put(INTERVAL_1m, FROM_MS, 2, BATCH_log);
    batch_grid_put(&grid, &fill, BATCH_log);
    assert_int_equal(grid.minutes.items[60].candle.trades, 2);
}

static void what_opens_outside_or_is_not_wanted_is_not_held(void **state)
{
    (void)state;
    put(INTERVAL_1m, grid.begin_ms - MINUTE_MS, 1, BATCH_log);
    put(INTERVAL_1m, grid.end_ms, 1, BATCH_log);
    put(INTERVAL_5m, FROM_MS - 5 * MINUTE_MS, 1, BATCH_log);
    put(INTERVAL_5m, TO_MS, 1, BATCH_log);
    put(INTERVAL_3m, FROM_MS, 1, BATCH_log);
    for (enum batch_origin origin = BATCH_rest; origin < BATCH_ORIGIN_COUNT; origin++) {
        assert_int_equal(batch_grid_count(&grid, origin), 0);
    }
    assert_int_equal(grid.windows[INTERVAL_5m].count, 0);
    assert_int_equal(grid.windows[INTERVAL_3m].count, 0);
}

static void minutes_reach_to_the_end_of_the_last_window(void **state)
{
    (void)state;
    assert_int_equal(grid.end_ms % interval_ms(INTERVAL_4h), 0);
    assert_true(grid.end_ms >= TO_MS);
    assert_int_equal(grid.begin_ms, FROM_MS - 60 * MINUTE_MS);
}

static void holes_are_told_one_by_one(void **state)
{
    int64_t from_ms = FROM_MS;
    int64_t to_ms;
    (void)state;
    put_minutes(-30, 10, BATCH_log);
    put_minutes(12, 119, BATCH_archive);
    assert_true(batch_grid_next_hole(&grid, &from_ms, &to_ms));
    assert_int_equal(from_ms, FROM_MS + 10 * MINUTE_MS);
    assert_int_equal(to_ms, FROM_MS + 12 * MINUTE_MS);
    from_ms = to_ms;
    assert_true(batch_grid_next_hole(&grid, &from_ms, &to_ms));
    assert_int_equal(from_ms, FROM_MS + 119 * MINUTE_MS);
    assert_int_equal(to_ms, TO_MS);
    from_ms = to_ms;
    assert_false(batch_grid_next_hole(&grid, &from_ms, &to_ms));
}

static void windows_are_kept_in_order_of_time(void **state)
{
    static const int order[] = {3, 0, 2, 4, 1};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        put(INTERVAL_5m, FROM_MS + order[i] * interval_ms(INTERVAL_5m), order[i], BATCH_log);
    }
    assert_int_equal(grid.windows[INTERVAL_5m].count, ARRAY_COUNT(order));
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        assert_int_equal(grid.windows[INTERVAL_5m].items[i].candle.trades, i);
    }
}

static void only_windows_with_a_minute_from_elsewhere_are_loose(void **state)
{
    int64_t loose;
    (void)state;
    assert_int_equal(batch_grid_absent_windows(&grid, &loose), 0);
    put_minutes(0, 5, BATCH_log);
    put_minutes(5, 7, BATCH_log);
    put_minutes(7, 8, BATCH_rest);
    put(INTERVAL_5m, FROM_MS, 1, BATCH_log);
    int64_t in_four_hours = FROM_MS % interval_ms(INTERVAL_4h) == 0 ? 1 : 0;
    assert_int_equal(batch_grid_absent_windows(&grid, &loose), 1 + in_four_hours);
    assert_int_equal(loose, 1 + in_four_hours);
    put(INTERVAL_5m, FROM_MS + interval_ms(INTERVAL_5m), 1, BATCH_folded);
    put_minutes(10, 11, BATCH_log);
    assert_int_equal(batch_grid_absent_windows(&grid, &loose), 1 + in_four_hours);
    assert_int_equal(loose, in_four_hours);
}

static void another_symbol_begins_with_nothing(void **state)
{
    int64_t from_ms = FROM_MS;
    int64_t to_ms;
    (void)state;
    put_minutes(0, DAY_MINUTES, BATCH_log);
    put(INTERVAL_5m, FROM_MS, 1, BATCH_log);
    batch_grid_reset(&grid, "B");
    assert_true(batch_grid_next_hole(&grid, &from_ms, &to_ms));
    assert_int_equal(to_ms - from_ms, TO_MS - FROM_MS);
    assert_int_equal(grid.windows[INTERVAL_5m].count, 0);
    assert_string_equal(grid.symbol, "B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_better_place_replaces_and_an_equal_one_does_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_correction_in_the_torn_log_stays_and_a_repeat_or_late_kline_does_not, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(of_two_places_as_good_the_one_with_more_minutes_is_taken,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_opens_outside_or_is_not_wanted_is_not_held, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(minutes_reach_to_the_end_of_the_last_window, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(holes_are_told_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(windows_are_kept_in_order_of_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_windows_with_a_minute_from_elsewhere_are_loose, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(another_symbol_begins_with_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
