#include "runtime/base.h"
#include "state/store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    static struct fixture f;
    fixture_init(&f, "/tmp");
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

/* A store that has a bit of everything. */
static void live(struct fixture *f)
{
    fixture_open(f);
    f->meta.next_offset = 100;
    f->meta.stream_time_ms = 5000;
    f->meta.floor_ms = 4000;
    f->meta.owed_from = 90;
    f->meta.topic_partitions = 5;
    f->meta.fingerprint = (struct record_fingerprint){1, 2, 3, true};
    f->meta.cursors[SINK_redis] = 1;
    f->meta.acked_revisions[SINK_redis] = 99;
    strcpy(f->meta.settings, "intervals=5m");
    fixture_put(f, "actor", "1");
    fixture_put_candle(f, "candle", "2", 9000);
    fixture_put_entry(f, 1, "acknowledged");
    fixture_put_entry(f, 2, "owed");
    assert_int_equal(fixture_commit(f), STATUS_OK);
    f->meta = *store_meta(f->store);
}

static void check_kept(struct fixture *f)
{
    const struct meta *meta = store_meta(f->store);
    assert_int_equal(fixture_entries(f, TABLE_outbox), 1);
    assert_int_equal(meta->outbox_next, 3);
    assert_int_equal(meta->outbox_bytes, 4);
    assert_int_equal(meta->cursors[SINK_redis], 1);
    assert_int_equal(meta->cursors[SINK_mongo], META_NO_CURSOR);
    assert_int_equal(meta->acked_revisions[SINK_redis], 99);
    assert_int_equal(meta->topic_partitions, 0); /* what it was before holds no more */
    assert_string_equal(meta->settings, "intervals=5m");
}

static void an_era_alone_changes_nothing_else(void **state)
{
    struct fixture *f = *state;
    live(f);
    assert_int_equal(store_begin_era(f->store, 1, false), STATUS_OK);
    for (int i = 0; i < 2; i++) {
        const struct meta *meta = store_meta(f->store);
        assert_int_equal(meta->era, 1);
        assert_int_equal(meta->next_offset, 100);
        assert_int_equal(meta->stream_time_ms, 5000);
        assert_int_equal(meta->floor_ms, 4000);
        assert_int_equal(meta->owed_from, 90);
        assert_true(meta->fingerprint.is_known);
        assert_true(fixture_holds(f, TABLE_actors, "actor", "1"));
        assert_true(fixture_holds(f, TABLE_candles, "candle", "2"));
        assert_int_equal(fixture_entries(f, TABLE_expiry), 1);
        check_kept(f);
        fixture_reopen(f);
    }
}

static void an_era_that_forgets_keeps_what_the_sinks_are_owed(void **state)
{
    struct fixture *f = *state;
    live(f);
    assert_int_equal(store_begin_era(f->store, 7, true), STATUS_OK);
    for (int i = 0; i < 2; i++) {
        const struct meta *meta = store_meta(f->store);
        assert_int_equal(meta->era, 7);
        assert_int_equal(meta->next_offset, -1);
        assert_true(meta->stream_time_ms == META_NO_TIME);
        assert_true(meta->floor_ms == META_NO_TIME);
        assert_int_equal(meta->owed_from, 0);
        assert_false(meta->fingerprint.is_known);
        assert_int_equal(fixture_entries(f, TABLE_actors), 0);
        assert_int_equal(fixture_entries(f, TABLE_candles), 0);
        assert_int_equal(fixture_entries(f, TABLE_expiry), 0);
        check_kept(f);
        fixture_reopen(f);
    }
    fixture_put_candle(f, "candle", "3", 9000); /* and it goes on */
    assert_int_equal(fixture_commit(f), STATUS_OK);
    assert_true(fixture_holds(f, TABLE_candles, "candle", "3"));
}

static void a_crash_after_it_does_not_undo_an_era(void **state)
{
    struct fixture *f = *state;
    f->options.sync = STORE_SYNC_boot;
    live(f);
    assert_int_equal(store_begin_era(f->store, 2, true), STATUS_OK);
    store_abandon(&f->store);
    assert_int_equal(fixture_count_files(f, "unsynced"), 1);
    fixture_open(f);
    assert_int_equal(store_meta(f->store)->era, 2);
    assert_int_equal(store_meta(f->store)->next_offset, -1);
    check_kept(f);
}

static void forgetting_much_needs_no_more_room_than_there_is(void **state)
{
    struct fixture *f = *state;
    static char value[3000];
    memset(value, 'v', sizeof(value) - 1);
    f->options.map_bytes = 1 << 16; /* grows while it fills */
    f->options.sync = STORE_SYNC_boot;
    live(f);
    for (int i = 0; i < 1000; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "k%d", i);
        fixture_put(f, key, value);
    }
    assert_int_equal(fixture_commit(f), STATUS_OK);
    assert_int_equal(store_begin_era(f->store, 1, true), STATUS_OK);
    assert_int_equal(fixture_entries(f, TABLE_actors), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_era_alone_changes_nothing_else),
        TEST(an_era_that_forgets_keeps_what_the_sinks_are_owed),
        TEST(a_crash_after_it_does_not_undo_an_era),
        TEST(forgetting_much_needs_no_more_room_than_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
