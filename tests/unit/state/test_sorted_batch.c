#include "state/sorted_batch.h"

#include "runtime/rand.h"
#include "tests/unit/cmocka.h"

#include <string.h>

static bool is_before(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int difference = memcmp(a.bytes, b.bytes, common);
    return difference < 0 || (difference == 0 && a.size < b.size);
}

static void put_random(struct batch *batch, struct rand *rand)
{
    static const enum store_table tables[] = {TABLE_actors, TABLE_candles, TABLE_outbox};
    for (int i = 0; i < 500; i++) {
        unsigned char key[6];
        size_t size = (size_t)rand_below(rand, sizeof(key)) + 1;
        for (size_t k = 0; k < size && k < sizeof(key); k++) {
            key[k] = (unsigned char)(rand_below(rand, 3) * 127);
        }
        batch_put(batch, tables[rand_below(rand, 3)], (struct slice){key, size},
                  slice_of_text("v"));
    }
}

static void writes_come_by_table_and_key_each_once(void **state)
{
    (void)state;
    struct rand rand = {.state = 7};
    struct batch *batch = batch_create();
    struct sorted_batch sorted;
    put_random(batch, &rand);
    sorted_batch_init(&sorted, batch);
    assert_int_equal(sorted.starts[0], 0);
    assert_int_equal(sorted.starts[TABLE_COUNT], batch_count(batch));
    for (int table = 0; table < TABLE_COUNT; table++) {
        for (size_t i = sorted.starts[table]; i < sorted.starts[table + 1]; i++) {
            assert_int_equal(sorted_batch_at(&sorted, i).table, table);
            if (i > sorted.starts[table]) {
                assert_true(is_before(sorted_batch_at(&sorted, i - 1).key,
                                      sorted_batch_at(&sorted, i).key));
            }
        }
    }
    sorted_batch_deinit(&sorted);
    batch_destroy(&batch);
}

static void an_empty_batch_has_no_writes(void **state)
{
    (void)state;
    struct batch *batch = batch_create();
    struct sorted_batch sorted;
    sorted_batch_init(&sorted, batch);
    assert_int_equal(sorted.starts[TABLE_COUNT], 0);
    sorted_batch_deinit(&sorted);
    batch_destroy(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_come_by_table_and_key_each_once),
        cmocka_unit_test(an_empty_batch_has_no_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
