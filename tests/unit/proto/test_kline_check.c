#include "proto/kline_check.h"

#include "tests/unit/proto/kline_faults.h"
#include "tests/unit/proto/kline_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void a_bare_kline_has_the_event_time_of_its_minute(void **state)
{
    assert_true(decoded(*state, slice_of_text(BARE)).event_ms == 1628952419999);
    assert_true(decoded_with(*state, BARE, "\"x\":true", "\"x\":false").event_ms == 1628952360000);
    assert_true(decoded_with(*state, BARE, "{", "{\"E\":5,").event_ms == 1628952419999);
}

static void microseconds_are_told_by_their_size(void **state)
{
    static const char micro[] = "\"t\":1628952360000000,\"T\":1628952419999999";
    static const char milli[] = "\"t\":1628952360000,\"T\":1628952419999";
    struct kline raw = decoded(*state, slice_of_text(RAW));
    struct kline kline = decoded_with(*state, RAW, milli, micro);
    assert_klines_equal(&raw, &kline);
    kline = decoded_with(*state, RAW, "\"E\":1628952396573", "\"E\":1628952396573999");
    assert_klines_equal(&raw, &kline);
    assert_true(decoded_with(*state, BARE, milli, micro).event_ms == 1628952419999);
}

static void the_last_millisecond_and_the_first_microsecond_times_are_read(void **state)
{
    static const char times[] = "\"t\":1628952360000,\"T\":1628952419999";
    assert_true(decoded_with(*state, BARE, times, "\"t\":0,\"T\":59999").open_ms == 0);
    assert_true(
        decoded_with(*state, BARE, times, "\"t\":99999999960000,\"T\":100000000019999").open_ms ==
        99999999960000);
    assert_true(
        decoded_with(*state, BARE, times, "\"t\":100000020000000,\"T\":100000079999999").open_ms ==
        100000020000);
}

static void trade_ids_are_known_only_where_they_fit_the_trades(void **state)
{
    static const struct {
        const char *ids;
        const char *count;
        enum trade_ids expected;
    } rows[] = {
        {"\"f\":5,\"L\":5", "1", TRADE_IDS_known},
        {"\"f\":0,\"L\":999999999999999", "7", TRADE_IDS_known},
        {"\"f\":0,\"L\":1000000000000000", "7", TRADE_IDS_unknown},
        {"\"f\":-1,\"L\":-1", "0", TRADE_IDS_none},
        {"\"f\":-1,\"L\":-1", "3", TRADE_IDS_unknown},
        {"\"f\":5,\"L\":5", "0", TRADE_IDS_unknown},
        {"\"f\":6,\"L\":5", "2", TRADE_IDS_unknown},
        {"\"f\":-7,\"L\":5", "2", TRADE_IDS_unknown},
        {"\"f\":null,\"L\":null", "2", TRADE_IDS_unknown},
        {"\"f\":null", "2", TRADE_IDS_unknown},
        {"\"z\":1", "2", TRADE_IDS_unknown},
        {"\"z\":1", "0", TRADE_IDS_unknown},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[1000];
        char count[40];
        replace(RAW, "\"f\":38248833,\"L\":38248910", rows[i].ids, text, sizeof(text));
        snprintf(count, sizeof(count), "\"n\":%s", rows[i].count);
        struct kline kline = decoded_with(*state, text, "\"n\":78", count);
        assert_int_equal(kline.trade_ids, rows[i].expected);
        assert_int_equal(kline.first_trade_id == -1, rows[i].expected != TRADE_IDS_known);
    }
}

