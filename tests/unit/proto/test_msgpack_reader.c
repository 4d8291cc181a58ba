#include "proto/msgpack_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct msgpack_reader reader_of(const void *bytes, size_t size)
{
    struct msgpack_reader reader;
    msgpack_reader_init(&reader, (struct slice){bytes, size});
    return reader;
}

/* Every first byte of the format, from its specification. */
static const struct example {
    const char *bytes;
    size_t size;
    enum value_kind kind;
    int64_t number; /* of an integer; size of bytes; count of a container */
} examples[] = {
    {"\x00", 1, VALUE_integer, 0},
    {"\x7f", 1, VALUE_integer, 127},
    {"\xe0", 1, VALUE_integer, -32},
    {"\xff", 1, VALUE_integer, -1},
    {"\x80", 1, VALUE_object, 0},
    {"\x8f", 1, VALUE_object, 15},
    {"\x90", 1, VALUE_array, 0},
    {"\x9f", 1, VALUE_array, 15},
    {"\xa0", 1, VALUE_string, 0},
    {"\xa2hi", 3, VALUE_string, 2},
    {"\xc0", 1, VALUE_null, 0},
    {"\xc2", 1, VALUE_boolean, 0},
    {"\xc3", 1, VALUE_boolean, 1},
    {"\xc4\x01z", 3, VALUE_bytes, 1},
    {"\xc5\x00\x01z", 4, VALUE_bytes, 1},
    {"\xc6\x00\x00\x00\x01z", 6, VALUE_bytes, 1},
    {"\xc7\x02tzz", 5, VALUE_other, 3},
    {"\xc8\x00\x00t", 4, VALUE_other, 1},
    {"\xc9\x00\x00\x00\x00t", 6, VALUE_other, 1},
    {"\xca\x00\x00\x00\x00", 5, VALUE_real, 4},
    {"\xcb\x00\x00\x00\x00\x00\x00\x00\x00", 9, VALUE_real, 8},
    {"\xcc\xff", 2, VALUE_integer, 255},
    {"\xcd\xff\xff", 3, VALUE_integer, 65535},
    {"\xce\xff\xff\xff\xff", 5, VALUE_integer, 4294967295},
    {"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9, VALUE_integer, INT64_MAX},
    {"\xcf\x80\x00\x00\x00\x00\x00\x00\x00", 9, VALUE_big_integer, 0},
    {"\xd0\x80", 2, VALUE_integer, -128},
    {"\xd1\x80\x00", 3, VALUE_integer, -32768},
    {"\xd2\x80\x00\x00\x00", 5, VALUE_integer, -2147483648},
    {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9, VALUE_integer, INT64_MIN},
    {"\xd4tz", 3, VALUE_other, 2},
    {"\xd5tzz", 4, VALUE_other, 3},
    {"\xd6tzzzz", 6, VALUE_other, 5},
    {"\xd7tzzzzzzzz", 10, VALUE_other, 9},
    {"\xd8tzzzzzzzzzzzzzzzz", 18, VALUE_other, 17},
    {"\xd9\x01z", 3, VALUE_string, 1},
    {"\xda\x00\x01z", 4, VALUE_string, 1},
    {"\xdb\x00\x00\x00\x01z", 6, VALUE_string, 1},
    {"\xdc\xff\xff", 3, VALUE_array, 65535},
    {"\xdd\xff\xff\xff\xff", 5, VALUE_array, 4294967295},
    {"\xde\x00\x02", 3, VALUE_object, 2},
    {"\xdf\x00\x00\x00\x02", 5, VALUE_object, 2},
};

static int64_t number_of(const struct value *value)
{
    switch (value->kind) {
    case VALUE_integer:
        return value->integer;
    case VALUE_array:
    case VALUE_object:
        return value->count;
    case VALUE_boolean:
        return value->boolean;
    case VALUE_null:
    case VALUE_big_integer:
        return 0;
    default:
        return (int64_t)value->string.size;
    }
}

static void every_type_is_read_as_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(examples); i++) {
        struct msgpack_reader reader = reader_of(examples[i].bytes, examples[i].size);
        struct value value;
        assert_int_equal(msgpack_reader_next(&reader, &value), STATUS_OK);
        assert_true(msgpack_reader_is_at_end(&reader));
        assert_int_equal(value.kind, examples[i].kind);
        assert_true(number_of(&value) == examples[i].number);
    }
}

