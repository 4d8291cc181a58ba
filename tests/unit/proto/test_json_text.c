#include "proto/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void strings_are_escaped_and_other_text_stays(void **state)
{
    (void)state;
    char buffer[100];
    struct json_text text;
    json_text_init(&text, buffer, sizeof(buffer));
    json_text_put(&text, "[");
    json_text_put_string(&text, (struct slice){"a\"b\\c\n\0\x1f\x7f\xc3\xa4", 11});
    json_text_put(&text, "]");
    size_t size = json_text_finish(&text);
    assert_string_equal(buffer, "[\"a\\\"b\\\\c\\u000a\\u0000\\u001f\x7f\xc3\xa4\"]");
    assert_int_equal(size, strlen(buffer));
}

static void numbers_keep_every_digit(void **state)
{
    (void)state;
    char buffer[100];
    struct json_text text;
    json_text_init(&text, buffer, sizeof(buffer));
    json_text_put_integer(&text, 0);
    json_text_put(&text, ",");
    json_text_put_integer(&text, INT64_MIN);
    json_text_put(&text, ",");
    json_text_put_integer(&text, INT64_MAX);
    json_text_put(&text, ",");
    json_text_put_decimal(&text, (struct decimal){.coefficient = 1500, .scale = 3});
    json_text_finish(&text);
    assert_string_equal(buffer, "0,-9223372036854775808,9223372036854775807,1.500");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped_and_other_text_stays),
        cmocka_unit_test(numbers_keep_every_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
