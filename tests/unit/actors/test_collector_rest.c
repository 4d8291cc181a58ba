#include "tests/unit/actors/collector_world.h"

static void a_start_asks_for_what_came_before_and_drops_the_open_candle(void **state)
{
    struct world *w = *state;
    begin(w);
    assert_string_equal(w->asked, "klines BTCUSDT 90 99");
    give_minutes(w, "BTCUSDT", 90, 100); /* 100 is still open */
    assert_string_equal(w->asked, "klines ETHUSDT 90 99");
    give_minutes(w, "ETHUSDT", 90, 99);
    assert_string_equal(w->asked, "");
    assert_int_equal(w->put_count, 20);
    assert_string_equal(w->puts[19], "ETHUSDT 99");
    assert_int_equal(collector_look(w->collector).open_minutes, 0);
}

static void nothing_is_asked_while_the_exchange_has_told_us_to_wait(void **state)
{
    struct world *w = *state;
    begin(w);
    struct exchange_answer answer = {
        .kind = EXCHANGE_ANSWER_limited, .http_code = 429, .wait_ms = 30000, .used_weight = -1};
    w->asked[0] = '\0';
    collector_answered(w->collector, &answer, w->now_ms);
    pass(w, 29900);
    assert_string_equal(w->asked, "");
    pass(w, 200);
    assert_string_not_equal(w->asked, "");
}

static void what_others_use_of_our_address_counts(void **state)
{
    struct world *w = *state;
    begin(w);
    struct exchange_answer answer = {.kind = EXCHANGE_ANSWER_good, .used_weight = 5990};
    w->asked[0] = '\0';
    collector_answered(w->collector, &answer, w->now_ms);
    pass(w, 40000);
    assert_string_equal(w->asked, "");
    pass(w, 30000); /* a minute is over */
    assert_string_not_equal(w->asked, "");
}

static void a_failure_of_rest_is_tried_again_ever_later(void **state)
{
    struct world *w = *state;
    begin(w);
    int before = w->questions;
    for (int i = 0; i < 600; i++) { /* a minute */
        if (w->asked[0] != '\0') {
            struct exchange_answer answer = {.kind = EXCHANGE_ANSWER_failed, .used_weight = -1};
            w->asked[0] = '\0';
            collector_answered(w->collector, &answer, w->now_ms);
        }
        pass(w, 100);
    }
    assert_true(w->questions - before > 2);
    assert_true(w->questions - before < 30);
    assert_int_equal(collector_look(w->collector).open_minutes, 22); /* one minute has passed */
}

static void one_unknown_symbol_does_not_hide_the_others(void **state)
{
    struct world *w = *state;
    pass(w, 100);
    assert_string_equal(w->asked, "info BTCUSDT,ETHUSDT");
    struct exchange_answer refused = {
        .kind = EXCHANGE_ANSWER_unknown, .used_weight = -1, .server_ms = INT64_MIN};
    w->asked[0] = '\0';
    collector_answered(w->collector, &refused, w->now_ms);
    assert_string_equal(w->asked, "info BTCUSDT");
    w->asked[0] = '\0';
    collector_answered(w->collector, &refused, w->now_ms);
    assert_string_equal(w->asked, "info ETHUSDT");
    struct exchange_answer good = {.used_weight = -1, .server_ms = MINUTE(100) + 30000};
    exchange_answer_add_listing(&good, "ETHUSDT", "TRADING");
    w->asked[0] = '\0';
    collector_answered(w->collector, &good, w->now_ms);
    exchange_answer_deinit(&good);
    assert_int_equal(collector_look(w->collector).unlisted, 1);
    pass(w, 1100);
    assert_string_equal(w->asked, "klines ETHUSDT 90 99"); /* and nothing of the other */
}

static void a_question_that_fails_does_not_hide_newer_holes(void **state)
{
    struct world *w = *state;
    struct exchange_answer failed = {.kind = EXCHANGE_ANSWER_failed, .used_weight = -1};
    bool was_newer_asked = false;
    settle_start(w);
    say_kline(w, 0, "BTCUSDT", 100, true, 0);
    say_kline(w, 0, "BTCUSDT", 102, true, 0);
    say_kline(w, 0, "BTCUSDT", 104, true, 0);
    for (int i = 0; i < 100 && !was_newer_asked; i++) {
        if (strncmp(w->asked, "klines BTCUSDT 101", 18) == 0) {
            w->asked[0] = '\0';
            collector_answered(w->collector, &failed, w->now_ms);
        }
        if (strncmp(w->asked, "klines ETHUSDT", 14) == 0) {
            give_minutes(w, "ETHUSDT", 100, 104);
        }
        was_newer_asked = strncmp(w->asked, "klines BTCUSDT 103", 18) == 0;
        pass(w, 100);
    }
    assert_true(was_newer_asked);
}

static void an_impossible_row_does_not_hide_the_others(void **state)
{
    struct world *w = *state;
    struct exchange_answer answer = {.used_weight = -1, .bad_rows = 2};
    settle_start(w);
    say_kline(w, 0, "ETHUSDT", 100, true, 0);
    say_kline(w, 0, "BTCUSDT", 100, true, 0);
    say_kline(w, 0, "BTCUSDT", 102, true, 0);
    pass(w, 1000);
    assert_string_equal(w->asked, "klines BTCUSDT 101 102");
    w->asked[0] = '\0';
    collector_answered(w->collector, &answer, w->now_ms);
    assert_int_equal(metrics_get(metrics_set_of(w->metrics, METRIC_SCOPE_feed, ""),
                                 METRIC_feed_bad_frames_total),
                     2);
}

static void symbols_are_asked_for_in_capitals(void **state)
{
    static const char *const symbols[] = {"btcusdt", "BtcUsdt"};
    struct world *w = *state;
    struct collector_options options = {
        .port = {w, on_connect, on_disconnect, on_send, on_put, on_touch, on_ask_klines,
                 on_ask_info},
        .symbols = symbols,
        .symbol_count = ARRAY_COUNT(symbols),
        .silence_ms = 90000,
        .age_ms_max = 3600000,
        .keep_ms = 1500ll * MINUTE_MS,
        .metrics = metrics_set_of(w->metrics, METRIC_SCOPE_feed, ""),
    };
    collector_destroy(&w->collector);
    w->collector = collector_create(&options);
    pass(w, 100);
    assert_string_equal(w->asked, "info BTCUSDT");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_start_asks_for_what_came_before_and_drops_the_open_candle),
        TEST(nothing_is_asked_while_the_exchange_has_told_us_to_wait),
        TEST(what_others_use_of_our_address_counts),
        TEST(a_failure_of_rest_is_tried_again_ever_later),
        TEST(one_unknown_symbol_does_not_hide_the_others),
        TEST(a_question_that_fails_does_not_hide_newer_holes),
        TEST(an_impossible_row_does_not_hide_the_others),
        TEST(symbols_are_asked_for_in_capitals),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