static void a_value_that_is_cut_is_malformed_and_not_consumed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(examples); i++) {
        for (size_t cut = 0; cut < examples[i].size; cut++) {
            struct msgpack_reader reader = reader_of(examples[i].bytes, cut);
            struct value value = {.kind = VALUE_absent};
            assert_int_equal(msgpack_reader_next(&reader, &value), STATUS_MALFORMED);
            assert_ptr_equal(reader.next, examples[i].bytes);
            assert_int_equal(value.kind, VALUE_absent);
        }
    }
}

static void the_reserved_byte_is_malformed(void **state)
{
    (void)state;
    struct msgpack_reader reader = reader_of("\xc1", 1);
    struct value value;
    assert_int_equal(msgpack_reader_next(&reader, &value), STATUS_MALFORMED);
}

static void lengths_beyond_the_end_are_malformed(void **state)
{
    (void)state;
    static const char *const claims[] = {"\xc6\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff",
                                         "\xdb\xff\xff\xff\xff"};
    for (size_t i = 0; i < ARRAY_COUNT(claims); i++) {
        struct msgpack_reader reader = reader_of(claims[i], 5);
        struct value value;
        assert_int_equal(msgpack_reader_next(&reader, &value), STATUS_MALFORMED);
    }
}

static void skipping_passes_over_what_is_nested(void **state)
{
    (void)state;
    /* [1, {"a": [2, {}]}, "b"] and then 7 */
    static const char bytes[] = "\x93\x01\x81\xa1"
                                "a\x92\x02\x80\xa1"
                                "b\x07";
    struct msgpack_reader reader = reader_of(bytes, sizeof(bytes) - 1);
    struct value value;
    assert_int_equal(msgpack_reader_skip(&reader, 1), STATUS_OK);
    assert_int_equal(msgpack_reader_next(&reader, &value), STATUS_OK);
    assert_int_equal(value.integer, 7);
    assert_true(msgpack_reader_is_at_end(&reader));
    assert_int_equal(msgpack_reader_skip(&reader, 0), STATUS_OK);
    assert_int_equal(msgpack_reader_skip(&reader, 1), STATUS_MALFORMED);
}

static void any_depth_and_any_count_is_skipped_or_refused(void **state)
{
    (void)state;
    static unsigned char deep[100000];
    memset(deep, 0x91, sizeof(deep)); /* arrays of one array of one … */
    struct msgpack_reader reader = reader_of(deep, sizeof(deep));
    assert_int_equal(msgpack_reader_skip(&reader, 1), STATUS_MALFORMED);
    deep[sizeof(deep) - 1] = 0x90;
    reader = reader_of(deep, sizeof(deep));
    assert_int_equal(msgpack_reader_skip(&reader, 1), STATUS_OK);

    reader = reader_of("\xdf\xff\xff\xff\xff\x01\x01", 7);
    assert_int_equal(msgpack_reader_skip(&reader, 1), STATUS_MALFORMED);
    assert_int_equal(msgpack_reader_skip(&reader, UINT64_MAX), STATUS_MALFORMED);
}

static void no_bytes_at_all_are_fine(void **state)
{
    (void)state;
    struct msgpack_reader reader = reader_of(NULL, 0);
    struct value value;
    assert_true(msgpack_reader_is_at_end(&reader));
    assert_int_equal(msgpack_reader_next(&reader, &value), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read_as_what_it_is),
        cmocka_unit_test(a_value_that_is_cut_is_malformed_and_not_consumed),
        cmocka_unit_test(the_reserved_byte_is_malformed),
        cmocka_unit_test(lengths_beyond_the_end_are_malformed),
        cmocka_unit_test(skipping_passes_over_what_is_nested),
        cmocka_unit_test(any_depth_and_any_count_is_skipped_or_refused),
        cmocka_unit_test(no_bytes_at_all_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
