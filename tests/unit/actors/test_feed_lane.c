#include "actors/feed_lane.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { SYMBOLS = 250, DAY_MS = 86400000, TEXTS_MAX = 64 };

/* The world around a lane: which places are connected, and what was sent. */
struct world {
    struct feed_lane lane;
    struct feed_budget budget;
    bool is_connected[2];
    int connects;
    int disconnects;
    char last[120]; /* the beginning of what was sent last */
    int sends;
    int64_t send_times[TEXTS_MAX];
    int64_t now_ms;
    char names[SYMBOLS][16];
    const char *symbols[SYMBOLS];
};

static void on_connect(void *context, int place)
{
    struct world *w = context;
    assert_false(w->is_connected[place]); /* never doubled */
    w->is_connected[place] = true;
    w->connects++;
}

static void on_disconnect(void *context, int place, bool is_planned, const char *why)
{
    struct world *w = context;
    (void)is_planned;
    (void)why;
    assert_true(w->is_connected[place]);
    w->is_connected[place] = false;
    w->disconnects++;
}

static void on_send(void *context, int place, struct slice text)
{
    struct world *w = context;
    assert_true(w->is_connected[place]);
    (void)snprintf(w->last, sizeof(w->last), "%.*s", (int)text.size, (const char *)text.bytes);
    w->send_times[w->sends++ % TEXTS_MAX] = w->now_ms;
}

static void begin(struct world *w, size_t symbols)
{
    *w = (struct world){.now_ms = 1000};
    for (size_t i = 0; i < SYMBOLS; i++) {
        (void)snprintf(w->names[i], sizeof(w->names[i]), "S%03zuUSDT", i);
        w->symbols[i] = w->names[i];
    }
    feed_budget_init(&w->budget, 150, 300000);
    feed_lane_init(&w->lane, &(struct feed_lane_options){
                                 .port = {w, on_connect, on_disconnect, on_send},
                                 .symbols = w->symbols,
                                 .symbol_count = symbols,
                                 .silence_ms = 90000,
                                 .age_ms_max = 23ll * 3600000,
                                 .seed = 7,
                                 .budget = &w->budget,
                             });
}

static int setup(void **state)
{
    static struct world world;
    begin(&world, 3);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    feed_lane_deinit(&w->lane);
    return 0;
}

static void pass(struct world *w, int64_t millis)
{
    for (int64_t end_ms = w->now_ms + millis; w->now_ms < end_ms;) {
        w->now_ms += 100;
        feed_lane_tick(&w->lane, w->now_ms);
    }
}

static void grant_all(struct world *w, int place)
{
    for (int64_t id = 1; id < w->lane.next_id; id++) {
        feed_lane_granted(&w->lane, place, id);
    }
}

static void serve(struct world *w, int place)
{
    feed_lane_opened(&w->lane, place, w->now_ms);
    pass(w, 5000);
    grant_all(w, place);
    feed_lane_heard(&w->lane, place, w->now_ms);
}

static void it_connects_subscribes_and_serves(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    assert_int_equal(w->connects, 1);
    serve(w, 0);
    assert_string_equal(w->last, "{\"method\":\"SUBSCRIBE\",\"params\":[\"s000usdt@kline_1m\","
                                 "\"s001usdt@kline_1m\",\"s002usdt@kline_1m\"],\"id\":1}");
    assert_int_equal(w->sends, 1);
    assert_true(feed_lane_is_serving(&w->lane));
}

static void many_symbols_are_subscribed_to_in_chunks_at_a_pace(void **state)
{
    struct world *w = *state;
    feed_lane_deinit(&w->lane);
    begin(w, SYMBOLS);
    pass(w, 100);
    serve(w, 0);
    assert_int_equal(w->sends, 3);
    for (int i = 1; i < w->sends; i++) {
        assert_true(w->send_times[i] - w->send_times[i - 1] >= FEED_LANE_PACE_MS);
    }
    assert_true(feed_lane_is_serving(&w->lane));
}

