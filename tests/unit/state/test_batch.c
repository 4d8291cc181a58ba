#include "runtime/mem.h"
#include "runtime/rand.h"
#include "state/batch.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

static void put(struct batch *batch, const char *key, const char *value)
{
    batch_put(batch, TABLE_actors, slice_of_text(key), slice_of_text(value));
}

static void check_found(const struct batch *batch, const char *key, const char *value)
{
    struct slice found;
    assert_int_equal(batch_find(batch, TABLE_actors, slice_of_text(key), &found), BATCH_put);
    assert_true(slice_equals(found, slice_of_text(value)));
}

static void the_youngest_write_of_a_key_counts(void **state)
{
    (void)state;
    struct batch *batch = batch_create();
    struct slice found = {NULL, 77};

    assert_int_equal(batch_find(batch, TABLE_actors, slice_of_text("a"), &found), BATCH_nothing);
    put(batch, "a", "1");
    check_found(batch, "a", "1");
    put(batch, "a", "a longer value than before");
    check_found(batch, "a", "a longer value than before");
    put(batch, "a", "");
    check_found(batch, "a", "");
    batch_delete(batch, TABLE_actors, slice_of_text("a"));
    assert_int_equal(batch_find(batch, TABLE_actors, slice_of_text("a"), &found), BATCH_deleted);
    put(batch, "a", "back");
    check_found(batch, "a", "back");
    assert_int_equal(batch_count(batch), 1);
    batch_destroy(&batch);
    assert_null(batch);
    batch_destroy(&batch);
}

static void the_same_key_in_two_tables_is_two_keys(void **state)
{
    (void)state;
    struct batch *batch = batch_create();
    struct slice key = slice_of_text("k");
    struct slice found;

    batch_put(batch, TABLE_actors, key, slice_of_text("actor"));
    batch_put_candle(batch, key, slice_of_text("candle"), 5);
    batch_delete(batch, TABLE_outbox, key);
    assert_int_equal(batch_find(batch, TABLE_actors, key, &found), BATCH_put);
    assert_true(slice_equals(found, slice_of_text("actor")));
    assert_int_equal(batch_find(batch, TABLE_candles, key, &found), BATCH_put);
    assert_true(slice_equals(found, slice_of_text("candle")));
    assert_int_equal(batch_find(batch, TABLE_outbox, key, &found), BATCH_deleted);
    assert_int_equal(batch_find(batch, TABLE_meta, key, &found), BATCH_nothing);
    batch_destroy(&batch);
}

static void writes_stand_in_order_of_first_writing(void **state)
{
    (void)state;
    struct batch *batch = batch_create();
    put(batch, "b", "1");
    put(batch, "a", "2");
    batch_put_candle(batch, slice_of_text("c"), slice_of_text("3"), 99);
    put(batch, "b", "4");

    assert_int_equal(batch_count(batch), 3);
    struct batch_write write = batch_at(batch, 0);
    assert_true(slice_equals(write.key, slice_of_text("b")));
    assert_true(slice_equals(write.value, slice_of_text("4")));
    assert_int_equal(write.kind, BATCH_put);
    assert_int_equal(write.expire_ms, 0);
    write = batch_at(batch, 2);
    assert_int_equal(write.table, TABLE_candles);
    assert_int_equal(write.expire_ms, 99);
    batch_delete(batch, TABLE_candles, slice_of_text("c"));
    write = batch_at(batch, 2);
    assert_int_equal(write.kind, BATCH_deleted);
    assert_int_equal(write.value.size, 0);
    assert_int_equal(write.expire_ms, 0);
    batch_destroy(&batch);
}

static void bytes_count_keys_and_values_that_still_count(void **state)
{
    (void)state;
    struct batch *batch = batch_create();
    assert_int_equal(batch_bytes(batch), 0);
    put(batch, "key", "12345");
    assert_int_equal(batch_bytes(batch), 8);
    put(batch, "key", "1");
    assert_int_equal(batch_bytes(batch), 4);
    put(batch, "key", "1234567");
    assert_int_equal(batch_bytes(batch), 10);
    batch_delete(batch, TABLE_actors, slice_of_text("key"));
    assert_int_equal(batch_bytes(batch), 3);
    batch_clear(batch);
    assert_int_equal(batch_bytes(batch), 0);
    batch_destroy(&batch);
}

