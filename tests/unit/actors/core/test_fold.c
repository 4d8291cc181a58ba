#include "actors/core/fold.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>

static struct decimal cents(int64_t coefficient)
{
    return (struct decimal){.coefficient = coefficient, .scale = 2};
}

static struct candle minute(int64_t index, int64_t open, int64_t high, int64_t low, int64_t close)
{
    struct kline kline = {
        .symbol = "BTCUSDT",
        .symbol_size = 7,
        .is_closed = true,
        .open_ms = index * MINUTE_MS,
        .event_ms = (index + 1) * MINUTE_MS,
        .trade_ids = TRADE_IDS_known,
        .open = cents(open),
        .high = cents(high),
        .low = cents(low),
        .close = cents(close),
        .volume = cents(index + 1),
        .trades = 2,
        .first_trade_id = index * 2,
        .last_trade_id = index * 2 + 1,
    };
    return fold_minute(&kline, index + 1, true);
}

static void a_window_takes_the_first_open_the_extremes_and_the_last_close(void **state)
{
    (void)state;
    const struct candle minutes[] = {
        minute(0, 100, 120, 90, 110),
        minute(1, 110, 150, 105, 140),
        minute(2, 140, 141, 80, 85),
    };
    struct candle window = fold_window("BTCUSDT", INTERVAL_3m, 0);
    for (size_t i = 0; i < ARRAY_COUNT(minutes); i++) {
        assert_false(window.is_complete);
        fold_append(&window, &minutes[i]);
    }
    assert_true(window.is_complete);
    assert_int_equal(decimal_compare(window.open, cents(100)), 0);
    assert_int_equal(decimal_compare(window.high, cents(150)), 0);
    assert_int_equal(decimal_compare(window.low, cents(80)), 0);
    assert_int_equal(decimal_compare(window.close, cents(85)), 0);
    assert_int_equal(decimal_compare(window.volume, cents(6)), 0);
    assert_int_equal(window.trades, 6);
    assert_int_equal(window.first_trade_id, 0);
    assert_int_equal(window.last_trade_id, 5);
    assert_int_equal(window.missing_trades, 0);
}

static void a_day_of_the_largest_volumes_does_not_overflow(void **state)
{
    (void)state;
    struct candle day = fold_window("BTCUSDT", INTERVAL_1d, 0);
    struct decimal largest;
    assert_int_equal(decimal_parse(slice_of_text("9999999999999999.99999999999999"), &largest),
                     STATUS_OK);
    for (int64_t i = 0; i < 1440; i++) {
        struct candle m = minute(i, 1, 1, 1, 1);
        m.volume = largest;
        fold_append(&day, &m);
    }
    char text[DECIMAL_TEXT_MAX];
    decimal_print(day.volume, text);
    assert_string_equal(text, "14399999999999999999.99999999998560");
}

static void empty_minutes_leave_the_trade_ids_to_those_with_trades(void **state)
{
    (void)state;
    struct candle window = fold_window("BTCUSDT", INTERVAL_3m, 0);
    struct candle first = minute(0, 1, 1, 1, 1);
    struct candle fill = fold_fill(&first, MINUTE_MS, 7, 70);
    struct candle last = minute(2, 1, 1, 1, 1);
    fold_append(&window, &first);
    fold_append(&window, &fill);
    fold_append(&window, &last);
    assert_true(window.is_complete);
    assert_int_equal(window.first_trade_id, 0);
    assert_int_equal(window.last_trade_id, 5);
    assert_int_equal(fill.revision, 7);
    assert_int_equal(decimal_compare(fill.open, first.close), 0);
}

static void one_minute_without_trade_ids_makes_the_missing_trades_unknown(void **state)
{
    (void)state;
    struct candle window = fold_window("BTCUSDT", INTERVAL_3m, 0);
    struct candle first = minute(0, 1, 1, 1, 1);
    struct kline kline = {
        .symbol = "BTCUSDT", .open_ms = MINUTE_MS, .trades = 3, .trade_ids = TRADE_IDS_unknown};
    struct candle unknown = fold_minute(&kline, 2, true);
    fold_append(&window, &first);
    fold_append(&window, &unknown);
    assert_int_equal(window.missing_trades, -1);
    assert_int_equal(window.first_trade_id, 0);
    assert_int_equal(window.last_trade_id, -1);
}

static void content_is_compared_by_value_and_without_the_revision(void **state)
{
    (void)state;
    struct candle a = minute(0, 100, 120, 90, 110);
    struct candle b = a;
    b.revision++;
    b.updated_ms++;
    b.open = (struct decimal){.coefficient = 1000, .scale = 3};
    assert_true(fold_same_content(&a, &b));
    b.taker_buy_volume = cents(1);
    assert_false(fold_same_content(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_takes_the_first_open_the_extremes_and_the_last_close),
        cmocka_unit_test(a_day_of_the_largest_volumes_does_not_overflow),
        cmocka_unit_test(empty_minutes_leave_the_trade_ids_to_those_with_trades),
        cmocka_unit_test(one_minute_without_trade_ids_makes_the_missing_trades_unknown),
        cmocka_unit_test(content_is_compared_by_value_and_without_the_revision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
