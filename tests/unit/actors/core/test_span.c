#include "actors/core/span.h"

#include "actors/core/rules.h"
#include "tests/unit/cmocka.h"

static void put(struct span *span, size_t index, int64_t first_id, int64_t last_id)
{
    span->minutes[index] = (struct candle){
        .minutes = 1,
        .trades = last_id - first_id + 1,
        .trade_ids = TRADE_IDS_known,
        .first_trade_id = first_id,
        .last_trade_id = last_id,
    };
}

static void put_empty(struct span *span, size_t index)
{
    span->minutes[index] = (struct candle){.minutes = 1, .trade_ids = TRADE_IDS_none};
}

static void put_unknown(struct span *span, size_t index)
{
    span->minutes[index] = (struct candle){
        .minutes = 1, .trades = 1, .trade_ids = TRADE_IDS_unknown, .has_unknown_ids = true};
}

static int setup(void **state)
{
    static struct span span;
    span_reset(&span, 0, 200);
    *state = &span;
    return 0;
}

static int teardown(void **state)
{
    span_deinit(*state);
    return 0;
}

static void a_proof_looks_past_empty_and_absent_minutes(void **state)
{
    struct span *span = *state;
    put(span, 10, 100, 109);
    put_empty(span, 12);
    put(span, 15, 110, 112);
    assert_int_equal(span_previous(span, 15), 10);
    assert_int_equal(span_next(span, 10), 15);
    assert_true(span_is_contiguous(span, 10, 15));
}

static void a_proof_stops_at_trades_whose_ids_are_unknown(void **state)
{
    struct span *span = *state;
    put(span, 10, 100, 109);
    put_unknown(span, 12);
    assert_int_equal(span_previous(span, 15), SPAN_NOT_FOUND);
}

static void a_proof_reaches_one_hour_and_no_further(void **state)
{
    struct span *span = *state;
    put(span, 10, 100, 109);
    assert_int_equal(span_previous(span, 10 + PROOF_MINUTES_MAX), 10);
    assert_int_equal(span_previous(span, 11 + PROOF_MINUTES_MAX), SPAN_NOT_FOUND);
}

static void missing_trades_count_where_minutes_are_absent(void **state)
{
    struct span *span = *state;
    put(span, 63, 100, 109);
    put(span, 66, 113, 120); /* three trades are missing from 64 and 65 */
    assert_int_equal(span_missing_trades(span, 60, 65), 3);
    assert_int_equal(span_missing_trades(span, 65, 70), 3);
    assert_int_equal(span_missing_trades(span, 66, 70), 0);
    assert_int_equal(span_missing_trades(span, 55, 60), 0);
}

static void missing_trades_between_neighbours_count_in_the_later_one(void **state)
{
    struct span *span = *state;
    put(span, 64, 100, 109);
    put(span, 65, 112, 120);
    assert_int_equal(span_missing_trades(span, 60, 65), 0);
    assert_int_equal(span_missing_trades(span, 65, 70), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_proof_looks_past_empty_and_absent_minutes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_proof_stops_at_trades_whose_ids_are_unknown, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_proof_reaches_one_hour_and_no_further, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_trades_count_where_minutes_are_absent, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(missing_trades_between_neighbours_count_in_the_later_one,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
