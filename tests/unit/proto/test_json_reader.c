#include "proto/json_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int create_reader(void **state)
{
    *state = json_reader_create();
    return 0;
}

static int destroy_reader(void **state)
{
    struct json_reader *reader = *state;
    json_reader_destroy(&reader);
    assert_null(reader);
    json_reader_destroy(&reader);
    return 0;
}

static void every_kind_of_value_is_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum value_kind kind;
    } rows[] = {
        {"null", VALUE_null},
        {" true ", VALUE_boolean},
        {"-12", VALUE_integer},
        {"9223372036854775807", VALUE_integer},
        {"9223372036854775808", VALUE_big_integer},
        {"99999999999999999999", VALUE_real},
        {"1.0", VALUE_real},
        {"1e3", VALUE_real},
        {"1e999", VALUE_real},
        {"-9223372036854775809", VALUE_real},
        {"\"x\"", VALUE_string},
        {"[]", VALUE_array},
        {"{}", VALUE_object},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct value root;
        char error[100];
        assert_int_equal(
            json_reader_read(*state, slice_of_text(rows[i].text), &root, error, sizeof(error)),
            STATUS_OK);
        assert_int_equal(root.kind, rows[i].kind);
    }
}

static void what_is_not_one_json_value_is_malformed(void **state)
{
    static const char *const texts[] = {
        "",        " ",          "{",     "}",           "{}x",      "{} {}",
        "[1,]",    "{\"a\":1,}", "'a'",   "nul",         "NaN",      "01",
        "+1",      "\"\t\"",     "/**/1", "\"\\ud800\"", "\"\xff\"", "\xef\xbb\xbf{}",
        "{\"a\"}", "Infinity",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct value root = {.kind = VALUE_other};
        char error[100] = "";
        assert_int_equal(
            json_reader_read(*state, slice_of_text(texts[i]), &root, error, sizeof(error)),
            STATUS_MALFORMED);
        assert_int_equal(root.kind, VALUE_other);
        assert_true(strlen(error) > 0);
    }
}

static void members_come_in_order_with_their_keys_unescaped(void **state)
{
    struct value root;
    struct value value;
    struct slice key;
    char error[100];
    assert_int_equal(json_reader_read(*state,
                                      slice_of_text("{\"a\":1,\"\\u0062\":{\"c\":[]},\"a\":\"z\"}"),
                                      &root, error, sizeof(error)),
                     STATUS_OK);
    struct json_walk walk = json_reader_walk(&root);
    assert_true(json_reader_next_member(&walk, &key, &value));
    assert_true(slice_equals(key, slice_of_text("a")));
    assert_int_equal(value.integer, 1);
    assert_true(json_reader_next_member(&walk, &key, &value));
    assert_true(slice_equals(key, slice_of_text("b")));
    assert_int_equal(value.kind, VALUE_object);
    assert_true(json_reader_next_member(&walk, &key, &value));
    assert_true(slice_equals(key, slice_of_text("a")));
    assert_true(value_is_text(&value, "z"));
    assert_false(json_reader_next_member(&walk, &key, &value));
}

static void elements_come_in_order(void **state)
{
    struct value root;
    struct value value;
    char error[100];
    assert_int_equal(
        json_reader_read(*state, slice_of_text("[5,[6],true]"), &root, error, sizeof(error)),
        STATUS_OK);
    struct json_walk walk = json_reader_walk(&root);
    assert_true(json_reader_next_element(&walk, &value));
    assert_int_equal(value.integer, 5);
    assert_true(json_reader_next_element(&walk, &value));
    struct json_walk inner = json_reader_walk(&value);
    assert_true(json_reader_next_element(&inner, &value));
    assert_int_equal(value.integer, 6);
    assert_false(json_reader_next_element(&inner, &value));
    assert_true(json_reader_next_element(&walk, &value));
    assert_true(value.boolean);
    assert_false(json_reader_next_element(&walk, &value));
}

static void a_document_of_any_size_and_depth_is_read_or_refused(void **state)
{
    size_t size = 1 << 20;
    char *text = malloc(size);
    struct value root;
    char error[100];

    memset(text, '[', size);
    assert_int_equal(json_reader_read(*state, (struct slice){text, size}, &root, error, 100),
                     STATUS_MALFORMED);
    memset(text + size / 2, ']', size / 2);
    assert_int_equal(json_reader_read(*state, (struct slice){text, size}, &root, error, 100),
                     STATUS_OK);
    /* every size around the edge of the pool */
    for (size = 4900; size < 5200; size++) {
        memset(text, '[', size);
        assert_int_equal(json_reader_read(*state, (struct slice){text, size}, &root, error, 100),
                         STATUS_MALFORMED);
        memset(text, ' ', size);
        text[0] = '1';
        assert_int_equal(json_reader_read(*state, (struct slice){text, size}, &root, error, 100),
                         STATUS_OK);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_told_apart),
        cmocka_unit_test(what_is_not_one_json_value_is_malformed),
        cmocka_unit_test(members_come_in_order_with_their_keys_unescaped),
        cmocka_unit_test(elements_come_in_order),
        cmocka_unit_test(a_document_of_any_size_and_depth_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, create_reader, destroy_reader);
}
