#include "actors/edge/redis_script.h"

#include "tests/unit/cmocka.h"

#include <string.h>

static enum status parse(const char *candle, const char *index, const char *latest,
                         struct redis_script_keys *keys)
{
    char error[400] = "";
    enum status status = redis_script_keys_parse(candle, index, latest, keys, error, sizeof(error));
    assert_true((status == STATUS_OK) == (error[0] == '\0'));
    return status;
}

static void keys_must_tell_candles_apart(void **state)
{
    (void)state;
    struct redis_script_keys keys;
    const char *candle = "c:{symbol}:{interval}:{openTime}";
    const char *index = "i:{symbol}:{interval}";
    const char *latest = "l:{symbol}:{interval}";

    assert_int_equal(parse(candle, index, latest, &keys), STATUS_OK);
    assert_int_equal(parse("c:{symbol}:{interval}", index, latest, &keys), STATUS_BAD_CONFIG);
    assert_int_equal(parse("c:{symbol}:{openTime}", index, latest, &keys), STATUS_BAD_CONFIG);
    assert_int_equal(parse(candle, "i:{symbol}", latest, &keys), STATUS_BAD_CONFIG);
    assert_int_equal(parse(candle, candle, latest, &keys), STATUS_BAD_CONFIG);
    assert_int_equal(parse(candle, index, "l:{interval}", &keys), STATUS_BAD_CONFIG);
    assert_int_equal(parse(candle, index, index, &keys), STATUS_BAD_CONFIG);
    assert_int_equal(parse("{what}", index, latest, &keys), STATUS_BAD_CONFIG);
}

static void add(struct redis_script_call *call, const struct redis_script_keys *keys,
                const char *symbol, int64_t nth)
{
    struct candle candle = {.interval = INTERVAL_5m,
                            .open_ms = nth * 300000,
                            .revision = revision_of(15, (INT64_C(1) << 47) + nth)};
    strcpy(candle.symbol, symbol);
    redis_script_add(call, keys, &candle);
}

static void assert_arg(const struct redis_script_call *call, size_t i, const char *wanted)
{
    assert_int_equal(call->sizes[i], strlen(wanted));
    assert_memory_equal(call->args[i], wanted, strlen(wanted));
}

static void a_series_is_told_once_and_all_keys_before_the_values_of_each_candle(void **state)
{
    (void)state;
    static struct redis_script_call call;
    struct redis_script_keys keys;
    char json[CANDLE_JSON_MAX];

    assert_int_equal(parse("c:{symbol}:{interval}:{openTime}", "i:{symbol}:{interval}",
                           "l:{symbol}:{interval}", &keys),
                     STATUS_OK);
    for (int again = 0; again < 2; again++) { /* the buffers are used again */
        redis_script_begin(&call);
        add(&call, &keys, "BTCUSDT", 1);
        add(&call, &keys, "BTCUSDT", 2);
        add(&call, &keys, "ETHUSDT", 3);
        redis_script_finish(&call, "sha", 86400000, true);
    }
    static const char *const wanted[] = {"EVALSHA",
                                         "sha",
                                         "7",
                                         "i:BTCUSDT:5m",
                                         "l:BTCUSDT:5m",
                                         "c:BTCUSDT:5m:300000",
                                         "c:BTCUSDT:5m:600000",
                                         "i:ETHUSDT:5m",
                                         "l:ETHUSDT:5m",
                                         "c:ETHUSDT:5m:900000",
                                         "86400000",
                                         "open",
                                         "2 1 "};
    assert_int_equal(call.arg_count, ARRAY_COUNT(wanted) + 9);
    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
        assert_arg(&call, i, wanted[i]);
    }
    struct candle candle = {.symbol = "BTCUSDT",
                            .interval = INTERVAL_5m,
                            .open_ms = 600000,
                            .revision = revision_of(15, (INT64_C(1) << 47) + 2)};
    size_t size = candle_print_json(&candle, json);
    assert_int_equal(call.sizes[16], size);
    assert_memory_equal(call.args[16], json, size);
    assert_arg(&call, 17, "4362862139015171");
    assert_arg(&call, 18, "600000");
}

static void a_full_call_has_room_whatever_the_series(void **state)
{
    (void)state;
    static struct redis_script_call call;
    struct redis_script_keys keys;

    assert_int_equal(parse("c:{symbol}:{interval}:{openTime}", "i:{symbol}:{interval}",
                           "l:{symbol}:{interval}", &keys),
                     STATUS_OK);
    redis_script_begin(&call);
    for (int64_t i = 0; i < REDIS_SCRIPT_CANDLES_MAX; i++) {
        add(&call, &keys, i % 2 == 0 ? "BTCUSDT" : "ETHUSDT", i);
    }
    redis_script_finish(&call, "sha", 1, false);
    assert_int_equal(call.arg_count, REDIS_SCRIPT_ARGS_MAX);
    assert_arg(&call, 3 + 3 * (size_t)REDIS_SCRIPT_CANDLES_MAX + 1, "write");

    redis_script_begin(&call);
    for (int64_t i = 0; i < REDIS_SCRIPT_CANDLES_MAX; i++) {
        add(&call, &keys, "BTCUSDT", i);
    }
    redis_script_finish(&call, "sha", 1, false);
    assert_arg(&call, 2, "66");
    assert_arg(&call, 3 + 2 + REDIS_SCRIPT_CANDLES_MAX + 2, "64 ");
}

static void assert_mark_args(const struct redis_script_mark *call, const char *const *wanted,
                             size_t count)
{
    assert_int_equal(call->arg_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(call->sizes[i], strlen(wanted[i]));
        assert_string_equal(call->args[i], wanted[i]);
    }
}

static void a_mark_is_two_keys_written_by_one_call(void **state)
{
    (void)state;
    struct redis_script_mark call;
    const char *const wanted[] = {
        "EVALSHA", "sha", "2",   "k", "k:count",
        "mark",    "-1",  "0 0", "7", "9007199254740991 4503599627370495"};
    const struct acked value = {7, (INT64_C(1) << 53) - 1, (INT64_C(1) << 52) - 1};
    redis_script_write_mark(&call, "sha", "k", "k:count", value, acked_none());
    assert_mark_args(&call, wanted, 10);
}

/* The doubles of Lua must hold every revision. */
static void the_highest_revision_is_below_two_to_the_53(void **state)
{
    (void)state;
    int64_t highest = revision_of(15, (INT64_C(1) << 48) - 2);
    assert_true(highest < (INT64_C(1) << 53));
    assert_true((int64_t)(double)highest == highest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_must_tell_candles_apart),
        cmocka_unit_test(a_series_is_told_once_and_all_keys_before_the_values_of_each_candle),
        cmocka_unit_test(a_full_call_has_room_whatever_the_series),
        cmocka_unit_test(a_mark_is_two_keys_written_by_one_call),
        cmocka_unit_test(the_highest_revision_is_below_two_to_the_53),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
