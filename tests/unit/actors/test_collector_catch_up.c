#include "state/feed_batch.h"
#include "tests/unit/actors/collector_world.h"

#include <stdlib.h>

static const struct exchange_answer failed = {.kind = EXCHANGE_ANSWER_failed, .used_weight = -1};

static const struct exchange_answer limited = {
    .kind = EXCHANGE_ANSWER_limited, .http_code = 429, .wait_ms = 30000, .used_weight = -1};

static int minute_of(const char *put)
{
    return atoi(strchr(put, ' '));
}

static void assert_in_order_of_time(const struct world *w)
{
    for (size_t i = 1; i < w->put_count; i++) {
        assert_true(minute_of(w->puts[i - 1]) <= minute_of(w->puts[i]));
    }
}

/* Another collector in this world: of `count` symbols, S000 and so on, and a longer past. */
static void renew(struct world *w, size_t count, int backfill)
{
    static char names[400][8];
    const char *symbols[ARRAY_COUNT(names)];
    assert_true(count <= ARRAY_COUNT(names));
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "S%03u", (unsigned)(i % 1000));
        symbols[i] = names[i];
    }
    collector_destroy(&w->collector);
    w->collector = collector_create(&(struct collector_options){
        .port = {w, on_connect, on_disconnect, on_send, on_put, on_touch, on_ask_klines,
                 on_ask_info},
        .symbols = symbols,
        .symbol_count = count,
        .silence_ms = 90000,
        .age_ms_max = 23ll * 3600000,
        .backfill_ms = (int64_t)backfill * MINUTE_MS,
        .keep_ms = 5000ll * MINUTE_MS,
        .grace_ms = 2 * MINUTE_MS,
        .seed = 3,
        .metrics = metrics_set_of(w->metrics, METRIC_SCOPE_feed, ""),
    });
}

/* All that it asks about symbols is answered, up to its first question for klines. */
static void tell_infos(struct world *w)
{
    pass(w, 100);
    while (strncmp(w->asked, "info ", 5) == 0) {
        struct exchange_answer answer = {.used_weight = -1, .server_ms = MINUTE(100) + 30000};
        char names[400];
        (void)snprintf(names, sizeof(names), "%s", w->asked + 5);
        for (char *name = strtok(names, ","); name != NULL; name = strtok(NULL, ",")) {
            exchange_answer_add_listing(&answer, name, "TRADING");
        }
        give(w, &answer);
        exchange_answer_deinit(&answer);
    }
}

static void the_past_is_put_in_order_of_time_and_only_then_the_lane_is_connected(void **state)
{
    struct world *w = *state;
    begin(w);
    give_minutes(w, "BTCUSDT", 90, 99);
    pass(w, 1000);
    assert_int_equal(w->put_count, 0);
    assert_int_equal(w->connects, 0);
    assert_true(collector_look(w->collector).is_catching_up);
    give_minutes(w, "ETHUSDT", 90, 99);
    assert_int_equal(w->put_count, 20);
    assert_int_equal(w->connects, 0);
    assert_string_equal(w->puts[0], "BTCUSDT 90");
    assert_string_equal(w->puts[1], "ETHUSDT 90");
    assert_string_equal(w->puts[18], "BTCUSDT 99");
    assert_in_order_of_time(w);
    pass(w, 100);
    assert_int_equal(w->connects, 1);
    assert_false(collector_look(w->collector).is_catching_up);
    assert_int_equal(collector_look(w->collector).open_minutes, 0);
}

static void who_misses_no_more_than_a_shard_waits_for_is_connected_at_once(void **state)
{
    struct world *w = *state;
    for (int known = 99; known >= 97; known--) {
        struct feed_symbol row = {
            .name = "S000", .status = "TRADING", .known_to_ms = MINUTE(known)};
        renew(w, 1, 10);
        w->connects = 0;
        w->is_connected[0] = false;
        w->asked[0] = '\0';
        collector_restore_symbol(w->collector, &row);
        tell_infos(w);
        pass(w, 100);
        assert_int_equal(w->connects, known > 97); /* of 98 and 99 the former is too old */
    }
    assert_string_equal(w->asked, "klines S000 98 99");
}

static void a_long_past_is_read_stretch_by_stretch(void **state)
{
    struct world *w = *state;
    renew(w, 2, 1200);
    tell_infos(w);
    assert_string_equal(w->asked, "klines S000 -1100 -100"); /* the last one is a proof */
    give_minutes(w, "S000", -1100, -101);
    assert_string_equal(w->asked, "klines S001 -1100 -100");
    give_minutes(w, "S001", -1100, -101);
    assert_int_equal(w->put_count, 2000);
    assert_string_equal(w->asked, "klines S000 -100 99");
    give_minutes(w, "S000", -100, 99);
    give_minutes(w, "S001", -100, 99);
    assert_int_equal(w->put_count, 2400);
    assert_in_order_of_time(w);
    pass(w, 100);
    assert_int_equal(w->connects, 1);
}

