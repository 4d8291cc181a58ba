#include "actors/core/closes.h"

#include "tests/unit/cmocka.h"

#include <string.h>

static struct decimal number(const char *text)
{
    struct decimal decimal;
    assert_int_equal(decimal_parse(slice_of_text(text), &decimal), STATUS_OK);
    return decimal;
}

static struct candle closing_at(const char *price)
{
    return (struct candle){.interval = INTERVAL_5m, .minutes = 5, .close = number(price)};
}

static struct series_set one(const char *text)
{
    struct series_set set = {.count = 1};
    assert_int_equal(series_parse(slice_of_text(text), &set.items[0]), STATUS_OK);
    return set;
}

/* What the series is worth at the last of these closes; "-" is an absent window. NULL: unknown. */
static const char *value_of(const char *series, const char *const *closes, size_t count)
{
    static char text[DECIMAL_TEXT_MAX];
    struct series_set set = one(series);
    struct closes held = {.count = 0};
    struct candle candle = {.minutes = 0};

    for (size_t i = 0; i < count; i++) {
        bool is_absent = strcmp(closes[i], "-") == 0;
        candle = is_absent ? candle : closing_at(closes[i]);
        closes_push(&held, (int64_t)i, is_absent ? NULL : &candle,
                    (size_t)series_set_windows(&set));
    }
    struct derived derived = closes_derive(&held, &set, &candle);
    closes_deinit(&held);
    assert_int_equal(derived.count, 1);
    decimal_print(series_value(&derived, 0), text);
    return derived.is_known[0] ? text : NULL;
}

#define VALUE_OF(series, ...)                                                                      \
    value_of(series, (const char *const[]){__VA_ARGS__},                                           \
             ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

static void a_mean_is_of_the_newest_closes(void **state)
{
    (void)state;
    assert_string_equal(VALUE_OF("sma(3)", "100", "1", "2.5", "4"), "2.5");
    assert_string_equal(VALUE_OF("sma(3)", "1", "1", "2"), "1.33333333333333");
    assert_string_equal(VALUE_OF("sma(3)", "1", "2", "2"), "1.66666666666667");
}

static void a_half_is_rounded_to_the_even_neighbour(void **state)
{
    (void)state;
    assert_string_equal(VALUE_OF("sma(2)", "0.00000000000001", "0"), "0");
    assert_string_equal(VALUE_OF("sma(2)", "0.00000000000001", "0.00000000000002"),
                        "0.00000000000002");
    assert_string_equal(VALUE_OF("sma(2)", "0.00000000000002", "0.00000000000003"),
                        "0.00000000000002");
}

static void a_mean_over_a_hole_is_not_known(void **state)
{
    (void)state;
    assert_null(VALUE_OF("sma(3)", "1", "2"));
    assert_null(VALUE_OF("sma(3)", "1", "-", "2", "3"));
    assert_string_equal(VALUE_OF("sma(3)", "-", "1", "2", "3"), "2");
}

static void an_exponential_mean_begins_with_the_first_of_8n_closes(void **state)
{
    (void)state;
    /* n = 2: e = (e + 2c) / 3, over 16 closes. */
    static const char *const step[] = {"9", "1", "1", "1", "1", "1", "1", "1", "1",
                                       "1", "1", "1", "1", "1", "1", "1", "4"};
    static const char *const early[] = {"9", "0", "0", "0", "0", "0", "0", "0",
                                        "0", "0", "0", "0", "0", "0", "0", "0"};
    assert_string_equal(value_of("ema(2)", step, 17), "3"); /* (1 + 8) / 3; the 9 is out of it */
    assert_null(value_of("ema(2)", early, 15));
    assert_string_equal(value_of("ema(2)", early, 16), "0.00000062722547"); /* 9 / 3^15, rounded */
}

static void the_price_is_weighed_by_volume(void **state)
{
    (void)state;
    static const struct {
        const char *quote;
        const char *volume;
        const char *vwap; /* NULL: not known */
    } rows[] = {
        {"10", "4", "2.5"},
        {"1", "3", "0.33333333333333"},
        {"2.00", "3.000", "0.66666666666667"},
        {"0", "5", "0"},
        {"5", "0", NULL},
        {"0", "0", NULL},
        {"0.00000000000001", "2", "0"}, /* a half, to the even one */
        {"0.00000000000003", "2", "0.00000000000002"},
        {"9999999999999999", "0.00000000000001", NULL}, /* more digits than a price has */
        {"9999999999999999", "1", "9999999999999999"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[DECIMAL_TEXT_MAX];
        struct series_set set = one("vwap");
        struct closes none = {.count = 0};
        struct candle candle = {.volume = number(rows[i].volume),
                                .quote_volume = number(rows[i].quote)};
        struct derived derived = closes_derive(&none, &set, &candle);
        assert_int_equal(derived.is_known[0], rows[i].vwap != NULL);
        decimal_print(series_value(&derived, 0), text);
        assert_string_equal(text, rows[i].vwap == NULL ? "0" : rows[i].vwap);
    }
}

static void the_largest_prices_do_not_overflow(void **state)
{
    (void)state;
    static const char price[] = "9999999999999999.99999999999999";
    struct series_set set = {2, {one("sma(100)").items[0], one("ema(100)").items[0]}};
    struct closes held = {.count = 0};
    struct candle candle = closing_at(price);
    for (int64_t i = 0; i < 800; i++) {
        closes_push(&held, i, &candle, 800);
    }
    struct derived derived = closes_derive(&held, &set, &candle);
    for (size_t i = 0; i < 2; i++) {
        char text[DECIMAL_TEXT_MAX];
        decimal_print(series_value(&derived, i), text);
        assert_string_equal(text, price);
    }
    closes_deinit(&held);
}

static void old_closes_are_forgotten_and_the_last_one_may_change(void **state)
{
    (void)state;
    struct series_set set = one("sma(2)");
    struct closes held = {.count = 0};
    struct candle low = closing_at("1");
    struct candle high = closing_at("3");
    for (int64_t i = 0; i < 1000; i++) {
        closes_push(&held, i, &low, 2);
    }
    assert_true(held.capacity <= 8);
    assert_int_equal(held.last_ms, 999);
    closes_replace_last(&held, &high);
    assert_true(closes_derive(&held, &set, &high).values[0] == (int128)200000000000000);
    closes_clear(&held);
    closes_push(&held, 5, &low, 2);
    assert_false(closes_derive(&held, &set, &low).is_known[0]);
    closes_deinit(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mean_is_of_the_newest_closes),
        cmocka_unit_test(a_half_is_rounded_to_the_even_neighbour),
        cmocka_unit_test(a_mean_over_a_hole_is_not_known),
        cmocka_unit_test(an_exponential_mean_begins_with_the_first_of_8n_closes),
        cmocka_unit_test(the_price_is_weighed_by_volume),
        cmocka_unit_test(the_largest_prices_do_not_overflow),
        cmocka_unit_test(old_closes_are_forgotten_and_the_last_one_may_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
