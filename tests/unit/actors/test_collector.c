#include "actors/collector.h"

#include "actors/exchange_answer.h"
#include "proto/interval.h"
#include "runtime/base.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "tests/unit/cmocka.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PUTS_MAX = 4000, BASE_MINUTE = 29000000 };

#define MINUTE(n) (((int64_t)BASE_MINUTE + (n)) * MINUTE_MS)

/* What a collector asked of the world. */
struct world {
    struct collector *collector;
    struct metrics *metrics;
    bool is_connected[2];
    int connects;
    int sends;
    char sent[400];
    char puts[PUTS_MAX][24]; /* symbol and minute, the latter from 0 */
    size_t put_count;
    bool is_full;
    char asked[400]; /* "info A,B" or "klines A from to"; empty: nothing is asked */
    int questions;
    int64_t now_ms;
};

static void on_connect(void *context, int lane, int place)
{
    struct world *w = context;
    assert_int_equal(lane, 0);
    assert_false(w->is_connected[place]);
    w->is_connected[place] = true;
    w->connects++;
}

static void on_disconnect(void *context, int lane, int place)
{
    struct world *w = context;
    assert_int_equal(lane, 0);
    w->is_connected[place] = false;
}

static void on_send(void *context, int lane, int place, struct slice text)
{
    struct world *w = context;
    assert_int_equal(lane, 0);
    assert_true(w->is_connected[place]);
    (void)snprintf(w->sent, sizeof(w->sent), "%.*s", (int)text.size, (const char *)text.bytes);
    w->sends++;
}

static bool on_put(void *context, struct slice symbol, struct slice value, bool is_closed)
{
    struct world *w = context;
    int64_t open_ms = 0;
    if (w->is_full) {
        return false;
    }
    if (is_closed) {
        const char *at = strstr(value.bytes, "\"t\":");
        assert_non_null(at);
        assert_int_equal(sscanf(at, "\"t\":%" SCNd64, &open_ms), 1);
        assert_true(w->put_count < PUTS_MAX);
        (void)snprintf(w->puts[w->put_count++], sizeof(w->puts[0]), "%.*s %d", (int)symbol.size,
                       (const char *)symbol.bytes, (int)(open_ms / MINUTE_MS - BASE_MINUTE));
    }
    return true;
}

static void on_touch(void *context)
{
    (void)context;
}

static void on_ask_klines(void *context, const char *symbol, int64_t from_ms, int64_t to_ms)
{
    struct world *w = context;
    assert_string_equal(w->asked, "");
    w->questions++;
    (void)snprintf(w->asked, sizeof(w->asked), "klines %s %d %d", symbol,
                   (int)(from_ms / MINUTE_MS - BASE_MINUTE),
                   (int)(to_ms / MINUTE_MS - BASE_MINUTE));
}

static void on_ask_info(void *context, const char *const *symbols, size_t count)
{
    struct world *w = context;
    size_t at = (size_t)snprintf(w->asked, sizeof(w->asked), "info ");
    w->questions++;
    for (size_t i = 0; i < count; i++) {
        at += (size_t)snprintf(w->asked + at, sizeof(w->asked) - at, "%s%s", i > 0 ? "," : "",
                               symbols[i]);
    }
}

static int setup(void **state)
{
    static struct world world;
    static const char *const symbols[] = {"ETHUSDT", "BTCUSDT", "ETHUSDT"};
    world = (struct world){.now_ms = 5000};
    log_configure(LOG_LEVEL_error, false);
    world.metrics = metrics_create();
    world.collector = collector_create(&(struct collector_options){
        .port = {&world, on_connect, on_disconnect, on_send, on_put, on_touch, on_ask_klines,
                 on_ask_info},
        .symbols = symbols,
        .symbol_count = ARRAY_COUNT(symbols),
        .silence_ms = 90000,
        .age_ms_max = 23ll * 3600000,
        .backfill_ms = 10 * MINUTE_MS,
        .keep_ms = 1500ll * MINUTE_MS,
        .proves_by_ids = true,
        .seed = 3,
        .metrics = metrics_set_of(world.metrics, METRIC_SCOPE_feed, ""),
    });
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    collector_destroy(&w->collector);
    metrics_destroy(&w->metrics);
    return 0;
}

static void pass(struct world *w, int64_t millis)
{
    for (int64_t end_ms = w->now_ms + millis; w->now_ms < end_ms;) {
        w->now_ms += COLLECTOR_TICK_MS;
        collector_tick(w->collector, w->now_ms);
    }
}

static void say(struct world *w, int place, const char *text)
{
    collector_received(w->collector, 0, place, slice_of_text(text), w->now_ms);
}