static void many_symbols_make_short_stretches(void **state)
{
    struct world *w = *state;
    renew(w, 128, 1000);
    tell_infos(w);
    assert_string_equal(w->asked, "klines S000 -900 -650"); /* 250 minutes of each, and one more */
}

static void what_no_minute_of_the_exchanges_limits_allows_holds_nothing_back(void **state)
{
    struct world *w = *state;
    renew(w, 400, 4000);
    tell_infos(w);
    pass(w, 100);
    assert_int_equal(w->connects, 1);
}

static void a_page_that_fails_is_left_out_and_filled_beside_the_stream(void **state)
{
    struct world *w = *state;
    begin(w);
    assert_string_equal(w->asked, "klines BTCUSDT 90 99");
    give(w, &failed);
    pass(w, 2000);
    assert_string_equal(w->asked, "klines ETHUSDT 90 99");
    give_minutes(w, "ETHUSDT", 90, 99);
    assert_int_equal(w->put_count, 10);
    pass(w, 100);
    assert_int_equal(w->connects, 1);
    pass(w, 8000);
    assert_string_equal(w->asked, "klines BTCUSDT 90 99");
    give_minutes(w, "BTCUSDT", 90, 99);
    assert_int_equal(w->put_count, 20);
    assert_int_equal(collector_look(w->collector).open_minutes, 0);
}

static void of_a_long_past_only_the_stretch_that_failed_is_left_out(void **state)
{
    struct world *w = *state;
    renew(w, 2, 1200);
    tell_infos(w);
    give(w, &failed);
    pass(w, 2000);
    give_minutes(w, "S001", -1100, -101);
    assert_int_equal(w->put_count, 1000);
    assert_string_equal(w->asked, "klines S000 -100 99");
    give_minutes(w, "S000", -100, 99);
    give_minutes(w, "S001", -100, 99);
    assert_int_equal(w->put_count, 1400);
    assert_in_order_of_time(w);
    pass(w, 100);
    assert_int_equal(w->connects, 1);
    assert_int_equal(collector_look(w->collector).open_minutes, 1000);
}

static void a_symbol_that_turns_out_to_be_unknown_holds_nobody_up(void **state)
{
    const struct exchange_answer unknown = {.kind = EXCHANGE_ANSWER_unknown, .used_weight = -1};
    struct world *w = *state;
    begin(w);
    give(w, &unknown);
    give_minutes(w, "ETHUSDT", 90, 99);
    assert_int_equal(w->put_count, 10);
    pass(w, 100);
    assert_int_equal(w->connects, 1);
}

static void minutes_that_the_exchange_has_not_got_are_waited_for_no_longer(void **state)
{
    struct world *w = *state;
    begin(w);
    give_minutes(w, "BTCUSDT", 90, 89); /* none: asked for again later */
    give_minutes(w, "ETHUSDT", 95, 99); /* the others it has not got itself */
    assert_int_equal(w->put_count, 5);
    pass(w, 100);
    assert_int_equal(w->connects, 1);
    assert_int_equal(collector_look(w->collector).open_minutes, 10);
    pass(w, 3000);
    assert_string_equal(w->asked, "klines BTCUSDT 90 99");
}

static void a_rest_that_does_not_answer_holds_the_stream_back_for_seconds_only(void **state)
{
    struct world *w = *state;
    pass(w, 4900);
    assert_int_equal(w->connects, 0);
    pass(w, 300);
    assert_int_equal(w->connects, 1);
}

static void
a_rest_that_tells_us_to_wait_gets_what_is_held_put_and_the_stream_connected(void **state)
{
    struct world *w = *state;
    begin(w);
    give_minutes(w, "BTCUSDT", 90, 99);
    give(w, &limited);
    pass(w, 4800);
    assert_int_equal(w->put_count, 0);
    assert_int_equal(w->connects, 0);
    pass(w, 300);
    assert_int_equal(w->put_count, 10);
    assert_int_equal(w->connects, 1);
    pass(w, 26000);
    assert_string_equal(w->asked, "klines ETHUSDT 90 99");
    give_minutes(w, "ETHUSDT", 90, 99);
    assert_int_equal(collector_look(w->collector).open_minutes, 0);
}

