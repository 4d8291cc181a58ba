#include "ops/dlq_text.h"

#include "proto/json_reader.h"
#include "tests/unit/cmocka.h"

#include <stdint.h>
#include <stdlib.h>

typedef void print_fn(struct text *out, struct slice bytes);

static void expect(print_fn *print, struct slice bytes, const char *wanted)
{
    struct text out = {.bytes = NULL};
    print(&out, bytes);
    assert_string_equal(text_get(&out), wanted);
    text_deinit(&out);
}

static void control_characters_and_broken_utf8_are_spelt_out(void **state)
{
    (void)state;
    expect(dlq_text_plain, slice_of_text("BTC\x1b[2J\n\x7f"), "BTC\\x1b[2J\\x0a\\x7f");
    expect(dlq_text_plain, slice_of_text("\xc3\xa9\xff\xe2\x82\xac\xc2"),
           "\xc3\xa9\\xff\xe2\x82\xac\\xc2");
    expect(dlq_text_plain, slice_of_text("\xc2\x9b"), "\\xc2\\x9b"); /* CSI in one character */
    expect(dlq_text_plain, (struct slice){NULL, 0}, "");
}

static void every_byte_gives_valid_json(void **state)
{
    (void)state;
    struct json_reader *reader = json_reader_create();
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            const unsigned char bytes[] = {'a', (unsigned char)first, (unsigned char)second, 'z'};
            struct text out = {.bytes = NULL};
            struct value root;
            char error[160];
            dlq_text_json(&out, SLICE_OF(bytes));
            assert_int_equal(json_reader_read(reader, (struct slice){out.bytes, out.size}, &root,
                                              error, sizeof(error)),
                             STATUS_OK);
            text_deinit(&out);
        }
    }
    json_reader_destroy(&reader);
}

static void json_is_indented_and_its_numbers_keep_their_digits(void **state)
{
    (void)state;
    expect(dlq_text_indent,
           slice_of_text("{\"a\":1.500,\"b\" : [ 1,\n2 ],\"c\":{ },\"d\":[],\"e\":\"x{,\\\"}\"}"),
           "{\n  \"a\": 1.500,\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {},\n  \"d\": [],\n"
           "  \"e\": \"x{,\\\"}\"\n}\n");
    expect(dlq_text_indent, slice_of_text(" 42 "), "42\n");
}

static void a_dump_shows_each_byte_twice(void **state)
{
    (void)state;
    const unsigned char bytes[] = "0123456789abcdef\x00\xffz";
    expect(dlq_text_dump, (struct slice){bytes, sizeof(bytes) - 1},
           "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
           "00000010  00 ff 7a                                          |..z|\n");
    expect(dlq_text_dump, (struct slice){bytes, 0}, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_and_broken_utf8_are_spelt_out),
        cmocka_unit_test(every_byte_gives_valid_json),
        cmocka_unit_test(json_is_indented_and_its_numbers_keep_their_digits),
        cmocka_unit_test(a_dump_shows_each_byte_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
