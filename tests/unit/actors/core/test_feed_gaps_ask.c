#include "actors/core/feed_gaps_ask.h"

#include "tests/unit/actors/core/feed_gaps_book.h"

static void a_minute_that_was_lost_is_asked_for_and_filled(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 4);
    take(book, closed(7, 700, 799));
    assert_int_equal(book->count, 1);
    assert_hole(book, 0, FEED_HOLE_STATE_open, 5, 6);
    assert_true(next_ask(book, MINUTE(8), 0, &ask));
    assert_int_equal(ask.from_ms, MINUTE(5));
    assert_int_equal(ask.to_ms, MINUTE(6));
    answer(book, &ask, 5, 6, MINUTE(8), 0);
    assert_int_equal(book->count, 1); /* minutes that follow each other are one line */
    assert_hole(book, 0, FEED_HOLE_STATE_filled, 5, 6);
    assert_false(next_ask(book, MINUTE(8), 1000000, &ask));
}

static void a_minute_of_a_hole_that_the_stream_tells_late_is_asked_for_no_more(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 0);
    take(book, closed(4, 400, 499));
    take(book, closed(2, 200, 299));
    assert_int_equal(feed_gaps_open_minutes(&book->gaps), 2);
    assert_true(next_ask(book, MINUTE(5), 0, &ask));
    assert_int_equal(ask.from_ms, MINUTE(1));
    assert_int_equal(ask.to_ms, MINUTE(1));
    assert_false(feed_gaps_ask_wants(&book->gaps, &ask, MINUTE(2)));
}

static void a_restart_asks_for_what_it_missed(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    struct feed_symbol row = {.name = "BTCUSDT", .known_to_ms = MINUTE(10), .last_trade_id = -1};
    feed_gaps_restore(&book->gaps, &row);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(100) + 30000, 0);
    assert_hole(book, 0, FEED_HOLE_STATE_open, 11, 99);
    assert_true(next_ask(book, MINUTE(100) + 30000, 0, &ask));
    answer(book, &ask, 11, 99, MINUTE(100) + 30000, 0);
    assert_hole(book, 0, FEED_HOLE_STATE_filled, 11, 99);
    take_minutes(book, 100, 101);
    assert_int_equal(book->count, 1);
}

static void a_hole_in_the_ledger_is_asked_for_after_a_restart(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    struct feed_symbol row = {.name = "BTCUSDT", .known_to_ms = MINUTE(10), .last_trade_id = -1};
    struct feed_hole hole = {.symbol = "BTCUSDT", .from_ms = MINUTE(3), .to_ms = MINUTE(5)};
    feed_gaps_restore(&book->gaps, &row);
    feed_gaps_restore_hole(&book->gaps, &hole);
    assert_true(next_ask(book, MINUTE(11), 0, &ask));
    assert_int_equal(ask.from_ms, MINUTE(3));
    assert_int_equal(ask.to_ms, MINUTE(5));
}

static void a_symbol_that_nobody_knows_is_asked_for_as_far_back_as_configured(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    book->rules.backfill_ms = 30ll * MINUTE_MS;
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(100) + 15000, 0);
    assert_true(next_ask(book, MINUTE(100) + 15000, 0, &ask));
    assert_int_equal(ask.from_ms, MINUTE(70));
    assert_int_equal(ask.to_ms, MINUTE(99));
}

/* The answers of so long to what is asked for, all of them empty; how many there were. */
static int answer_nothing(struct book *book, int64_t from_ms, int64_t to_ms)
{
    struct feed_ask ask;
    int asks = 0;
    for (int64_t now_ms = from_ms; now_ms < to_ms; now_ms += 1000) {
        int64_t exchange_ms = MINUTE(6) + 10000 + now_ms;
        if (next_ask(book, exchange_ms, now_ms, &ask)) {
            asks++;
            answer(book, &ask, 1, 0, exchange_ms, now_ms);
        }
    }
    return asks;
}