static void slow_answers_hold_the_stream_back_for_a_minute_only(void **state)
{
    struct world *w = *state;
    size_t answered = 0;
    char symbol[8];
    renew(w, 40, 10);
    tell_infos(w);
    while (w->connects == 0 && answered < 40) {
        assert_int_equal(w->put_count, 0);
        assert_int_equal(sscanf(w->asked, "klines %7s", symbol), 1);
        give_minutes(w, symbol, 90, 99);
        answered++;
        pass(w, 3000);
    }
    assert_int_equal(answered, 20);
    assert_int_equal(w->put_count, 10 * answered);
    assert_in_order_of_time(w);
    assert_int_equal(strncmp(w->asked, "klines S020 90 ", 15), 0); /* as it was asked before */
    give_minutes(w, "S020", 90, 99);
    assert_int_equal(w->put_count, 10 * answered + 10);
}

static void without_room_the_stream_is_connected_and_the_past_asked_for_again(void **state)
{
    struct world *w = *state;
    w->is_full = true;
    begin(w);
    give_minutes(w, "BTCUSDT", 90, 99);
    give_minutes(w, "ETHUSDT", 90, 99);
    assert_int_equal(w->put_count, 0);
    assert_int_equal(collector_look(w->collector).open_minutes, 20);
    pass(w, 100);
    assert_int_equal(w->connects, 1);
    w->is_full = false;
    pass(w, 11000);
    assert_string_equal(w->asked, "klines BTCUSDT 90 99");
    give_minutes(w, "BTCUSDT", 90, 99);
    give_minutes(w, "ETHUSDT", 90, 99);
    assert_int_equal(w->put_count, 20);
}

/* What a collector has said to its ledger so far, to the next one. */
static void restore_from(struct collector *c, const struct feed_batch *batch)
{
    struct feed_change change;
    for (int table = FEED_TABLE_COUNT; table-- > 0;) { /* symbols first does not matter here */
        size_t at = 0;
        while (feed_batch_next(batch, &at, &change)) {
            struct feed_symbol row;
            struct feed_hole hole;
            struct slice value = {(const char *)change.value.bytes + FEED_CRC_SIZE,
                                  change.value.size - FEED_CRC_SIZE};
            if (change.is_delete || (int)change.table != table) {
                continue;
            }
            if (table == FEED_TABLE_symbols) {
                assert_true(feed_batch_read_symbol(change.key, value, &row));
                collector_restore_symbol(c, &row);
            } else if (table == FEED_TABLE_holes) {
                assert_true(feed_batch_read_hole(change.key, value, &hole));
                collector_restore_hole(c, &hole);
            }
        }
    }
}

static void a_kill_in_the_middle_of_a_round_loses_nothing(void **state)
{
    struct world *w = *state;
    struct feed_batch batch = {.bytes = NULL};
    renew(w, 2, 10);
    tell_infos(w);
    give_minutes(w, "S000", 90, 99); /* held, and gone with the process */
    collector_prepare(w->collector, &batch);
    w->asked[0] = '\0';
    renew(w, 2, 10);
    restore_from(w->collector, &batch);
    feed_batch_deinit(&batch);
    tell_infos(w);
    assert_string_equal(w->asked, "klines S000 90 99");
    give_minutes(w, "S000", 90, 99);
    give_minutes(w, "S001", 90, 99);
    assert_int_equal(w->put_count, 20);
    assert_in_order_of_time(w);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_past_is_put_in_order_of_time_and_only_then_the_lane_is_connected),
        TEST(who_misses_no_more_than_a_shard_waits_for_is_connected_at_once),
        TEST(a_long_past_is_read_stretch_by_stretch),
        TEST(many_symbols_make_short_stretches),
        TEST(what_no_minute_of_the_exchanges_limits_allows_holds_nothing_back),
        TEST(a_page_that_fails_is_left_out_and_filled_beside_the_stream),
        TEST(of_a_long_past_only_the_stretch_that_failed_is_left_out),
        TEST(a_symbol_that_turns_out_to_be_unknown_holds_nobody_up),
        TEST(minutes_that_the_exchange_has_not_got_are_waited_for_no_longer),
        TEST(a_rest_that_does_not_answer_holds_the_stream_back_for_seconds_only),
        TEST(a_rest_that_tells_us_to_wait_gets_what_is_held_put_and_the_stream_connected),
        TEST(slow_answers_hold_the_stream_back_for_a_minute_only),
        TEST(without_room_the_stream_is_connected_and_the_past_asked_for_again),
        TEST(a_kill_in_the_middle_of_a_round_loses_nothing),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
