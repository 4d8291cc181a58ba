/* A collector and the world around it, for the tests of its parts. */
#ifndef CANDLED_TESTS_UNIT_ACTORS_COLLECTOR_WORLD_H
#define CANDLED_TESTS_UNIT_ACTORS_COLLECTOR_WORLD_H

#include "actors/collector.h"
#include "actors/exchange_answer.h"
#include "proto/interval.h"
#include "runtime/base.h"
#include "runtime/log.h"
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

static inline void on_connect(void *context, int lane, int place)
{
    struct world *w = context;
    assert_int_equal(lane, 0);
    assert_false(w->is_connected[place]);
    w->is_connected[place] = true;
    w->connects++;
}

static inline void on_disconnect(void *context, int lane, int place)
{
    struct world *w = context;
    assert_int_equal(lane, 0);
    w->is_connected[place] = false;
}

static inline void on_send(void *context, int lane, int place, struct slice text)
{
    struct world *w = context;
    assert_int_equal(lane, 0);
    assert_true(w->is_connected[place]);
    (void)snprintf(w->sent, sizeof(w->sent), "%.*s", (int)text.size, (const char *)text.bytes);
    w->sends++;
}

static inline bool on_put(void *context, struct slice symbol, struct slice value, bool is_closed)
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

static inline void on_touch(void *context)
{
    (void)context;
}

static inline void on_ask_klines(void *context, const char *symbol, int64_t from_ms, int64_t to_ms)
{
    struct world *w = context;
    assert_string_equal(w->asked, "");
    w->questions++;
    (void)snprintf(w->asked, sizeof(w->asked), "klines %s %d %d", symbol,
                   (int)(from_ms / MINUTE_MS - BASE_MINUTE),
                   (int)(to_ms / MINUTE_MS - BASE_MINUTE));
}

static inline void on_ask_info(void *context, const char *const *symbols, size_t count)
{
    struct world *w = context;
    size_t at = (size_t)snprintf(w->asked, sizeof(w->asked), "info ");
    w->questions++;
    for (size_t i = 0; i < count; i++) {
        at += (size_t)snprintf(w->asked + at, sizeof(w->asked) - at, "%s%s", i > 0 ? "," : "",
                               symbols[i]);
    }
}

static inline int setup(void **state)
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
        .grace_ms = 2 * MINUTE_MS,
        .proves_by_ids = true,
        .seed = 3,
        .metrics = metrics_set_of(world.metrics, METRIC_SCOPE_feed, ""),
    });
    *state = &world;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    collector_destroy(&w->collector);
    metrics_destroy(&w->metrics);
    return 0;
}

static inline void pass(struct world *w, int64_t millis)
{
    for (int64_t end_ms = w->now_ms + millis; w->now_ms < end_ms;) {
        w->now_ms += COLLECTOR_TICK_MS;
        collector_tick(w->collector, w->now_ms);
    }
}

static inline void say(struct world *w, int place, const char *text)
{
    collector_received(w->collector, 0, place, slice_of_text(text), w->now_ms);
}

static inline void say_kline(struct world *w, int place, const char *symbol, int minute,
                             bool is_closed, int second)
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

/* The exchange's clock is known: second 30 of minute 100. */
static inline void begin(struct world *w)
{
    pass(w, 100);
    struct exchange_answer answer = {.used_weight = -1, .server_ms = MINUTE(100) + 30000};
    exchange_answer_add_listing(&answer, "BTCUSDT", "TRADING");
    exchange_answer_add_listing(&answer, "ETHUSDT", "TRADING");
    assert_string_equal(w->asked, "info BTCUSDT,ETHUSDT");
    w->asked[0] = '\0';
    collector_answered(w->collector, &answer, w->now_ms);
    exchange_answer_deinit(&answer);
    pass(w, 1000);
}

/* An answer without rows. */
static inline void give(struct world *w, const struct exchange_answer *answer)
{
    w->asked[0] = '\0';
    collector_answered(w->collector, answer, w->now_ms);
}

static inline void give_minutes(struct world *w, const char *symbol, int from, int to)
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

static inline void connect_lane(struct world *w)
{
    assert_true(w->is_connected[0]);
    collector_opened(w->collector, 0, 0, w->now_ms);
    say(w, 0, "{\"result\":null,\"id\":1}");
}

/* The past has been read, and the lane is connected and subscribed. */
static inline void settle_start(struct world *w)
{
    begin(w);
    give_minutes(w, "BTCUSDT", 90, 99);
    give_minutes(w, "ETHUSDT", 90, 99);
    pass(w, 100);
    connect_lane(w);
    w->put_count = 0;
}

#endif