static void a_value_may_come_from_the_batch_itself(void **state)
{
    (void)state;
    struct batch *batch = batch_create();
    struct slice found;
    char key[16];

    put(batch, "k0", "the value that is handed on, long enough to notice");
    for (int i = 1; i < 500; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i - 1);
        assert_int_equal(batch_find(batch, TABLE_actors, slice_of_text(key), &found), BATCH_put);
        (void)snprintf(key, sizeof(key), "k%d", i);
        batch_put(batch, TABLE_actors, slice_of_text(key), found);
        /* Key and value, both from inside. */
        batch_put(batch, TABLE_outbox, batch_at(batch, 0).key, batch_at(batch, 0).value);
    }
    check_found(batch, "k499", "the value that is handed on, long enough to notice");
    assert_int_equal(batch_find(batch, TABLE_outbox, slice_of_text("k0"), &found), BATCH_put);
    batch_destroy(&batch);
}

static void a_cleared_batch_knows_nothing(void **state)
{
    (void)state;
    struct batch *batch = batch_create();
    struct slice found;
    char key[16];
    static char large[3 << 20];
    const size_t sizes[] = {sizeof(large), 10}; /* memory that is given up, and that is kept */

    for (size_t round = 0; round < 4; round++) {
        for (int i = 0; i < 3000; i++) {
            (void)snprintf(key, sizeof(key), "%d", i);
            put(batch, key, "value");
        }
        batch_put(batch, TABLE_actors, slice_of_text("large"),
                  (struct slice){large, sizes[round % 2]});
        batch_clear(batch);
        assert_int_equal(batch_count(batch), 0);
        for (int i = 0; i < 3000; i++) {
            (void)snprintf(key, sizeof(key), "%d", i);
            assert_int_equal(batch_find(batch, TABLE_actors, slice_of_text(key), &found),
                             BATCH_nothing);
        }
    }
    batch_destroy(&batch);
}

enum { MODEL_KEYS = 300 };

struct model {
    enum batch_found kinds[MODEL_KEYS];
    char values[MODEL_KEYS][40];
};

static void write_once(struct batch *batch, struct model *model, struct rand *rand)
{
    size_t i = (size_t)rand_below(rand, MODEL_KEYS);
    char key[16];
    (void)snprintf(key, sizeof(key), "key-%zu", i);
    if (rand_chance(rand, 20)) {
        batch_delete(batch, TABLE_candles, slice_of_text(key));
        model->kinds[i] = BATCH_deleted;
        return;
    }
    (void)snprintf(model->values[i], sizeof(model->values[i]), "%0*d",
                   (int)rand_below(rand, 30) + 1, (int)rand_below(rand, 10));
    batch_put(batch, TABLE_candles, slice_of_text(key), slice_of_text(model->values[i]));
    model->kinds[i] = BATCH_put;
}

static void random_writes_agree_with_an_array(void **state)
{
    (void)state;
    struct rand rand = {.state = 42};
    struct batch *batch = batch_create();

    for (int round = 0; round < 20; round++) {
        struct model model = {.kinds = {BATCH_nothing}};
        uint64_t writes = rand_below(&rand, 1000);
        for (uint64_t i = 0; i < writes; i++) {
            write_once(batch, &model, &rand);
        }
        size_t bytes = 0;
        for (size_t i = 0; i < MODEL_KEYS; i++) {
            char key[16];
            struct slice found;
            (void)snprintf(key, sizeof(key), "key-%zu", i);
            assert_int_equal(batch_find(batch, TABLE_candles, slice_of_text(key), &found),
                             model.kinds[i]);
            bytes += model.kinds[i] == BATCH_nothing ? 0 : strlen(key);
            if (model.kinds[i] == BATCH_put) {
                assert_true(slice_equals(found, slice_of_text(model.values[i])));
                bytes += found.size;
            }
        }
        assert_int_equal(batch_bytes(batch), bytes);
        batch_clear(batch);
    }
    batch_destroy(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_youngest_write_of_a_key_counts),
        cmocka_unit_test(the_same_key_in_two_tables_is_two_keys),
        cmocka_unit_test(writes_stand_in_order_of_first_writing),
        cmocka_unit_test(bytes_count_keys_and_values_that_still_count),
        cmocka_unit_test(a_value_may_come_from_the_batch_itself),
        cmocka_unit_test(a_cleared_batch_knows_nothing),
        cmocka_unit_test(random_writes_agree_with_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
