#include "state/outbox.h"
#include "tests/unit/cmocka.h"

static void an_entry_comes_back_as_it_went(void **state)
{
    (void)state;
    unsigned char value[16];
    struct outbox_row row;

    for (int i = 0; i < INTERVAL_COUNT; i++) {
        size_t size = outbox_encode(OUTBOX_candle, (enum interval)i, slice_of_text("abc"), value);
        assert_int_equal(size, 5);
        assert_int_equal(outbox_decode((struct slice){value, size}, &row), STATUS_OK);
        assert_int_equal(row.kind, OUTBOX_candle);
        assert_int_equal(row.interval, i);
        assert_true(slice_equals(row.payload, slice_of_text("abc")));
        assert_ptr_equal(row.payload.bytes, value + 2);
    }
    size_t size = outbox_encode(OUTBOX_dead_letter, INTERVAL_5m, (struct slice){NULL, 0}, value);
    assert_int_equal(outbox_decode((struct slice){value, size}, &row), STATUS_OK);
    assert_int_equal(row.kind, OUTBOX_dead_letter);
    assert_int_equal(row.payload.size, 0);
}

static void bytes_that_are_no_entry_are_corrupt(void **state)
{
    (void)state;
    static const unsigned char bad[][2] = {{0, 0}, {3, 0}, {1, INTERVAL_COUNT}, {1, 255}, {2, 1}};
    struct outbox_row row = {.sequence = 7};

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_int_equal(outbox_decode((struct slice){bad[i], 2}, &row), STATUS_CORRUPT);
    }
    assert_int_equal(outbox_decode((struct slice){"\1", 1}, &row), STATUS_CORRUPT);
    assert_int_equal(outbox_decode((struct slice){NULL, 0}, &row), STATUS_CORRUPT);
    assert_int_equal(row.sequence, 7);
}

static void a_sink_gets_what_its_filter_names(void **state)
{
    (void)state;
    struct outbox_filter candles = {.intervals =
                                        INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_1d)};
    struct outbox_filter letters = {.wants_dead_letters = true};

    assert_true(outbox_filter_wants(&candles, OUTBOX_candle, INTERVAL_1m));
    assert_true(outbox_filter_wants(&candles, OUTBOX_candle, INTERVAL_1d));
    assert_false(outbox_filter_wants(&candles, OUTBOX_candle, INTERVAL_5m));
    assert_false(outbox_filter_wants(&candles, OUTBOX_dead_letter, INTERVAL_1m));
    assert_true(outbox_filter_wants(&letters, OUTBOX_dead_letter, INTERVAL_1m));
    assert_false(outbox_filter_wants(&letters, OUTBOX_candle, INTERVAL_1m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_comes_back_as_it_went),
        cmocka_unit_test(bytes_that_are_no_entry_are_corrupt),
        cmocka_unit_test(a_sink_gets_what_its_filter_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