static void what_rest_has_not_got_is_asked_for_ever_more_rarely_for_half_an_hour(void **state)
{
    struct book *book = *state;
    take_minutes(book, 0, 4);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(6) + 10000, 0);
    assert_int_equal(answer_nothing(book, 0, 60000), 5);
    assert_int_equal(answer_nothing(book, 60000, FEED_GAPS_PATIENCE_MS), FEED_GAPS_ASKS - 6);
    assert_hole(book, 0, FEED_HOLE_STATE_open, 5, 5);
    assert_int_equal(answer_nothing(book, FEED_GAPS_PATIENCE_MS, 3 * 3600000), 1);
    assert_hole(book, 0, FEED_HOLE_STATE_absent, 5, 5);
    assert_int_equal(book->holes[0].asked, FEED_GAPS_ASKS);
}

static void a_minute_that_rest_has_late_is_filled(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 4);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(6) + 10000, 0);
    (void)answer_nothing(book, 0, 60000);
    assert_true(next_ask(book, MINUTE(7) + 20000, 70000, &ask));
    answer(book, &ask, 5, 5, MINUTE(7) + 20000, 70000);
    assert_hole(book, 0, FEED_HOLE_STATE_filled, 5, 5);
}

static void no_row_proves_nothing_of_what_is_long_ago(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 0);
    take(book, closed(2, 200, 299));
    assert_true(next_ask(book, MINUTE(200), 0, &ask));
    assert_int_equal(ask.to_ms, MINUTE(1));
    assert_int_equal(ask.read_to_ms, MINUTE(199));
    answer(book, &ask, 1, 0, MINUTE(200), 0);
    assert_hole(book, 0, FEED_HOLE_STATE_open, 1, 1);
    assert_true(next_ask(book, MINUTE(200), 2000, &ask));
    answer(book, &ask, 7, 9, MINUTE(200), 2000); /* rows behind the hole are a proof */
    assert_hole(book, 0, FEED_HOLE_STATE_absent, 1, 1);
}

static void a_hole_that_grew_is_given_up_only_where_it_is_old(void **state)
{
    struct book *book = *state;
    take_minutes(book, 0, 4);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(6) + 10000, 0);
    (void)answer_nothing(book, 0, 2000000);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(39) + 10000, 2000000);
    assert_int_equal(book->count, 1);
    assert_hole(book, 0, FEED_HOLE_STATE_open, 5, 38);
    (void)answer_nothing(book, 2000000, 2100000);
    assert_int_equal(book->count, 2);
    for (size_t i = 0; i < 2; i++) {
        bool is_open = book->holes[i].state == FEED_HOLE_STATE_open;
        assert_hole(book, i, is_open ? FEED_HOLE_STATE_open : FEED_HOLE_STATE_absent,
                    is_open ? 10 : 5, is_open ? 38 : 9);
    }
}

static void a_hole_behind_which_the_stream_goes_on_is_asked_for_soon(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    struct kline kline = closed(6, 600, 699);
    take_minutes(book, 0, 4);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(6) + 10000, 0);
    (void)answer_nothing(book, 0, 600000);
    assert_false(next_ask(book, MINUTE(16), 600000, &ask));
    feed_gaps_took(&book->gaps, &book->rules, &kline, false, MINUTE(16), 600000);
    assert_true(next_ask(book, MINUTE(16), 602000, &ask));
    assert_int_equal(ask.from_ms, MINUTE(5));
}

static void a_hole_with_later_minutes_in_its_answer_is_the_exchanges_own_at_once(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 0);
    take(book, closed(6, 600, 699));
    assert_true(next_ask(book, MINUTE(7), 0, &ask));
    answer(book, &ask, 4, 5, MINUTE(7), 0);
    assert_int_equal(book->count, 2);
    assert_int_equal(feed_gaps_open_minutes(&book->gaps), 0);
    for (size_t i = 0; i < 2; i++) {
        bool is_absent = book->holes[i].state == FEED_HOLE_STATE_absent;
        assert_hole(book, i, is_absent ? FEED_HOLE_STATE_absent : FEED_HOLE_STATE_filled,
                    is_absent ? 1 : 4, is_absent ? 3 : 5);
    }
}

