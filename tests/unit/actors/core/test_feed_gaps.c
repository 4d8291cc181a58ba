#include "actors/core/feed_gaps.h"

#include "tests/unit/actors/core/feed_gaps_book.h"

static void minutes_that_follow_each_other_leave_no_hole(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 9);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(10) + 9000, 0);
    assert_int_equal(book->count, 0);
    assert_false(next_ask(book, MINUTE(10) + 9000, 0, &ask));
    assert_int_equal(book->gaps.row.known_to_ms, MINUTE(9));
}

static void the_same_minute_over_another_connection_is_a_duplicate(void **state)
{
    struct book *book = *state;
    struct kline kline = closed(0, 1, 9);
    take(book, kline);
    assert_int_equal(feed_gaps_judge(&book->gaps, &kline), FEED_duplicate);
    kline.event_ms += 3; /* stamped by another server */
    assert_int_equal(feed_gaps_judge(&book->gaps, &kline), FEED_duplicate);
    kline.last_trade_id++; /* a correction */
    assert_int_equal(feed_gaps_judge(&book->gaps, &kline), FEED_take);
    kline.event_ms -= 10; /* what it corrected */
    assert_int_equal(feed_gaps_judge(&book->gaps, &kline), FEED_duplicate);
}

static void open_klines_are_taken_once_and_in_their_order(void **state)
{
    struct book *book = *state;
    struct kline kline = opened(1, 10);
    take_minutes(book, 0, 0);
    take(book, kline);
    assert_int_equal(feed_gaps_judge(&book->gaps, &kline), FEED_stale);
    kline = opened(1, 8);
    assert_int_equal(feed_gaps_judge(&book->gaps, &kline), FEED_stale);
    kline = opened(0, 59); /* of a minute that is closed */
    assert_int_equal(feed_gaps_judge(&book->gaps, &kline), FEED_stale);
    kline = opened(1, 12);
    assert_int_equal(feed_gaps_judge(&book->gaps, &kline), FEED_take);
}

static void a_minute_is_missing_only_some_seconds_after_its_end(void **state)
{
    struct book *book = *state;
    take_minutes(book, 0, 4);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(6) + FEED_GAPS_GRACE_MS - 1, 0);
    assert_int_equal(book->count, 0);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(6) + FEED_GAPS_GRACE_MS, 0);
    assert_hole(book, 0, FEED_HOLE_STATE_open, 5, 5);
}

static void ids_that_do_not_follow_prove_trades_that_are_missing(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take(book, closed(0, 1, 10));
    take(book, closed(1, 11, 20));
    assert_int_equal(book->count, 0);
    take(book, closed(2, 25, 30));
    assert_int_equal(book->count, 1);
    assert_int_equal(book->holes[0].kind, FEED_HOLE_trades);
    assert_hole(book, 0, FEED_HOLE_STATE_open, 1, 2);
    assert_true(next_ask(book, MINUTE(3), 0, &ask));
    assert_int_equal(ask.kind, FEED_HOLE_trades);
    answer(book, &ask, 1, 2, MINUTE(3), 0);
    assert_hole(book, 0, FEED_HOLE_STATE_absent, 1, 2); /* rows have no ids */
}

static void ids_across_empty_minutes_prove_that_nothing_is_missing(void **state)
{
    struct book *book = *state;
    struct kline empty = closed(1, -1, -1);
    empty.trade_ids = TRADE_IDS_none;
    take(book, closed(0, 1, 10));
    take(book, empty);
    take(book, closed(2, 11, 20));
    assert_int_equal(book->count, 0);
}

static void ids_that_prove_nothing_open_no_hole(void **state)
{
    struct book *book = *state;
    book->rules.proves_by_ids = false;
    take(book, closed(0, 1, 10));
    take(book, closed(1, 50, 60));
    assert_int_equal(book->count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(minutes_that_follow_each_other_leave_no_hole),
        TEST(the_same_minute_over_another_connection_is_a_duplicate),
        TEST(open_klines_are_taken_once_and_in_their_order),
        TEST(a_minute_is_missing_only_some_seconds_after_its_end),
        TEST(ids_that_do_not_follow_prove_trades_that_are_missing),
        TEST(ids_across_empty_minutes_prove_that_nothing_is_missing),
        TEST(ids_that_prove_nothing_open_no_hole),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
