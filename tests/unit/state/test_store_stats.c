#include "state/store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

static void stats_follow_what_is_stored(void **state)
{
    (void)state;
    struct fixture f;
    struct store_stats before;
    struct store_stats after;
    static char value[100000];
    fixture_init(&f, "/tmp");
    f.options.sync = STORE_SYNC_boot;
    f.options.map_bytes = 4 << 20;
    fixture_open(&f);
    assert_int_equal(store_stats(f.store, &before), STATUS_OK);
    assert_int_equal(before.map_bytes, 4 << 20);
    assert_int_equal(before.entries[TABLE_candles], 0);
    assert_true(before.entries[TABLE_meta] > 0);

    batch_put_candle(f.batch, slice_of_text("a"), SLICE_OF(value), 9);
    fixture_put(&f, "b", "1");
    assert_int_equal(fixture_commit(&f), STATUS_OK);
    assert_int_equal(store_stats(f.store, &after), STATUS_OK);
    assert_int_equal(after.entries[TABLE_candles], 1);
    assert_int_equal(after.entries[TABLE_expiry], 1);
    assert_int_equal(after.entries[TABLE_actors], 1);
    assert_true(after.used_bytes >= before.used_bytes + sizeof(value));
    assert_true(after.used_bytes <= before.used_bytes + sizeof(value) + 10 * 4096);

    batch_delete(f.batch, TABLE_candles, slice_of_text("a"));
    assert_int_equal(fixture_commit(&f), STATUS_OK);
    assert_int_equal(store_stats(f.store, &after), STATUS_OK);
    assert_true(after.used_bytes <= before.used_bytes + 10 * 4096); /* free pages are not in use */
    fixture_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stats_follow_what_is_stored)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
