#include "proto/kline_error.h"
#include "runtime/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct value string_value(const char *text)
{
    return (struct value){.kind = VALUE_string, .string = slice_of_text(text)};
}

static void the_text_says_which_field_held_what(void **state)
{
    (void)state;
    struct value text = string_value("12x");
    struct value integer = {.kind = VALUE_integer, .integer = -5};
    struct value boolean = {.kind = VALUE_boolean, .boolean = true};
    struct value object = {.kind = VALUE_object};
    struct value null = {.kind = VALUE_null};
    const struct {
        const struct value *value;
        const char *expected;
    } rows[] = {
        {&text, "k.h: \"12x\" is wrong"}, {&integer, "k.h: -5 is wrong"},
        {&boolean, "k.h: true is wrong"}, {&object, "k.h: an object is wrong"},
        {&null, "k.h: null is wrong"},    {NULL, "k.h is wrong"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char error[KLINE_ERROR_MAX];
        assert_int_equal(
            kline_error_set(error, REASON_wrong_type, "k.", "h", rows[i].value, "is wrong"),
            REASON_wrong_type);
        assert_string_equal(error, rows[i].expected);
    }
}

static void what_does_not_print_is_shown_as_numbers(void **state)
{
    (void)state;
    char error[KLINE_ERROR_MAX];
    struct value value = {.kind = VALUE_string, .string = {"a\0\n\"\\\xc3\x7f", 7}};
    (void)kline_error_set(error, REASON_bad_symbol, "", "s", &value, "is bad");
    assert_string_equal(error, "s: \"a\\x00\\x0a\\x22\\x5c\\xc3\\x7f\" is bad");
}

static void a_long_string_is_cut_at_any_mixture(void **state)
{
    (void)state;
    char long_text[300];
    for (size_t plain = 0; plain < 100; plain++) {
        char error[KLINE_ERROR_MAX];
        memset(long_text, '\n', sizeof(long_text));
        memset(long_text, 'a', plain);
        struct value value = {.kind = VALUE_string, .string = {long_text, sizeof(long_text)}};
        (void)kline_error_set(error, REASON_bad_symbol, "", "s", &value, "is bad");
        assert_true(strlen(error) < 90);
        assert_non_null(strstr(error, "\"... is bad"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_says_which_field_held_what),
        cmocka_unit_test(what_does_not_print_is_shown_as_numbers),
        cmocka_unit_test(a_long_string_is_cut_at_any_mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