static void what_is_unusual_but_right_is_taken(void **state)
{
    static const char *const rows[][2] = {
        {"\"o\":\"0.34064000\"", "\"o\":\"0.3407\""}, /* on the edge */
        {"\"l\":\"0.33934000\"", "\"l\":\"-0\""},     /* zero is not negative */
        {"\"v\":\"208601.00000000\"", "\"v\":\"0\""},
        {"\"B\":\"0\"", "\"B\":\"0\",\"B\":1,\"new\":[{\"o\":1}],\"\":2,\"tt\":1e999"},
        {"\"k\":{", "\"k\":{\"E\":\"x\",\"E\":7,"}, /* of k, E is nobody's */
        {",\"s\":\"FTMUSDT\",\"k\"", ",\"k\""},     /* one symbol is enough */
        {"999,\"s\":\"FTMUSDT\"", "999"},
        {"\"e\":", "\"\\u0065\":"},
        {"{\"e\"", " \r\n\t{\"data\":5,\"t\":[],\"e\""}, /* an event first of all */
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct kline kline = decoded_with(*state, RAW, rows[i][0], rows[i][1]);
        assert_string_equal(kline.symbol, "FTMUSDT");
        assert_true(kline.event_ms == 1628952396573);
    }
}

/* Of JSON's own faults the library says more, in words of its own. */
static bool is_said(const char *error, const struct kline_fault *fault)
{
    return fault->reason == REASON_not_json ? strstr(error, fault->error) != NULL
                                            : strcmp(error, fault->error) == 0;
}

static void every_fault_has_its_reason_and_a_text_that_shows_it(void **state)
{
    static bool is_seen[REASON_COUNT];
    for (size_t i = 0; i < ARRAY_COUNT(kline_faults); i++) {
        const struct kline_fault *fault = &kline_faults[i];
        struct kline kline = {.trades = 4711};
        char text[2000];
        char error[KLINE_ERROR_MAX] = "";
        replace(fault->text, fault->old, fault->new, text, sizeof(text));
        enum reason reason = kline_decode(*state, slice_of_text(text), &kline, error);
        if (reason != fault->reason || !is_said(error, fault)) {
            fail_msg("%s: %s, '%s'", text, reason_name(reason), error);
        }
        assert_int_equal(kline.trades, 4711);
        is_seen[reason] = true;
    }
    /* none is no fault; late and rejected are for others to say */
    for (int reason = REASON_none + 1; reason < REASON_late; reason++) {
        if (!is_seen[reason]) {
            fail_msg("no row for %s", reason_name((enum reason)reason));
        }
    }
}

static void every_missing_or_wrong_typed_field_is_named(void **state)
{
    static const char fields[] = "tTsiochlvnxqVQ";
    for (size_t i = 0; i < sizeof(fields) - 1; i++) {
        char old[8];
        char new[16];
        char text[2000];
        char error[KLINE_ERROR_MAX] = "";
        char expected[40];
        struct kline kline;
        snprintf(old, sizeof(old), "\"%c\":", fields[i]);
        snprintf(new, sizeof(new), "\"_%c\":", fields[i]);
        replace(BARE, old, new, text, sizeof(text));
        assert_int_equal(kline_decode(*state, slice_of_text(text), &kline, error),
                         REASON_missing_field);
        snprintf(expected, sizeof(expected), "%c is missing", fields[i]);
        assert_string_equal(error, expected);

        snprintf(new, sizeof(new), "\"%c\":{},\"_\":", fields[i]);
        replace(BARE, old, new, text, sizeof(text));
        assert_int_equal(kline_decode(*state, slice_of_text(text), &kline, error),
                         REASON_wrong_type);
        snprintf(expected, sizeof(expected), "%c: an object is not of type", fields[i]);
        assert_memory_equal(error, expected, strlen(expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bare_kline_has_the_event_time_of_its_minute),
        cmocka_unit_test(microseconds_are_told_by_their_size),
        cmocka_unit_test(the_last_millisecond_and_the_first_microsecond_times_are_read),
        cmocka_unit_test(trade_ids_are_known_only_where_they_fit_the_trades),
        cmocka_unit_test(what_is_unusual_but_right_is_taken),
        cmocka_unit_test(every_fault_has_its_reason_and_a_text_that_shows_it),
        cmocka_unit_test(every_missing_or_wrong_typed_field_is_named),
    };
    return cmocka_run_group_tests(tests, create_decoder, destroy_decoder);
}
