#include "tests/unit/actors/collector_world.h"

static void two_connections_tell_each_minute_once(void **state)
{
    struct world *w = *state;
    settle_start(w);
    say(w, 0, "{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":1}}");
    assert_int_equal(w->connects, 2);
    collector_opened(w->collector, 0, 1, w->now_ms);
    say(w, 1, "{\"result\":null,\"id\":2}");
    for (int place = 0; place < 2; place++) {
        say_kline(w, place, "BTCUSDT", 100, true, 0);
        say_kline(w, place, "ETHUSDT", 100, true, 0);
    }
    assert_int_equal(w->put_count, 2);
    assert_string_equal(w->puts[0], "BTCUSDT 100");
    assert_string_equal(w->puts[1], "ETHUSDT 100");
}

static void a_lost_minute_is_filled_once(void **state)
{
    struct world *w = *state;
    settle_start(w);
    say_kline(w, 0, "BTCUSDT", 100, true, 0);
    say_kline(w, 0, "BTCUSDT", 102, true, 0);
    say_kline(w, 0, "ETHUSDT", 100, true, 0);
    say_kline(w, 0, "ETHUSDT", 101, true, 0);
    say_kline(w, 0, "ETHUSDT", 102, true, 0);
    pass(w, 200);
    assert_string_equal(w->asked, "klines BTCUSDT 101 102"); /* what is behind it is a proof */
    say_kline(w, 0, "BTCUSDT", 101, true, 0);                /* it comes by itself meanwhile */
    size_t before = w->put_count;
    give_minutes(w, "BTCUSDT", 101, 101);
    assert_int_equal(w->put_count, before);
    pass(w, 2000);
    assert_string_equal(w->asked, "");
}

static void a_closed_minute_without_room_stays_a_hole_until_there_is(void **state)
{
    struct world *w = *state;
    settle_start(w);
    say_kline(w, 0, "ETHUSDT", 100, true, 0);
    w->is_full = true;
    say_kline(w, 0, "BTCUSDT", 100, true, 0);
    say_kline(w, 0, "BTCUSDT", 101, false, 11); /* moves the exchange's clock */
    pass(w, 1100);
    assert_string_equal(w->asked, "klines BTCUSDT 100 100");
    give_minutes(w, "BTCUSDT", 100, 100);
    w->is_full = false;
    assert_int_equal(collector_look(w->collector).open_minutes, 1);
    pass(w, 11000);
    assert_string_equal(w->asked, "klines BTCUSDT 100 100");
    give_minutes(w, "BTCUSDT", 100, 100);
    assert_int_equal(collector_look(w->collector).open_minutes, 0);
    assert_string_equal(w->puts[w->put_count - 1], "BTCUSDT 100");
}

static void a_silent_symbol_is_subscribed_to_again_and_asked_about(void **state)
{
    struct world *w = *state;
    settle_start(w);
    for (int minute = 100; minute < 102; minute++) {
        say_kline(w, 0, "BTCUSDT", minute, true, 0);
        pass(w, 50000);
    }
    int sends = w->sends;
    w->asked[0] = '\0';
    assert_int_equal(collector_look(w->collector).silent, 1);
    assert_int_equal(sends, 3);
    assert_string_equal(w->sent,
                        "{\"method\":\"SUBSCRIBE\",\"params\":[\"ethusdt@kline_1m\"],\"id\":3}");
    say_kline(w, 0, "ETHUSDT", 101, true, 0);
    assert_int_equal(collector_look(w->collector).silent, 0);
}

static void garbage_is_dropped_and_nothing_else_happens(void **state)
{
    static const char *const garbage[] = {
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"data\":1}",
        "{\"error\":5}",
        "{\"result\":null,\"id\":{}}",
        "{\"code\":2,\"msg\":\"Invalid request\"}",
        "{\"e\":\"kline\",\"k\":{}}",
        "{\"stream\":\"btcusdt@kline_1m\",\"data\":{\"e\":\"kline\",\"k\":7}}",
    };
    struct world *w = *state;
    settle_start(w);
    for (size_t i = 0; i < ARRAY_COUNT(garbage); i++) {
        say(w, 0, garbage[i]);
    }
    say_kline(w, 0, "XRPUSDT", 100, true, 0); /* nobody asked for it */
    assert_int_equal(w->put_count, 0);
    assert_true(w->is_connected[0]);
    say_kline(w, 0, "BTCUSDT", 100, true, 0);
    assert_int_equal(w->put_count, 1);
}