static void a_symbol_that_trades_no_more_makes_one_hole_and_is_asked_ever_less(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    int asks = 0;
    take_minutes(book, 0, 4);
    for (int64_t now_ms = 0; now_ms < 24ll * 3600000; now_ms += 1000) {
        int64_t exchange_ms = MINUTE(5) + now_ms;
        feed_gaps_look(&book->gaps, &book->rules, exchange_ms, now_ms);
        if (next_ask(book, exchange_ms, now_ms, &ask)) {
            asks++;
            answer(book, &ask, 1, 0, exchange_ms, now_ms);
        }
    }
    assert_true(asks < 120);
    assert_int_equal(book->holes[0].from_ms, MINUTE(5));
    assert_int_equal(book->holes[0].state, FEED_HOLE_STATE_absent);
    assert_true(book->count <= 2); /* and perhaps one that is asked for just now */
}

static void what_is_older_than_a_shard_takes_is_not_asked_for(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    struct feed_symbol row = {.name = "BTCUSDT", .known_to_ms = MINUTE(0), .last_trade_id = -1};
    feed_gaps_restore(&book->gaps, &row);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(2100) + 15000, 0);
    assert_true(next_ask(book, MINUTE(2100) + 15000, 0, &ask));
    assert_int_equal(ask.from_ms, MINUTE(101));
    assert_int_equal(ask.to_ms - ask.from_ms, (FEED_GAPS_ASK_MINUTES - 1) * (int64_t)MINUTE_MS);
    size_t old = book->holes[0].state == FEED_HOLE_STATE_too_old ? 0 : 1;
    assert_hole(book, old, FEED_HOLE_STATE_too_old, 1, 100);
}

static void a_long_hole_is_asked_for_piece_by_piece(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    struct feed_symbol row = {.name = "BTCUSDT", .known_to_ms = MINUTE(0), .last_trade_id = -1};
    int64_t exchange_ms = MINUTE(1800) + 15000;
    feed_gaps_restore(&book->gaps, &row);
    feed_gaps_look(&book->gaps, &book->rules, exchange_ms, 0);
    assert_true(next_ask(book, exchange_ms, 0, &ask));
    answer(book, &ask, 1, 1000, exchange_ms, 0);
    assert_true(next_ask(book, exchange_ms, 0, &ask));
    assert_int_equal(ask.from_ms, MINUTE(1001));
    assert_int_equal(ask.to_ms, MINUTE(1799));
    answer(book, &ask, 1001, 1799, exchange_ms, 0);
    assert_int_equal(book->count, 1);
    assert_hole(book, 0, FEED_HOLE_STATE_filled, 1, 1799);
}

static void an_answer_that_cannot_be_used_is_put_off_and_not_counted(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 0);
    take(book, closed(2, 200, 299));
    assert_true(next_ask(book, MINUTE(3), 0, &ask));
    feed_gaps_ask_postpone(&book->gaps, &ask, 5000);
    assert_false(next_ask(book, MINUTE(3), 4999, &ask));
    assert_true(next_ask(book, MINUTE(3), 5000, &ask));
    assert_int_equal(book->holes[0].asked, 0);
}

static bool next_stretch(struct book *book, int from, int to, struct feed_ask *ask)
{
    return feed_gaps_ask_stretch(&book->gaps, &book->rules, MINUTE(from), MINUTE(to), MINUTE(100),
                                 0, ask);
}