static void say_kline(struct world *w, int place, const char *symbol, int minute, bool is_closed,
                      int second)
{
    char text[700];
    int64_t event_ms = is_closed ? MINUTE(minute + 1) + 5 : MINUTE(minute) + second * 1000;
    (void)snprintf(
        text, sizeof(text),
        "{\"stream\":\"x\",\"data\":{\"e\":\"kline\",\"E\":%" PRId64
        ",\"s\":\"%s\",\"k\":{\"t\":%" PRId64 ",\"T\":%" PRId64
        ",\"s\":\"%s\",\"i\":\"1m\",\"f\":%d,\"L\":%d,\"o\":\"1\",\"c\":\"1\",\"h\":\"1\","
        "\"l\":\"1\",\"v\":\"2\",\"n\":10,\"x\":%s,\"q\":\"2\",\"V\":\"1\",\"Q\":\"1\"}}}",
        event_ms, symbol, MINUTE(minute), MINUTE(minute + 1) - 1, symbol, minute * 10,
        minute * 10 + 9, is_closed ? "true" : "false");
    say(w, place, text);
}

/* Connected, subscribed, and the exchange's clock is known: second 30 of minute 100. */
static void begin(struct world *w)
{
    pass(w, 100);
    collector_opened(w->collector, 0, 0, w->now_ms);
    say(w, 0, "{\"result\":null,\"id\":1}");
    struct exchange_answer answer = {.used_weight = -1, .server_ms = MINUTE(100) + 30000};
    exchange_answer_add_listing(&answer, "BTCUSDT", "TRADING");
    exchange_answer_add_listing(&answer, "ETHUSDT", "TRADING");
    assert_string_equal(w->asked, "info BTCUSDT,ETHUSDT");
    w->asked[0] = '\0';
    collector_answered(w->collector, &answer, w->now_ms);
    exchange_answer_deinit(&answer);
    pass(w, 1000);
}

static void give_minutes(struct world *w, const char *symbol, int from, int to)
{
    struct exchange_answer answer = {.used_weight = -1, .server_ms = INT64_MIN};
    for (int minute = from; minute <= to; minute++) {
        char text[64];
        struct kline kline = {.is_closed = true,
                              .open_ms = MINUTE(minute),
                              .event_ms = MINUTE(minute + 1) - 1,
                              .first_trade_id = -1,
                              .last_trade_id = -1};
        (void)snprintf(kline.symbol, sizeof(kline.symbol), "%s", symbol);
        kline.symbol_size = (uint8_t)strlen(symbol);
        int size = snprintf(text, sizeof(text), "{\"t\":%" PRId64 "}", MINUTE(minute));
        exchange_answer_add_row(&answer, &kline, (struct slice){text, (size_t)size + 1});
    }
    w->asked[0] = '\0';
    collector_answered(w->collector, &answer, w->now_ms);
    exchange_answer_deinit(&answer);
}

static void a_start_asks_for_what_came_before_and_drops_the_open_candle(void **state)
{
    struct world *w = *state;
    begin(w);
    assert_string_equal(w->asked, "klines ETHUSDT 90 99");
    give_minutes(w, "ETHUSDT", 90, 100); /* 100 is still open */
    assert_int_equal(w->put_count, 10);
    assert_string_equal(w->puts[9], "ETHUSDT 99");
    assert_string_equal(w->asked, "klines BTCUSDT 90 99");
    give_minutes(w, "BTCUSDT", 90, 99);
    assert_string_equal(w->asked, "");
    assert_int_equal(w->put_count, 20);
    assert_int_equal(collector_look(w->collector).open_minutes, 0);
}

static void settle_start(struct world *w)
{
    begin(w);
    give_minutes(w, "ETHUSDT", 90, 99);
    give_minutes(w, "BTCUSDT", 90, 99);
    w->put_count = 0;
}

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
    assert_string_equal(w->asked, "klines BTCUSDT 101 101");
    say_kline(w, 0, "BTCUSDT", 101, true, 0); /* it comes by itself meanwhile */
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
        TEST(a_start_asks_for_what_came_before_and_drops_the_open_candle),
        TEST(two_connections_tell_each_minute_once),
        TEST(a_lost_minute_is_filled_once),
        TEST(a_closed_minute_without_room_stays_a_hole_until_there_is),
        TEST(nothing_is_asked_while_the_exchange_has_told_us_to_wait),
        TEST(what_others_use_of_our_address_counts),
        TEST(a_failure_of_rest_is_tried_again_ever_later),
        TEST(one_unknown_symbol_does_not_hide_the_others),
        TEST(a_silent_symbol_is_subscribed_to_again_and_asked_about),
        TEST(garbage_is_dropped_and_nothing_else_happens),
        TEST(the_ledger_gets_what_has_changed_and_no_more),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