static void a_connection_that_ended_is_made_again_once(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    serve(w, 0);
    w->is_connected[0] = false;
    feed_lane_closed(&w->lane, 0, w->now_ms);
    pass(w, 20000);
    assert_int_equal(w->connects, 3); /* the attempt hung for 15 s, and was given up */
    assert_int_equal(w->disconnects, 1);
}

static void attempts_keep_inside_the_exchanges_limit(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 3000; i++) { /* five minutes of refusals */
        pass(w, 100);
        if (w->is_connected[w->lane.main]) {
            w->is_connected[w->lane.main] = false;
            feed_lane_closed(&w->lane, w->lane.main, w->now_ms);
        }
    }
    assert_true(w->connects > 10);
    assert_true(w->connects < 150);
}

static void an_old_connection_is_replaced_by_one_that_overlaps(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    serve(w, 0);
    for (int64_t age_ms = 0; age_ms < DAY_MS - 3600000 && w->connects == 1; age_ms += 60000) {
        pass(w, 60000);
        feed_lane_heard(&w->lane, 0, w->now_ms);
    }
    assert_int_equal(w->connects, 2);
    assert_true(w->is_connected[0] && w->is_connected[1]);
    serve(w, 1);
    assert_true(w->is_connected[0]); /* both, for a while */
    pass(w, FEED_LANE_OVERLAP_MS);
    assert_false(w->is_connected[0]);
    assert_true(w->is_connected[1]);
    assert_true(feed_lane_is_serving(&w->lane));
    pass(w, 60000);
    assert_int_equal(w->connects, 2);
}

static void a_shutdown_is_answered_at_once_and_once(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    serve(w, 0);
    feed_lane_told_to_leave(&w->lane, 0);
    feed_lane_told_to_leave(&w->lane, 0);
    pass(w, 100);
    assert_int_equal(w->connects, 2);
    w->is_connected[0] = false; /* and it is cut before the other one is ready */
    feed_lane_closed(&w->lane, 0, w->now_ms);
    pass(w, 1000);
    assert_int_equal(w->connects, 2);
    serve(w, 1);
    assert_true(feed_lane_is_serving(&w->lane));
}

static void a_successor_that_fails_leaves_the_old_one_alone(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    serve(w, 0);
    feed_lane_told_to_leave(&w->lane, 0);
    pass(w, 100);
    w->is_connected[1] = false;
    feed_lane_closed(&w->lane, 1, w->now_ms);
    assert_true(w->is_connected[0]);
    assert_true(feed_lane_is_serving(&w->lane));
    pass(w, 2000);
    assert_int_equal(w->connects, 3);
}

static void a_silent_connection_is_replaced(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    serve(w, 0);
    pass(w, 89000);
    assert_int_equal(w->disconnects, 0);
    pass(w, 2000);
    assert_int_equal(w->disconnects, 1);
    assert_int_equal(w->connects, 2);
}

static void a_request_without_an_answer_ends_the_connection(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    feed_lane_opened(&w->lane, 0, w->now_ms);
    pass(w, FEED_LANE_ANSWER_MS + 1000);
    assert_int_equal(w->disconnects, 1);
}

static void a_refused_request_is_repeated_later(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    feed_lane_opened(&w->lane, 0, w->now_ms);
    assert_true(feed_lane_refused(&w->lane, 0, false, 0, w->now_ms)); /* it names no request */
    pass(w, 4000);
    assert_int_equal(w->sends, 1);
    pass(w, 2000);
    assert_int_equal(w->sends, 3); /* given back, and asked for again */
    assert_non_null(strstr(w->last, "\"SUBSCRIBE\""));
    assert_non_null(strstr(w->last, "s002usdt"));
    assert_true(feed_lane_refused(&w->lane, 0, true, w->lane.again_id, w->now_ms));
    pass(w, 9000);
    assert_int_equal(w->sends, 3); /* longer than before */
    pass(w, 2000);
    assert_int_equal(w->sends, 5);
    grant_all(w, 0);
    feed_lane_heard(&w->lane, 0, w->now_ms);
    assert_true(feed_lane_is_serving(&w->lane));
}

