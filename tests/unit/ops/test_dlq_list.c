#include "ops/dlq_list.h"

#include "proto/json_reader.h"
#include "tests/unit/cmocka.h"

#include <string.h>

static struct dlq_letter letter(void)
{
    return (struct dlq_letter){
        .kind = DLQ_letter,
        .id = "klines/0/5",
        .reason = "late",
        .error = "t: too old",
        .topic = "klines",
        .offset = 5,
        .timestamp_ms = 1000,
        .put_ms = 60000,
        .value = {"abc", 3},
        .symbol = "BTCUSDT",
    };
}

static void a_filter_wants_all_that_it_names(void **state)
{
    (void)state;
    struct dlq_letter l = letter();
    struct dlq_filter all = {.since_ms = INT64_MIN};
    struct dlq_filter exact = {"late", "BTCUSDT", 60000};
    struct dlq_filter reason = {"future", NULL, INT64_MIN};
    struct dlq_filter symbol = {NULL, "BTC", INT64_MIN};
    struct dlq_filter since = {NULL, NULL, 60001};
    assert_true(dlq_list_matches(&all, &l));
    assert_true(dlq_list_matches(&exact, &l));
    assert_false(dlq_list_matches(&reason, &l));
    assert_false(dlq_list_matches(&symbol, &l));
    assert_false(dlq_list_matches(&since, &l));
}

static void a_row_tells_when_why_what_and_where(void **state)
{
    (void)state;
    struct dlq_letter l = letter();
    struct text out = {.bytes = NULL};
    dlq_list_row(&l, true, &out);
    assert_string_equal(text_get(&out),
                        "1970-01-01T00:01:00Z     late            BTCUSDT             3 retried   "
                        "klines/0/5                       t: too old\n");
    text_deinit(&out);
}

static void hostile_headers_still_give_one_line_of_json(void **state)
{
    (void)state;
    struct dlq_letter l = letter();
    struct text out = {.bytes = NULL};
    struct json_reader *reader = json_reader_create();
    struct value root;
    char error[160];
    strcpy(l.id, "\"\n\x1b\xff");
    strcpy(l.error, "\\");
    l.key = (struct slice){"\x00\xfe", 2};
    dlq_list_json(&l, false, &out);
    assert_int_equal(
        json_reader_read(reader, (struct slice){out.bytes, out.size}, &root, error, sizeof(error)),
        STATUS_OK);
    assert_ptr_equal(strchr(out.bytes, '\n'), out.bytes + out.size - 1);
    json_reader_destroy(&reader);
    text_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_wants_all_that_it_names),
        cmocka_unit_test(a_row_tells_when_why_what_and_where),
        cmocka_unit_test(hostile_headers_still_give_one_line_of_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
