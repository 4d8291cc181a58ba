#include "proto/exchange_frame.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    *state = exchange_frame_decoder_create();
    return 0;
}

static int teardown(void **state)
{
    struct exchange_frame_decoder *decoder = *state;
    exchange_frame_decoder_destroy(&decoder);
    return 0;
}

static struct exchange_frame decode(void **state, const char *text)
{
    struct exchange_frame frame;
    exchange_frame_decode(*state, slice_of_text(text), &frame);
    return frame;
}

#define EVENT                                                                                      \
    "{\"e\":\"kline\",\"E\":1672515782136,\"s\":\"BNBBTC\",\"k\":{\"t\":1672515780000,"            \
    "\"T\":1672515839999,\"s\":\"BNBBTC\",\"i\":\"1m\",\"f\":100,\"L\":200,\"o\":\"0.0010\","      \
    "\"c\":\"0.0020\",\"h\":\"0.0025\",\"l\":\"0.0010\",\"v\":\"1000\",\"n\":101,\"x\":false,"     \
    "\"q\":\"1.0000\",\"V\":\"500\",\"Q\":\"0.500\",\"B\":\"123456\"}}"

static void klines_are_known_raw_and_combined(void **state)
{
    struct exchange_frame frame = decode(state, EVENT);
    assert_int_equal(frame.kind, EXCHANGE_FRAME_kline);
    assert_string_equal(frame.kline.symbol, "BNBBTC");
    frame = decode(state, "{\"stream\":\"bnbbtc@kline_1m\",\"data\":" EVENT "}");
    assert_int_equal(frame.kind, EXCHANGE_FRAME_kline);
    assert_int_equal(frame.kline.open_ms, 1672515780000);
}

static void a_kline_that_cannot_be_is_bad_and_says_why(void **state)
{
    struct exchange_frame frame = decode(state, "{\"e\":\"kline\",\"E\":1,\"s\":\"A\",\"k\":{}}");
    assert_int_equal(frame.kind, EXCHANGE_FRAME_bad);
    assert_true(frame.text[0] != '\0');
    assert_int_equal(decode(state, "{\"e\":\"kli").kind, EXCHANGE_FRAME_bad);
    assert_int_equal(decode(state, "").kind, EXCHANGE_FRAME_bad);
}

static void answers_tell_their_request(void **state)
{
    struct exchange_frame frame = decode(state, "{\"result\":null,\"id\":312}");
    assert_int_equal(frame.kind, EXCHANGE_FRAME_result);
    assert_true(frame.has_id);
    assert_int_equal(frame.id, 312);
    frame = decode(state, "{\"result\":[\"btcusdt@aggTrade\"],\"id\":\"x\"}");
    assert_int_equal(frame.kind, EXCHANGE_FRAME_result);
    assert_false(frame.has_id);
}

static void both_forms_of_error_are_known(void **state)
{
    struct exchange_frame frame =
        decode(state, "{\"code\":3,\"msg\":\"Invalid JSON: expected value at line 1 column 1\"}");
    assert_int_equal(frame.kind, EXCHANGE_FRAME_error);
    assert_int_equal(frame.code, 3);
    assert_false(frame.has_id);
    assert_string_equal(frame.text, "Invalid JSON: expected value at line 1 column 1");
    frame = decode(state, "{\"error\":{\"code\":4,\"msg\":\"Too many subscriptions\"},\"id\":1}");
    assert_int_equal(frame.kind, EXCHANGE_FRAME_error);
    assert_int_equal(frame.code, 4);
    assert_true(frame.has_id);
    assert_string_equal(frame.text, "Too many subscriptions");
    frame = decode(state, "{\"error\":{\"code\":2,\"msg\":\"Invalid request\"}}");
    assert_int_equal(frame.kind, EXCHANGE_FRAME_error);
    assert_false(frame.has_id);
}

static void a_shutdown_is_known_raw_and_combined(void **state)
{
    assert_int_equal(decode(state, "{\"e\":\"serverShutdown\",\"E\":1770123456789}").kind,
                     EXCHANGE_FRAME_shutdown);
    assert_int_equal(decode(state, "{\"stream\":\"!serverShutdown\",\"data\":{\"e\":"
                                   "\"serverShutdown\",\"E\":1770123456789}}")
                         .kind,
                     EXCHANGE_FRAME_shutdown);
}

static void other_streams_mean_nothing_to_us(void **state)
{
    assert_int_equal(decode(state, "{\"stream\":\"a@trade\",\"data\":{\"e\":\"trade\"}}").kind,
                     EXCHANGE_FRAME_other);
    assert_int_equal(decode(state, "[1,2]").kind, EXCHANGE_FRAME_other);
    assert_int_equal(decode(state, "{}").kind, EXCHANGE_FRAME_other);
}

static void requests_name_streams_in_lower_case(void **state)
{
    static const char *const symbols[] = {"BTCUSDT", "\xe5\xb8\x81USDT"};
    char text[EXCHANGE_FRAME_REQUEST_MAX(2)];
    (void)state;
    size_t size = exchange_frame_print_request("SUBSCRIBE", symbols, 2, 7, text);
    assert_string_equal(text, "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@kline_1m\","
                              "\"\xe5\xb8\x81usdt@kline_1m\"],\"id\":7}");
    assert_int_equal(size, strlen(text));
}

static void the_longest_symbols_fit_into_a_request(void **state)
{
    char symbol[SYMBOL_BYTES_MAX + 1];
    const char *symbols[] = {symbol, symbol};
    char text[EXCHANGE_FRAME_REQUEST_MAX(2)];
    (void)state;
    memset(symbol, '"', sizeof(symbol) - 1);
    symbol[sizeof(symbol) - 1] = '\0';
    assert_true(exchange_frame_print_request("UNSUBSCRIBE", symbols, 2, INT64_MAX, text) <
                sizeof(text));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(klines_are_known_raw_and_combined),
        TEST(a_kline_that_cannot_be_is_bad_and_says_why),
        TEST(answers_tell_their_request),
        TEST(both_forms_of_error_are_known),
        TEST(a_shutdown_is_known_raw_and_combined),
        TEST(other_streams_mean_nothing_to_us),
        TEST(requests_name_streams_in_lower_case),
        TEST(the_longest_symbols_fit_into_a_request),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