/* Chunks of 100, 100 and 50 symbols; the second one is refused. */
static void subscribe_to_two_of_three(struct world *w, int place)
{
    int64_t first_id = w->lane.next_id;
    feed_lane_opened(&w->lane, place, w->now_ms);
    pass(w, 1000);
    assert_int_equal(w->lane.next_id, first_id + 3);
    feed_lane_granted(&w->lane, place, first_id);
    assert_true(feed_lane_refused(&w->lane, place, true, first_id + 1, w->now_ms));
    feed_lane_granted(&w->lane, place, first_id + 2);
}

static void a_successor_that_is_refused_some_symbols_does_not_take_over(void **state)
{
    struct world *w = *state;
    feed_lane_deinit(&w->lane);
    begin(w, SYMBOLS);
    pass(w, 100);
    serve(w, 0);
    feed_lane_told_to_leave(&w->lane, 0);
    pass(w, 100);
    assert_true(w->is_connected[1]);
    subscribe_to_two_of_three(w, 1);
    feed_lane_heard(&w->lane, 0, w->now_ms);
    assert_false(w->is_connected[1]);
    pass(w, 4000);
    assert_true(w->is_connected[0]);
    assert_int_equal(w->connects, 3); /* another successor */
    assert_true(w->is_connected[1]);
    assert_true(feed_lane_is_subscribed(&w->lane));
}

static void what_was_refused_is_not_subscribed_to_until_it_is_granted(void **state)
{
    struct world *w = *state;
    feed_lane_deinit(&w->lane);
    begin(w, SYMBOLS);
    pass(w, 100);
    subscribe_to_two_of_three(w, 0);
    feed_lane_heard(&w->lane, 0, w->now_ms);
    assert_true(feed_lane_is_serving(&w->lane));
    assert_false(feed_lane_is_subscribed(&w->lane));
    pass(w, 6000);
    assert_false(feed_lane_is_subscribed(&w->lane));
    feed_lane_granted(&w->lane, 0, w->lane.again_id);
    assert_true(feed_lane_is_subscribed(&w->lane));
}

static void an_answer_to_no_request_changes_nothing(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    serve(w, 0);
    assert_false(feed_lane_refused(&w->lane, 0, true, 99, w->now_ms));
    feed_lane_granted(&w->lane, 0, 99);
    feed_lane_granted(&w->lane, 0, 0);
    assert_true(feed_lane_is_serving(&w->lane));
}

static void a_symbol_is_subscribed_to_again(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    serve(w, 0);
    feed_lane_resubscribe(&w->lane, 1);
    feed_lane_resubscribe(&w->lane, 1);
    pass(w, 2000);
    assert_int_equal(w->sends, 3);
    assert_string_equal(w->last,
                        "{\"method\":\"SUBSCRIBE\",\"params\":[\"s001usdt@kline_1m\"],\"id\":3}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_connects_subscribes_and_serves),
        TEST(many_symbols_are_subscribed_to_in_chunks_at_a_pace),
        TEST(a_connection_that_ended_is_made_again_once),
        TEST(attempts_keep_inside_the_exchanges_limit),
        TEST(an_old_connection_is_replaced_by_one_that_overlaps),
        TEST(a_shutdown_is_answered_at_once_and_once),
        TEST(a_successor_that_fails_leaves_the_old_one_alone),
        TEST(a_silent_connection_is_replaced),
        TEST(a_request_without_an_answer_ends_the_connection),
        TEST(a_refused_request_is_repeated_later),
        TEST(a_successor_that_is_refused_some_symbols_does_not_take_over),
        TEST(what_was_refused_is_not_subscribed_to_until_it_is_granted),
        TEST(an_answer_to_no_request_changes_nothing),
        TEST(a_symbol_is_subscribed_to_again),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
