#include "actors/edge/kafka_mark.h"
#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <string.h>

static void what_was_written_is_read(void **state)
{
    (void)state;
    static const struct kafka_mark marks[] = {
        {0, 0, 0}, {3, 17, 0}, {3, 17, 5}, {15, INT64_MAX, INT32_MAX}};
    for (size_t i = 0; i < ARRAY_COUNT(marks); i++) {
        char text[KAFKA_MARK_BYTES_MAX];
        struct kafka_mark read = {-1, -1, -1};
        size_t size = kafka_mark_write(marks[i], text);
        assert_true(kafka_mark_read((struct slice){text, size}, &read));
        assert_int_equal(read.era, marks[i].era);
        assert_int_equal(read.acked, marks[i].acked);
        assert_int_equal(read.partitions, marks[i].partitions);
    }
}

static void the_text_is_numbers_and_commas(void **state)
{
    (void)state;
    char text[KAFKA_MARK_BYTES_MAX];
    size_t size = kafka_mark_write((struct kafka_mark){3, 17, 0}, text);
    assert_int_equal(size, 4);
    assert_memory_equal(text, "3,17", 4);
    size = kafka_mark_write((struct kafka_mark){3, 17, 12}, text);
    assert_int_equal(size, 7);
    assert_memory_equal(text, "3,17,12", 7);
}

static void the_words_of_others_are_none_of_ours(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "3",
        ",",
        "3,",
        ",4",
        "3,4,0",
        "3,4,-5",
        "3,4,05",
        "3,4,",
        "3,4,5,6",
        "3,4,99999999999",
        "3, 4",
        " 3,4",
        "-1,4",
        "3,-1",
        "03,4",
        "3,4\n",
        "3;4",
        "connector",
        "0x1,2",
        "3,99999999999999999999",
        "1234567890123456789012345678901234567890123456789012345678901234567890,1",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct kafka_mark mark = {7, 8, 9};
        assert_false(kafka_mark_read((struct slice){texts[i], strlen(texts[i])}, &mark));
        assert_int_equal(mark.era, 7);
        assert_int_equal(mark.acked, 8);
    }
    struct kafka_mark mark;
    assert_false(kafka_mark_read((struct slice){"3,4", 2}, &mark));
    assert_false(kafka_mark_read((struct slice){"3,4\0", 4}, &mark));
    assert_false(kafka_mark_read((struct slice){NULL, 0}, &mark));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(the_text_is_numbers_and_commas),
        cmocka_unit_test(the_words_of_others_are_none_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
