#include "proto/msgpack_writer.h"

#include "proto/msgpack_reader.h"
#include "runtime/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_bytes_are_those_of_the_specification(void **state)
{
    (void)state;
    unsigned char bytes[64];
    struct msgpack_writer writer;
    msgpack_writer_init(&writer, bytes, sizeof(bytes));
    msgpack_writer_put_map(&writer, 2);
    msgpack_writer_put_text(&writer, "a");
    msgpack_writer_put_array(&writer, 3);
    msgpack_writer_put_null(&writer);
    msgpack_writer_put_boolean(&writer, true);
    msgpack_writer_put_boolean(&writer, false);
    msgpack_writer_put_bytes(&writer, (struct slice){"zz", 2});
    msgpack_writer_put_integer(&writer, -300);
    static const char expected[] = "\x82\xa1"
                                   "a\x93\xc0\xc3\xc2\xc4\x02zz\xd1\xfe\xd4";
    assert_int_equal(msgpack_writer_size(&writer), sizeof(expected) - 1);
    assert_memory_equal(bytes, expected, sizeof(expected) - 1);
}

static void integers_of_every_width_come_back(void **state)
{
    (void)state;
    static const int64_t integers[] = {
        0,      1,          127,        128,         255,         256,       65535,
        65536,  -1,         -32,        -33,         -128,        -129,      -32768,
        -32769, 4294967295, 4294967296, -2147483648, -2147483649, INT64_MAX, INT64_MIN,
    };
    unsigned char bytes[200];
    struct msgpack_writer writer;
    struct msgpack_reader reader;
    msgpack_writer_init(&writer, bytes, sizeof(bytes));
    for (size_t i = 0; i < ARRAY_COUNT(integers); i++) {
        msgpack_writer_put_integer(&writer, integers[i]);
    }
    msgpack_reader_init(&reader, (struct slice){bytes, msgpack_writer_size(&writer)});
    for (size_t i = 0; i < ARRAY_COUNT(integers); i++) {
        struct value value;
        assert_int_equal(msgpack_reader_next(&reader, &value), STATUS_OK);
        assert_int_equal(value.kind, VALUE_integer);
        assert_true(value.integer == integers[i]);
    }
    assert_true(msgpack_reader_is_at_end(&reader));
}

static void strings_and_bytes_of_every_length_class_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
    static unsigned char bytes[70000];
    static char content[65536];
    for (size_t i = 0; i < 2 * ARRAY_COUNT(sizes); i++) {
        struct slice given = {content, sizes[i / 2]};
        struct msgpack_writer writer;
        struct msgpack_reader reader;
        struct value value;
        msgpack_writer_init(&writer, bytes, sizeof(bytes));
        if (i % 2 == 0) {
            msgpack_writer_put_string(&writer, given);
        } else {
            msgpack_writer_put_bytes(&writer, given);
        }
        msgpack_reader_init(&reader, (struct slice){bytes, msgpack_writer_size(&writer)});
        assert_int_equal(msgpack_reader_next(&reader, &value), STATUS_OK);
        assert_int_equal(value.kind, i % 2 == 0 ? VALUE_string : VALUE_bytes);
        assert_true(slice_equals(value.string, given));
        assert_true(msgpack_reader_is_at_end(&reader));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_those_of_the_specification),
        cmocka_unit_test(integers_of_every_width_come_back),
        cmocka_unit_test(strings_and_bytes_of_every_length_class_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
