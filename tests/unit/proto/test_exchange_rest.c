#include "proto/exchange_rest.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

#define ROW                                                                                        \
    "[1499040000000,\"0.01634790\",\"0.80000000\",\"0.01575800\",\"0.01577100\",\"148976."         \
    "11427815\","                                                                                  \
    "1499040059999,\"2434.19055334\",308,\"1756.87402397\",\"28.46694368\",\"0\"]"

static int setup(void **state)
{
    *state = exchange_rest_reader_create();
    return 0;
}

static int teardown(void **state)
{
    struct exchange_rest_reader *reader = *state;
    exchange_rest_reader_destroy(&reader);
    return 0;
}

struct told {
    size_t count;
    size_t bad_count;
    struct kline kline;
    char text[1024];
};

static void tell(void *context, const struct kline *kline, struct slice text)
{
    struct told *told = context;
    told->count++;
    told->kline = *kline;
    snprintf(told->text, sizeof(told->text), "%.*s", (int)text.size, (const char *)text.bytes);
}

static enum status read_klines(void **state, const char *body, struct told *told)
{
    char error[EXCHANGE_REST_ERROR_MAX];
    *told = (struct told){.count = 0};
    return exchange_rest_read_klines(*state, slice_of_text(body), "ETHBTC", tell, told,
                                     &told->bad_count, error);
}

static void a_row_becomes_an_event_without_trade_ids(void **state)
{
    struct told told;
    assert_int_equal(read_klines(state, "[" ROW "]", &told), STATUS_OK);
    assert_int_equal(told.count, 1);
    assert_string_equal(
        told.text,
        "{\"e\":\"kline\",\"E\":1499040059999,\"s\":\"ETHBTC\",\"k\":{\"t\":1499040000000,"
        "\"T\":1499040059999,\"s\":\"ETHBTC\",\"i\":\"1m\",\"o\":\"0.01634790\","
        "\"c\":\"0.01577100\",\"h\":\"0.80000000\",\"l\":\"0.01575800\",\"v\":\"148976.11427815\","
        "\"n\":308,\"x\":true,\"q\":\"2434.19055334\",\"V\":\"1756.87402397\","
        "\"Q\":\"28.46694368\"}}");
    assert_int_equal(told.kline.trade_ids, TRADE_IDS_unknown);
    assert_true(told.kline.is_closed);
    assert_int_equal(told.kline.event_ms, 1499040059999);
}

static void rows_come_in_their_order_and_none_is_fine(void **state)
{
    struct told told;
    assert_int_equal(read_klines(state, "[" ROW "," ROW "]", &told), STATUS_OK);
    assert_int_equal(told.count, 2);
    assert_int_equal(read_klines(state, "[]", &told), STATUS_OK);
    assert_int_equal(told.count, 0);
}

static void what_is_no_row_is_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "{}",
        "[1]",
        "[[]]",
        "[[1,2]]",
        "[[\"1499040000000\"]]",
        "{\"code\":-1121}",
        "[[1499040000000,1,1,1,1,1,1499040059999,1,1,1,1,0]]",
    };
    struct told told;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        assert_int_equal(read_klines(state, bodies[i], &told), STATUS_MALFORMED);
        assert_int_equal(told.count, 0);
    }
}

/* A minute that is none, high < low, a last millisecond of another minute. */
static void a_row_that_cannot_be_is_skipped_and_counted(void **state)
{
    static const char *const rows[] = {
        "[1499040000001,\"1\",\"1\",\"1\",\"1\",\"1\",1499040059999,\"1\",1,\"1\",\"1\",\"0\"]",
        "[1499040000000,\"1\",\"0\",\"1\",\"1\",\"1\",1499040059999,\"1\",1,\"1\",\"1\",\"0\"]",
        "[1499040000000,\"1\",\"1\",\"1\",\"1\",\"1\",1499040059998,\"1\",1,\"1\",\"1\",\"0\"]",
    };
    struct told told;
    char body[2048];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        snprintf(body, sizeof(body), "[" ROW ",%s," ROW "]", rows[i]);
        assert_int_equal(read_klines(state, body, &told), STATUS_OK);
        assert_int_equal(told.count, 2);
        assert_int_equal(told.bad_count, 1);
    }
}

static void tell_symbol(void *context, const char *symbol, const char *status)
{
    char *text = context;
    size_t size = strlen(text);
    snprintf(text + size, 200 - size, "%s=%s ", symbol, status);
}

static void symbols_and_the_exchanges_clock_are_read(void **state)
{
    char text[200] = "";
    char error[EXCHANGE_REST_ERROR_MAX];
    int64_t server_ms = 0;
    struct slice body = slice_of_text(
        "{\"timezone\":\"UTC\",\"serverTime\":1633998511098,\"symbols\":[{\"symbol\":\"ETHBTC\","
        "\"status\":\"TRADING\",\"x\":[{}]},7,{\"symbol\":\"LTCBTC\",\"status\":\"BREAK\"},"
        "{\"symbol\":\"\",\"status\":\"BREAK\"}]}");
    assert_int_equal(exchange_rest_read_info(*state, body, tell_symbol, text, &server_ms, error),
                     STATUS_OK);
    assert_string_equal(text, "ETHBTC=TRADING LTCBTC=BREAK ");
    assert_int_equal(server_ms, 1633998511098);
    body = slice_of_text("{\"symbols\":[]}");
    assert_int_equal(exchange_rest_read_info(*state, body, tell_symbol, text, &server_ms, error),
                     STATUS_OK);
    assert_int_equal(server_ms, INT64_MIN);
    body = slice_of_text("[]");
    assert_int_equal(exchange_rest_read_info(*state, body, tell_symbol, text, &server_ms, error),
                     STATUS_MALFORMED);
}

static void errors_are_read_whatever_they_are(void **state)
{
    char text[EXCHANGE_REST_ERROR_MAX];
    int64_t code = 5;
    exchange_rest_read_error(*state, slice_of_text("{\"code\":-1121,\"msg\":\"Invalid symbol.\"}"),
                             &code, text);
    assert_int_equal(code, -1121);
    assert_string_equal(text, "Invalid symbol.");
    exchange_rest_read_error(*state, slice_of_text("<html>"), &code, text);
    assert_int_equal(code, 0);
    assert_string_equal(text, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_row_becomes_an_event_without_trade_ids),
        TEST(rows_come_in_their_order_and_none_is_fine),
        TEST(what_is_no_row_is_refused),
        TEST(a_row_that_cannot_be_is_skipped_and_counted),
        TEST(symbols_and_the_exchanges_clock_are_read),
        TEST(errors_are_read_whatever_they_are),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