static void one_frame_from_far_ahead_is_not_believed_and_several_are(void **state)
{
    struct world *w = *state;
    settle_start(w);
    say_kline(w, 0, "BTCUSDT", 5000, true, 0);
    say_kline(w, 0, "BTCUSDT", 100, true, 0);
    say_kline(w, 0, "ETHUSDT", 100, true, 0);
    assert_int_equal(w->put_count, 2);
    assert_string_equal(w->puts[0], "BTCUSDT 100");
    say_kline(w, 0, "BTCUSDT", 700, true, 0); /* a machine that slept */
    say_kline(w, 0, "ETHUSDT", 700, true, 0);
    say_kline(w, 0, "BTCUSDT", 701, true, 0);
    assert_int_equal(w->put_count, 3);
    assert_int_equal(collector_look(w->collector).open_minutes, 600);
    pass(w, 1000);
    assert_string_equal(w->asked, "klines BTCUSDT 101 701");
}

static void holes_that_were_settled_long_ago_leave_the_ledger(void **state)
{
    struct world *w = *state;
    struct feed_batch batch = {.bytes = NULL};
    struct feed_change change;
    size_t at = 0;
    struct feed_symbol row = {.name = "BTCUSDT", .known_to_ms = MINUTE(0)};
    struct feed_hole hole = {.symbol = "BTCUSDT",
                             .state = FEED_HOLE_STATE_filled,
                             .settled_ms = MINUTE(0) - 401ll * 86400000};
    collector_restore_symbol(w->collector, &row);
    collector_restore_hole(w->collector, &hole);
    hole.from_ms = 60000;
    hole.settled_ms = MINUTE(0) - 399ll * 86400000;
    collector_restore_hole(w->collector, &hole);
    collector_prepare(w->collector, &batch);
    assert_int_equal(batch.count, 1);
    assert_true(feed_batch_next(&batch, &at, &change));
    assert_true(change.is_delete);
    feed_batch_deinit(&batch);
}

static void a_clock_that_is_far_behind_stamps_nothing(void **state)
{
    struct world *w = *state;
    int64_t wall_ms = MINUTE(100) - 7200000;
    assert_int_equal(collector_stamp_ms(w->collector, wall_ms, true, w->now_ms), wall_ms);
    settle_start(w);
    int64_t told_ms = collector_stamp_ms(w->collector, wall_ms, false, w->now_ms);
    assert_in_range(told_ms - MINUTE(100), 30000, 60000);
    wall_ms = MINUTE(75);
    assert_int_equal(collector_stamp_ms(w->collector, wall_ms, false, w->now_ms), wall_ms);
}

static void a_clock_that_is_ahead_stamps_nothing_that_a_broker_refuses(void **state)
{
    struct world *w = *state;
    int64_t wall_ms = MINUTE(300);
    settle_start(w);
    assert_int_equal(collector_stamp_ms(w->collector, wall_ms, false, w->now_ms), wall_ms);
    int64_t told_ms = collector_stamp_ms(w->collector, wall_ms, true, w->now_ms);
    assert_in_range(told_ms - MINUTE(100), 30000, 60000);
}

static void the_ledger_gets_what_has_changed_and_no_more(void **state)
{
    struct world *w = *state;
    struct feed_batch batch = {.bytes = NULL};
    struct feed_change change;
    struct feed_symbol row;
    size_t at = 0;
    settle_start(w);
    collector_prepare(w->collector, &batch);
    feed_batch_clear(&batch);
    collector_prepare(w->collector, &batch);
    assert_int_equal(batch.count, 0);
    say_kline(w, 0, "BTCUSDT", 100, true, 0);
    collector_prepare(w->collector, &batch);
    assert_int_equal(batch.count, 1);
    assert_true(feed_batch_next(&batch, &at, &change));
    struct slice value = {(const char *)change.value.bytes + FEED_CRC_SIZE,
                          change.value.size - FEED_CRC_SIZE};
    assert_true(feed_batch_read_symbol(change.key, value, &row));
    assert_string_equal(row.name, "BTCUSDT");
    assert_string_equal(row.status, "TRADING");
    assert_int_equal(row.known_to_ms, MINUTE(100));
    assert_int_equal(row.last_trade_id, 1009);
    feed_batch_deinit(&batch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(two_connections_tell_each_minute_once),
        TEST(a_lost_minute_is_filled_once),
        TEST(a_closed_minute_without_room_stays_a_hole_until_there_is),
        TEST(a_silent_symbol_is_subscribed_to_again_and_asked_about),
        TEST(garbage_is_dropped_and_nothing_else_happens),
        TEST(one_frame_from_far_ahead_is_not_believed_and_several_are),
        TEST(holes_that_were_settled_long_ago_leave_the_ledger),
        TEST(a_clock_that_is_far_behind_stamps_nothing),
        TEST(a_clock_that_is_ahead_stamps_nothing_that_a_broker_refuses),
        TEST(the_ledger_gets_what_has_changed_and_no_more),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
