#include "actors/core/feed_gaps.h"

#include "proto/interval.h"
#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { HOLES_MAX = 4096, BASE_MINUTE = 29000000 };

#define MINUTE(n) (((int64_t)BASE_MINUTE + (n)) * MINUTE_MS)

/* The ledger, as the rules tell it. */
struct book {
    struct feed_gaps gaps;
    struct feed_gaps_rules rules;
    struct feed_hole holes[HOLES_MAX];
    size_t count;
};

static void on_changed(void *context, const struct feed_hole *hole, bool is_gone)
{
    struct book *book = context;
    size_t at = 0;
    while (at < book->count &&
           (book->holes[at].from_ms != hole->from_ms || book->holes[at].kind != hole->kind)) {
        at++;
    }
    if (is_gone) {
        if (at < book->count) {
            book->holes[at] = book->holes[--book->count];
        }
        return;
    }
    assert_true(at < HOLES_MAX);
    book->holes[at] = *hole;
    book->count += at == book->count;
}

static int setup(void **state)
{
    static struct book book;
    book = (struct book){.count = 0};
    book.rules = (struct feed_gaps_rules){
        .keep_ms = 2000ll * MINUTE_MS,
        .backfill_ms = 0,
        .proves_by_ids = true,
        .context = &book,
        .changed = on_changed,
    };
    feed_gaps_init(&book.gaps, "BTCUSDT");
    *state = &book;
    return 0;
}

static int teardown(void **state)
{
    struct book *book = *state;
    feed_gaps_deinit(&book->gaps);
    return 0;
}

static struct kline closed(int minute, int64_t first_id, int64_t last_id)
{
    struct kline kline = {
        .symbol = "BTCUSDT",
        .symbol_size = 7,
        .is_closed = true,
        .trade_ids = TRADE_IDS_known,
        .open_ms = MINUTE(minute),
        .event_ms = MINUTE(minute + 1) + 5,
        .trades = last_id - first_id + 1,
        .first_trade_id = first_id,
        .last_trade_id = last_id,
    };
    return kline;
}

static struct kline row(int minute)
{
    struct kline kline = closed(minute, 0, 0);
    kline.trade_ids = TRADE_IDS_unknown;
    kline.first_trade_id = -1;
    kline.last_trade_id = -1;
    return kline;
}

static struct kline opened(int minute, int64_t second)
{
    struct kline kline = closed(minute, 1, 2);
    kline.is_closed = false;
    kline.event_ms = MINUTE(minute) + second * 1000;
    return kline;
}

/* Told over the stream, five milliseconds after its end. */
static void take(struct book *book, struct kline kline)
{
    assert_int_equal(feed_gaps_judge(&book->gaps, &kline), FEED_take);
    feed_gaps_took(&book->gaps, &book->rules, &kline, false, kline.event_ms, 0);
}

static void take_minutes(struct book *book, int from, int to)
{
    for (int minute = from; minute <= to; minute++) {
        take(book, closed(minute, 100 * minute, 100 * minute + 99));
    }
}

static bool next_ask(struct book *book, int64_t exchange_ms, int64_t now_ms, struct feed_ask *ask)
{
    return feed_gaps_next_ask(&book->gaps, &book->rules, exchange_ms, now_ms, ask);
}

/* An answer with these minutes of what was asked. */
static void answer(struct book *book, const struct feed_ask *ask, int from, int to,
                   int64_t exchange_ms, int64_t now_ms)
{
    int64_t newest_ms = FEED_NO_TIME;
    for (int minute = from; minute <= to; minute++) {
        struct kline kline = row(minute);
        newest_ms = kline.open_ms;
        if (feed_gaps_wants(&book->gaps, ask, kline.open_ms)) {
            feed_gaps_took(&book->gaps, &book->rules, &kline, true, exchange_ms, now_ms);
        }
    }
    feed_gaps_answered(&book->gaps, &book->rules, ask, newest_ms, exchange_ms, now_ms);
}

