#include "tests/unit/proto/kline_fixture.h"

#include "tests/unit/proto/hostile.h"
#include "tests/unit/proto/kline_scan_twin.h"

static struct json_reader *reader;

static enum twin_verdict judge(const char *text)
{
    return twin_judge(reader, slice_of_text(text));
}

static enum twin_verdict judge_with(const char *text, const char *old, const char *new)
{
    char changed[KLINE_JSON_MAX];
    replace(text, old, new, changed, sizeof(changed));
    return judge(changed);
}

static void what_the_exchange_sends_is_taken(void **state)
{
    (void)state;
    assert_int_equal(judge(RAW), TWIN_taken);
    assert_int_equal(judge(WRAPPED), TWIN_taken);
    assert_int_equal(judge_with(RAW, "true", "false"), TWIN_taken);
    assert_int_equal(judge_with(RAW, "38248833", "-1"), TWIN_taken);
    assert_int_equal(judge_with(RAW, "\"n\":78", "\"n\":0"), TWIN_taken);
    assert_int_equal(judge_with(RAW, "38248833", "999999999999999999"), TWIN_taken);
}

/* Wrong values in the usual shape are not its business: both hand them on to be judged. */
static void what_has_the_shape_is_taken_whatever_it_says(void **state)
{
    (void)state;
    assert_int_equal(judge_with(RAW, "1628952360000", "7"), TWIN_taken);
    assert_int_equal(judge_with(RAW, "0.34064000", "garbage"), TWIN_taken);
    assert_int_equal(judge_with(RAW, "\"1m\"", "\"\""), TWIN_taken);
    assert_int_equal(judge_with(RAW, "\"B\":\"0\"", "\"B\":\"whatever\""), TWIN_taken);
}

static void what_is_unusual_is_left_to_the_reader(void **state)
{
    (void)state;
    const struct {
        const char *old;
        const char *new;
    } cases[] = {
        {"{\"e\"", "{ \"e\""},
        {"\"B\":\"0\"}}", "\"B\":\"0\"}} "},
        {"\"B\":\"0\"", "\"B\":0"},
        {",\"B\":\"0\"", ""},
        {"\"e\":\"kline\"", "\"e\":\"trade\""},
        {"FTMUSDT", "FTM\\u0055SDT"},
        {"FTMUSDT", "FTM\xc3\xa9USDT"},
        {"\"s\":\"FTMUSDT\"", "\"s\":\"OTHER\""},
        {"38248833", "9999999999999999999"},
        {"38248833", "038248833"},
        {"38248833", "-0"},
        {"38248833", "1e3"},
        {"38248833", "null"},
        {"\"n\":78", "\"n\":\"78\""},
        {"true", "null"},
        {"\"q\":", "\"q\":\"1\",\"q\":"},
        {"\"o\":", "\"c\":"},
        {"0.34064000", "0.340\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (judge_with(RAW, cases[i].old, cases[i].new) != TWIN_left) {
            fail_msg("%s for %s", cases[i].new, cases[i].old);
        }
    }
    assert_int_equal(judge(BARE), TWIN_left);
    assert_int_equal(judge(""), TWIN_left);
}

static void visit(struct slice text, void *context)
{
    size_t *counts = context;
    counts[twin_judge(reader, text)]++;
}

/* A flipped bit gives another digit, another letter, another structure. */
static void no_flipped_bit_and_no_cut_makes_the_two_differ(void **state)
{
    (void)state;
    size_t counts[3] = {0};
    hostile_variants(slice_of_text(RAW), visit, counts);
    hostile_variants(slice_of_text(WRAPPED), visit, counts);
    assert_int_equal(counts[TWIN_differs], 0);
    assert_true(counts[TWIN_taken] > 500);
    assert_true(counts[TWIN_left] > 500);
}

static int create_reader(void **state)
{
    (void)state;
    reader = json_reader_create();
    return 0;
}

static int destroy_reader(void **state)
{
    (void)state;
    json_reader_destroy(&reader);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_exchange_sends_is_taken),
        cmocka_unit_test(what_has_the_shape_is_taken_whatever_it_says),
        cmocka_unit_test(what_is_unusual_is_left_to_the_reader),
        cmocka_unit_test(no_flipped_bit_and_no_cut_makes_the_two_differ),
    };
    return cmocka_run_group_tests(tests, create_reader, destroy_reader);
}
