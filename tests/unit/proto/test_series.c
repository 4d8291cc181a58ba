#include "proto/series.h"

#include "proto/msgpack_reader.h"
#include "proto/msgpack_writer.h"
#include "tests/unit/cmocka.h"

#include <string.h>

static struct series parse(const char *text)
{
    struct series series = {.kind = SERIES_KIND_COUNT};
    assert_int_equal(series_parse(slice_of_text(text), &series), STATUS_OK);
    return series;
}

static void a_series_is_written_as_it_was_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *name;
        int64_t windows;
    } rows[] = {{"vwap", "vwap", 1},
                {"sma(2)", "sma2", 2},
                {"sma(100)", "sma100", 100},
                {"ema(12)", "ema12", 96}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[SERIES_TEXT_MAX];
        struct series series = parse(rows[i].text);
        series_print(series, text);
        assert_string_equal(text, rows[i].text);
        series_name(series, text);
        assert_string_equal(text, rows[i].name);
        assert_int_equal(series_windows(series), rows[i].windows);
    }
}

static void what_is_no_series_is_refused(void **state)
{
    (void)state;
    static const char *const malformed[] = {"",        "vwap(2)", "vwap ",   "sma",     "sma()",
                                            "sma(02)", "sma(2",   "sma 2",   "sma(-2)", "ema(1.5)",
                                            "wma(3)",  "SMA(3)",  "sma(2))", "vw"};
    static const char *const out_of_range[] = {"sma(1)", "ema(101)", "ema(99999999999999999999)"};
    struct series series = {.kind = SERIES_ema, .length = 7};
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++) {
        assert_int_equal(series_parse(slice_of_text(malformed[i]), &series), STATUS_MALFORMED);
    }
    for (size_t i = 0; i < ARRAY_COUNT(out_of_range); i++) {
        assert_int_equal(series_parse(slice_of_text(out_of_range[i]), &series), STATUS_RANGE);
    }
    assert_int_equal(series.kind, SERIES_ema);
    assert_int_equal(series.length, 7);
}

static void a_set_looks_as_far_as_its_longest(void **state)
{
    (void)state;
    struct series_set set = {.count = 0};
    assert_int_equal(series_set_windows(&set), 1);
    set = (struct series_set){3, {parse("sma(20)"), parse("ema(5)"), parse("vwap")}};
    assert_int_equal(series_set_windows(&set), 40);
    assert_true(series_set_has(&set, parse("ema(5)")));
    assert_false(series_set_has(&set, parse("ema(6)")));
    assert_false(series_set_has(&set, parse("sma(5)")));
}

static struct derived some_values(void)
{
    struct derived derived = {.count = 3};
    derived.series[0] = parse("vwap");
    derived.series[1] = parse("sma(20)");
    derived.series[2] = parse("ema(12)");
    derived.is_known[0] = true;
    derived.values[0] = (int128)9999999999999999 * 100000000000000 + 99999999999999;
    derived.is_known[2] = true;
    derived.values[2] = 1250000000000000;
    return derived;
}

static void values_print_without_zeros_that_say_nothing(void **state)
{
    (void)state;
    struct derived derived = some_values();
    char text[DECIMAL_TEXT_MAX];
    decimal_print(series_value(&derived, 0), text);
    assert_string_equal(text, "9999999999999999.99999999999999");
    decimal_print(series_value(&derived, 2), text);
    assert_string_equal(text, "12.5");
    derived.values[2] = 0;
    decimal_print(series_value(&derived, 2), text);
    assert_string_equal(text, "0");
}

static void values_survive_being_stored(void **state)
{
    (void)state;
    struct derived derived = some_values();
    struct derived decoded;
    unsigned char bytes[SERIES_ENCODED_MAX];
    struct msgpack_writer writer;
    struct msgpack_reader reader;

    msgpack_writer_init(&writer, bytes, sizeof(bytes));
    series_encode(&derived, &writer);
    size_t size = msgpack_writer_size(&writer);
    msgpack_reader_init(&reader, (struct slice){bytes, size});
    assert_true(series_decode(&reader, &decoded));
    assert_true(msgpack_reader_is_at_end(&reader));
    assert_true(series_same(&derived, &decoded));
    for (size_t cut = 0; cut < size; cut++) {
        msgpack_reader_init(&reader, (struct slice){bytes, cut});
        assert_false(series_decode(&reader, &decoded));
    }
}

static void values_are_the_same_only_when_all_of_them_are(void **state)
{
    (void)state;
    struct derived a = some_values();
    struct derived b = a;
    assert_true(series_same(&a, &b));
    b.values[2]++;
    assert_false(series_same(&a, &b));
    b = a;
    b.is_known[1] = true;
    assert_false(series_same(&a, &b));
    b = a;
    b.series[1] = parse("sma(21)");
    assert_false(series_same(&a, &b));
    b = a;
    b.count = 2;
    assert_false(series_same(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_is_written_as_it_was_read),
        cmocka_unit_test(what_is_no_series_is_refused),
        cmocka_unit_test(a_set_looks_as_far_as_its_longest),
        cmocka_unit_test(values_print_without_zeros_that_say_nothing),
        cmocka_unit_test(values_survive_being_stored),
        cmocka_unit_test(values_are_the_same_only_when_all_of_them_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