static void assert_hole(const struct book *book, size_t index, enum feed_hole_state state, int from,
                        int to)
{
    assert_true(index < book->count);
    assert_string_equal(book->holes[index].symbol, "BTCUSDT");
    assert_int_equal(book->holes[index].state, state);
    assert_int_equal(book->holes[index].from_ms, MINUTE(from));
    assert_int_equal(book->holes[index].to_ms, MINUTE(to));
}

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
    assert_false(feed_gaps_wants(&book->gaps, &ask, MINUTE(2)));
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

static void a_minute_is_missing_only_some_seconds_after_its_end(void **state)
{
    struct book *book = *state;
    take_minutes(book, 0, 4);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(6) + FEED_GAPS_GRACE_MS - 1, 0);
    assert_int_equal(book->count, 0);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(6) + FEED_GAPS_GRACE_MS, 0);
    assert_hole(book, 0, FEED_HOLE_STATE_open, 5, 5);
}

static void what_the_exchange_has_not_got_is_asked_for_three_times(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    int64_t now_ms = 0;
    int asks = 0;
    take_minutes(book, 0, 4);
    feed_gaps_look(&book->gaps, &book->rules, MINUTE(6) + 10000, now_ms);
    for (int i = 0; i < 1000; i++, now_ms += 1000) {
        if (next_ask(book, MINUTE(6) + 10000, now_ms, &ask)) {
            asks++;
            answer(book, &ask, 1, 0, MINUTE(6) + 10000, now_ms);
        }
    }
    assert_int_equal(asks, FEED_GAPS_ASKS);
    assert_hole(book, 0, FEED_HOLE_STATE_absent, 5, 5);
    assert_int_equal(book->holes[0].asked, FEED_GAPS_ASKS);
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
    assert_hole(book, 0, FEED_HOLE_STATE_filled, 1, 2);
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

static void an_answer_that_cannot_be_used_is_put_off_and_not_counted(void **state)
{
    struct book *book = *state;
    struct feed_ask ask;
    take_minutes(book, 0, 0);
    take(book, closed(2, 200, 299));
    assert_true(next_ask(book, MINUTE(3), 0, &ask));
    feed_gaps_postpone(&book->gaps, &ask, 5000);
    assert_false(next_ask(book, MINUTE(3), 4999, &ask));
    assert_true(next_ask(book, MINUTE(3), 5000, &ask));
    assert_int_equal(book->holes[0].asked, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(minutes_that_follow_each_other_leave_no_hole),
        TEST(the_same_minute_over_another_connection_is_a_duplicate),
        TEST(open_klines_are_taken_once_and_in_their_order),
        TEST(a_minute_that_was_lost_is_asked_for_and_filled),
        TEST(a_minute_of_a_hole_that_the_stream_tells_late_is_asked_for_no_more),
        TEST(a_restart_asks_for_what_it_missed),
        TEST(a_hole_in_the_ledger_is_asked_for_after_a_restart),
        TEST(a_symbol_that_nobody_knows_is_asked_for_as_far_back_as_configured),
        TEST(a_minute_is_missing_only_some_seconds_after_its_end),
        TEST(what_the_exchange_has_not_got_is_asked_for_three_times),
        TEST(a_hole_with_later_minutes_in_its_answer_is_the_exchanges_own_at_once),
        TEST(a_symbol_that_trades_no_more_makes_one_hole_and_is_asked_ever_less),
        TEST(what_is_older_than_a_shard_takes_is_not_asked_for),
        TEST(a_long_hole_is_asked_for_piece_by_piece),
        TEST(ids_that_do_not_follow_prove_trades_that_are_missing),
        TEST(ids_across_empty_minutes_prove_that_nothing_is_missing),
        TEST(ids_that_prove_nothing_open_no_hole),
        TEST(an_answer_that_cannot_be_used_is_put_off_and_not_counted),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
