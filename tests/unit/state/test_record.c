#include "state/record.h"
#include "tests/unit/cmocka.h"

static const struct slice key = {"key", 3};

static void a_record_comes_back_in_every_table(void **state)
{
    (void)state;
    static const enum store_table tables[] = {TABLE_meta, TABLE_actors, TABLE_candles,
                                              TABLE_outbox};
    unsigned char bytes[32];
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        struct record before = {.value = slice_of_text("value")};
        before.expire_ms = tables[i] == TABLE_candles ? -5 : 0;
        struct record after;
        size_t size = record_size(tables[i], before.value.size);
        assert_int_equal(size, tables[i] == TABLE_candles ? 17 : 9);
        record_encode(tables[i], key, &before, bytes);
        assert_int_equal(record_decode(tables[i], key, (struct slice){bytes, size}, &after),
                         STATUS_OK);
        assert_true(slice_equals(after.value, before.value));
        assert_int_equal(after.expire_ms, before.expire_ms);
    }
}

static void one_wrong_bit_is_corrupt(void **state)
{
    (void)state;
    unsigned char bytes[32];
    struct record record = {.value = slice_of_text("value"), .expire_ms = 77};
    struct record after = {.expire_ms = 1};
    size_t size = record_size(TABLE_candles, record.value.size);
    record_encode(TABLE_candles, key, &record, bytes);
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] = (unsigned char)(bytes[bit / 8] ^ 1u << bit % 8);
        assert_int_equal(record_decode(TABLE_candles, key, (struct slice){bytes, size}, &after),
                         STATUS_CORRUPT);
        bytes[bit / 8] = (unsigned char)(bytes[bit / 8] ^ 1u << bit % 8);
    }
    for (size_t shorter = 0; shorter < size; shorter++) {
        assert_int_equal(record_decode(TABLE_candles, key, (struct slice){bytes, shorter}, &after),
                         STATUS_CORRUPT);
    }
    assert_int_equal(
        record_decode(TABLE_candles, slice_of_text("kez"), (struct slice){bytes, size}, &after),
        STATUS_CORRUPT);
    assert_int_equal(after.expire_ms, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_comes_back_in_every_table),
        cmocka_unit_test(one_wrong_bit_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