static void a_stretch_divides_the_hole_that_goes_on_behind_it(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 0);
    take(book, closed(50, 5000, 5099));
    assert_true(next_stretch(book, 1, 20, &ask));
    assert_int_equal(ask.from_ms, MINUTE(1));
    assert_int_equal(ask.to_ms, MINUTE(20));
    assert_int_equal(ask.read_to_ms, MINUTE(21)); /* one more: a proof */
    assert_int_equal(book->count, 2);
    assert_hole(book, 0, FEED_HOLE_STATE_open, 1, 20);
    assert_hole(book, 1, FEED_HOLE_STATE_open, 21, 49);
    answer(book, &ask, 1, 20, MINUTE(100), 0);
    assert_int_equal(feed_gaps_open_minutes(&book->gaps), 29);
    assert_true(next_stretch(book, 21, 99, &ask));
    assert_int_equal(ask.to_ms, MINUTE(49));
    answer(book, &ask, 21, 49, MINUTE(100), 0);
    assert_int_equal(book->count, 1);
    assert_hole(book, 0, FEED_HOLE_STATE_filled, 1, 49);
}

static void a_stretch_has_one_question_for_all_its_holes_and_none_for_older_ones(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 0);
    take(book, closed(5, 500, 599));
    take(book, closed(8, 800, 899));
    take(book, closed(12, 1200, 1299));
    assert_true(next_stretch(book, 3, 20, &ask)); /* 1 to 4 begins before it */
    assert_int_equal(ask.from_ms, MINUTE(6));
    assert_int_equal(ask.to_ms, MINUTE(11));
    answer(book, &ask, 6, 12, MINUTE(100), 0);
    assert_int_equal(feed_gaps_open_minutes(&book->gaps), 4);
    assert_false(next_stretch(book, 3, 20, &ask));
}

static int64_t oldest(struct book *book, int64_t after_ms, int64_t now_ms)
{
    return feed_gaps_ask_oldest(&book->gaps, &book->rules, after_ms, MINUTE(100), now_ms);
}

static void the_oldest_hole_is_told_unless_it_waits_or_is_not_asked_about(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 0);
    take(book, closed(5, 500, 599));
    take(book, closed(8, 800, 899));
    assert_int_equal(oldest(book, FEED_NO_TIME, 0), MINUTE(1));
    assert_int_equal(oldest(book, MINUTE(1), 0), MINUTE(6));
    assert_int_equal(oldest(book, MINUTE(6), 0), FEED_NO_TIME);
    assert_true(next_stretch(book, 1, 4, &ask));
    feed_gaps_ask_postpone(&book->gaps, &ask, 5000);
    assert_int_equal(oldest(book, FEED_NO_TIME, 0), MINUTE(6));
    assert_int_equal(oldest(book, FEED_NO_TIME, 5000), MINUTE(1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_minute_that_was_lost_is_asked_for_and_filled),
        TEST(a_minute_of_a_hole_that_the_stream_tells_late_is_asked_for_no_more),
        TEST(a_restart_asks_for_what_it_missed),
        TEST(a_hole_in_the_ledger_is_asked_for_after_a_restart),
        TEST(a_symbol_that_nobody_knows_is_asked_for_as_far_back_as_configured),
        TEST(what_rest_has_not_got_is_asked_for_ever_more_rarely_for_half_an_hour),
        TEST(a_minute_that_rest_has_late_is_filled),
        TEST(no_row_proves_nothing_of_what_is_long_ago),
        TEST(a_hole_that_grew_is_given_up_only_where_it_is_old),
        TEST(a_hole_behind_which_the_stream_goes_on_is_asked_for_soon),
        TEST(a_hole_with_later_minutes_in_its_answer_is_the_exchanges_own_at_once),
        TEST(a_symbol_that_trades_no_more_makes_one_hole_and_is_asked_ever_less),
        TEST(what_is_older_than_a_shard_takes_is_not_asked_for),
        TEST(a_long_hole_is_asked_for_piece_by_piece),
        TEST(an_answer_that_cannot_be_used_is_put_off_and_not_counted),
        TEST(a_stretch_divides_the_hole_that_goes_on_behind_it),
        TEST(a_stretch_has_one_question_for_all_its_holes_and_none_for_older_ones),
        TEST(the_oldest_hole_is_told_unless_it_waits_or_is_not_asked_about),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
