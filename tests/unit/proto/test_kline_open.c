#include "tests/unit/proto/kline_fixture.h"

#include "runtime/rand.h"
#include "tests/unit/proto/hostile.h"
#include "tests/unit/proto/kline_open_twin.h"

#include <stdio.h>

static struct kline_decoder *decoder;

static enum open_verdict judge(const char *text)
{
    return open_judge(decoder, slice_of_text(text));
}

/* Of an open kline. */
static enum open_verdict judge_with(const char *text, const char *old, const char *new)
{
    char opened[KLINE_JSON_MAX], changed[KLINE_JSON_MAX];
    replace(text, "true", "false", opened, sizeof(opened));
    replace(opened, old, new, changed, sizeof(changed));
    return judge(changed);
}

static void what_the_exchange_sends_is_taken(void **state)
{
    (void)state;
    const struct {
        const char *old;
        const char *new;
    } cases[] = {
        {"false", "false"},
        {"38248833", "-1"},
        {"\"n\":78", "\"n\":0"},
        {"\"n\":78", "\"n\":999999999999999"},
        {"\"B\":\"0\"", "\"B\":\"whatever\""},
        {"\"v\":\"208601.00000000\"", "\"v\":\"0.0\""},
        {"\"v\":\"208601.00000000\"", "\"v\":\"9999999999999999.12345678901234\""},
        {"\"o\":\"0.34064000\"", "\"o\":\"0.34070000\""},
        {"\"o\":\"0.34064000\"", "\"o\":\"0.33934000\""},
        {"\"h\":\"0.34070000\"", "\"h\":\"10.34070000\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(judge_with(RAW, cases[i].old, cases[i].new), OPEN_taken);
        assert_int_equal(judge_with(WRAPPED, cases[i].old, cases[i].new), OPEN_taken);
    }
}

static void what_is_closed_or_wrong_or_unusual_is_left(void **state)
{
    (void)state;
    const struct {
        const char *old;
        const char *new;
    } cases[] = {
        {"false", "true"},
        {"{\"e\"", "{ \"e\""},
        {"\"B\":\"0\"}}", "\"B\":\"0\"}} "},
        {",\"B\":\"0\"", ""},
        {"\"e\":\"kline\"", "\"e\":\"trade\""},
        {"FTMUSDT", "FTM\\u0055SDT"},
        {"FTMUSDT", "FTM:USDT"},
        {"FTMUSDT", "FTM USDT"},
        {"FTMUSDT", "FTM\x7fUSDT"},
        {"\"s\":\"FTMUSDT\"", "\"s\":\"\""},
        {"\"s\":\"FTMUSDT\"", "\"s\":\"OTHER\""},
        {"1628952360000", "1628952360001"},
        {"1628952419999", "1628952420000"},
        {"1628952396573", "-1"},
        {"1628952396573", "1628952396573000"},
        {"\"1m\"", "\"5m\""},
        {"38248833", "null"},
        {"\"n\":78", "\"n\":-1"},
        {"\"n\":78", "\"n\":1000000000000000"},
        {"0.34064000", "0.34064"},
        {"0.34064000", "00.34064000"},
        {"0.34064000", "-0.34064000"},
        {"0.34064000", ".34064000"},
        {"0.34064000", "34064000"},
        {"0.34064000", "0."},
        {"0.34064000", "1e3"},
        {"\"o\":\"0.34064000\"", "\"o\":\"0.34070001\""},
        {"\"o\":\"0.34064000\"", "\"o\":\"0.33933999\""},
        {"\"c\":\"0.33993000\"", "\"c\":\"10.33993000\""},
        {"\"h\":\"0.34070000\"", "\"h\":\"0.33933999\""},
        {"\"v\":\"208601.00000000\"", "\"v\":\"12345678901234567.0\""},
        {"\"v\":\"208601.00000000\"", "\"v\":\"0.123456789012345\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (judge_with(RAW, cases[i].old, cases[i].new) != OPEN_left) {
            fail_msg("%s for %s", cases[i].new, cases[i].old);
        }
    }
    assert_int_equal(judge_with(BARE, "false", "false"), OPEN_left);
    assert_int_equal(judge(""), OPEN_left);
}

static void visit(struct slice text, void *context)
{
    size_t *counts = context;
    counts[open_judge(decoder, text)]++;
}

/* A flipped bit gives another digit, another order of prices, another structure. */
static void no_flipped_bit_and_no_cut_makes_the_two_differ(void **state)
{
    (void)state;
    const char *const texts[] = {RAW, WRAPPED};
    size_t counts[3] = {0};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        char opened[KLINE_JSON_MAX];
        replace(texts[i], "true", "false", opened, sizeof(opened));
        hostile_variants(slice_of_text(opened), visit, counts);
    }
    assert_int_equal(counts[OPEN_differs], 0);
    assert_true(counts[OPEN_taken] > 200);
    assert_true(counts[OPEN_left] > 500);
}

static void put_number(struct rand *rand, char *text, size_t size)
{
    static const char *const few[] = {"0", "1", "9", "10", "99", "100", "01", ""};
    (void)snprintf(text, size, "%s.%0*u", few[rand_below(rand, rand_chance(rand, 95) ? 6 : 8)],
                   rand_chance(rand, 95) ? 2 : (int)rand_below(rand, 16),
                   (unsigned)rand_below(rand, 100));
}

static void any_order_of_prices_is_judged_alike(void **state)
{
    (void)state;
    struct rand rand = {.state = 11};
    size_t counts[3] = {0};
    for (int i = 0; i < 20000; i++) {
        char open[24], close[24], high[24], low[24], text[KLINE_JSON_MAX];
        put_number(&rand, open, sizeof(open));
        put_number(&rand, close, sizeof(close));
        put_number(&rand, high, sizeof(high));
        put_number(&rand, low, sizeof(low));
        (void)snprintf(
            text, sizeof(text),
            "{\"e\":\"kline\",\"E\":1628952396573,\"s\":\"A\",\"k\":{\"t\":1628952360000,"
            "\"T\":1628952419999,\"s\":\"A\",\"i\":\"1m\",\"f\":1,\"L\":2,\"o\":\"%s\","
            "\"c\":\"%s\",\"h\":\"%s\",\"l\":\"%s\",\"v\":\"1.0\",\"n\":2,\"x\":false,"
            "\"q\":\"1.0\",\"V\":\"1.0\",\"Q\":\"1.0\",\"B\":\"0\"}}",
            open, close, high, low);
        counts[judge(text)]++;
    }
    assert_int_equal(counts[OPEN_differs], 0);
    assert_true(counts[OPEN_taken] > 500);
}

static int set_up(void **state)
{
    int rc = create_decoder(state);
    decoder = *state;
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_exchange_sends_is_taken),
        cmocka_unit_test(what_is_closed_or_wrong_or_unusual_is_left),
        cmocka_unit_test(no_flipped_bit_and_no_cut_makes_the_two_differ),
        cmocka_unit_test(any_order_of_prices_is_judged_alike),
    };
    return cmocka_run_group_tests(tests, set_up, destroy_decoder);
}
