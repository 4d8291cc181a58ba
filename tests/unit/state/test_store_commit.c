#include "runtime/base.h"
#include "runtime/mem.h"
#include "state/layout.h"
#include "state/store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int setup(void **state)
{
    static struct fixture f;
    fixture_init(&f, "/tmp");
    f.options.sync = STORE_SYNC_boot;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static void commit(struct fixture *f)
{
    assert_int_equal(fixture_commit(f), STATUS_OK);
}

static void later_commits_replace_and_delete(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    fixture_put(f, "a", "1");
    fixture_put(f, "b", "2");
    fixture_put(f, "c", "");
    commit(f);
    fixture_put(f, "a", "a longer value");
    batch_delete(f->batch, TABLE_actors, slice_of_text("b"));
    batch_delete(f->batch, TABLE_actors, slice_of_text("never there"));
    commit(f);
    assert_true(fixture_holds(f, TABLE_actors, "a", "a longer value"));
    assert_true(fixture_lacks(f, TABLE_actors, "b"));
    assert_true(fixture_holds(f, TABLE_actors, "c", ""));
    assert_int_equal(fixture_entries(f, TABLE_actors), 2);
}

static void a_candle_put_twice_expires_once(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    fixture_put_candle(f, "c", "1", 100);
    commit(f);
    fixture_put_candle(f, "c", "2", 100);
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_expiry), 1);
    fixture_put_candle(f, "c", "3", 200); /* another time: the earlier entry must not kill it */
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_expiry), 1);
    f->meta.stream_time_ms = 150;
    commit(f);
    assert_true(fixture_holds(f, TABLE_candles, "c", "3"));
    fixture_put_candle(f, "c", "4", 0);
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_expiry), 0);
    f->meta.stream_time_ms = 1000;
    commit(f);
    assert_true(fixture_holds(f, TABLE_candles, "c", "4"));
}

static void a_deleted_candle_takes_its_expiry_along(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    fixture_put_candle(f, "c", "1", 100);
    commit(f);
    batch_delete(f->batch, TABLE_candles, slice_of_text("c"));
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_expiry), 0);
    assert_int_equal(fixture_entries(f, TABLE_candles), 0);
}

static void candles_are_swept_when_due_and_no_more_at_once_than_allowed(void **state)
{
    struct fixture *f = *state;
    char key[8];
    fixture_open(f);
    for (int i = 0; i < 10; i++) {
        (void)snprintf(key, sizeof(key), "%d", i);
        fixture_put_candle(f, key, "v", i < 7 ? 1000 - i : 5000);
    }
    f->meta.stream_time_ms = 993;
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_candles), 10);

    f->sweep_max = 3;
    f->meta.stream_time_ms = 1000;
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_candles), 7);
    assert_int_equal(fixture_entries(f, TABLE_expiry), 7);
    f->meta.stream_time_ms =
        998; /* the earliest are gone first: 994, 995, 996; and then 997, 998 */
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_candles), 5);
    f->sweep_max = 0;
    f->meta.stream_time_ms = 9000;
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_candles), 5);
}

static void the_outbox_is_trimmed_to_the_least_cursor_of_an_enabled_sink(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    f->meta.cursors[SINK_redis] = 0;
    f->meta.cursors[SINK_mongo] = 0;
    for (int64_t i = 1; i <= 10; i++) {
        fixture_put_entry(f, i, "12345");
    }
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_outbox), 10);
    assert_int_equal(store_meta(f->store)->outbox_bytes, 50);

    f->meta.cursors[SINK_redis] = 8;
    f->meta.cursors[SINK_mongo] = 4;
    f->trim_max = 3;
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_outbox), 7);
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_outbox), 6);
    assert_int_equal(store_meta(f->store)->outbox_bytes, 30);

    f->meta.cursors[SINK_mongo] = META_NO_CURSOR;
    f->trim_max = 100;
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_outbox), 2);
    f->meta.cursors[SINK_redis] = META_NO_CURSOR; /* nobody is owed anything */
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_outbox), 0);
    assert_int_equal(store_meta(f->store)->outbox_bytes, 0);
}

static void outbox_bytes_are_counted_by_the_store(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    f->meta.cursors[SINK_redis] = 0;
    f->meta.outbox_bytes = 12345; /* what a caller says does not matter */
    fixture_put_entry(f, 5, "12345");
    fixture_put_entry(f, 3, "123"); /* not in order: no append */
    commit(f);
    assert_int_equal(store_meta(f->store)->outbox_bytes, 8);
    fixture_put_entry(f, 3, "1234567");
    commit(f);
    assert_int_equal(store_meta(f->store)->outbox_bytes, 12);
    unsigned char key[LAYOUT_OUTBOX_KEY_SIZE];
    layout_outbox_key(5, key);
    batch_delete(f->batch, TABLE_outbox, SLICE_OF(key));
    commit(f);
    assert_int_equal(store_meta(f->store)->outbox_bytes, 7);
    fixture_reopen(f);
    assert_int_equal(store_meta(f->store)->outbox_bytes, 7);
}

static void put_many(struct fixture *f, int count, size_t value_size)
{
    char key[16];
    char *value = mem_new(value_size + 1, 1);
    memset(value, 'v', value_size);
    for (int i = 0; i < count; i++) {
        (void)snprintf(key, sizeof(key), "many-%d", i);
        fixture_put(f, key, value);
    }
    mem_free(value);
}

static void the_map_grows_within_a_commit(void **state)
{
    struct fixture *f = *state;
    struct store_stats stats;
    struct slice value;
    f->options.map_bytes = 64 << 10;
    fixture_open(f);
    fixture_put(f, "before", "1");
    commit(f);
    struct store_view *view = store_view_create(f->store);
    assert_int_equal(store_view_open(view), STATUS_OK);
    store_view_close(view);

    f->meta.cursors[SINK_redis] = 0;
    fixture_put_entry(f, 1, "12345");
    put_many(f, 1000, 1000); /* sixteen times the map */
    commit(f);
    assert_int_equal(store_meta(f->store)->outbox_bytes, 5); /* not once for each attempt */
    assert_int_equal(store_view_open(view), STATUS_OK);
    assert_int_equal(store_view_get(view, TABLE_actors, slice_of_text("before"), &value),
                     STATUS_OK);
    assert_int_equal(store_view_get(view, TABLE_actors, slice_of_text("many-999"), &value),
                     STATUS_OK);
    store_view_close(view);
    store_view_destroy(&view);
    assert_int_equal(store_stats(f->store, &stats), STATUS_OK);
    assert_true(stats.map_bytes >= 1 << 20);

    fixture_reopen(f); /* with the small map of the options */
    assert_true(fixture_holds(f, TABLE_actors, "before", "1"));
    assert_int_equal(fixture_entries(f, TABLE_actors), 1001);
}

static void a_map_that_may_not_grow_fails_the_commit_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    f->options.map_bytes = 64 << 10;
    f->options.map_bytes_max = 256 << 10;
    fixture_open(f);
    fixture_put(f, "a", "1");
    f->meta.next_offset = 10;
    commit(f);
    put_many(f, 1000, 1000);
    fixture_put(f, "a", "2");
    f->meta.next_offset = 20;
    assert_int_equal(fixture_commit(f), STATUS_MAP_FULL);
    assert_int_equal(store_meta(f->store)->next_offset, 10);
    assert_true(fixture_holds(f, TABLE_actors, "a", "1"));
    assert_int_equal(fixture_entries(f, TABLE_actors), 1);
    fixture_reopen(f);
    assert_int_equal(store_meta(f->store)->next_offset, 10);
    assert_false(
        store_meta(f->store)->is_clean); /* a store that failed is not closed in good order */
}

/* Fills the disk with commits, makes room, and goes on. Returns the commits that were refused. */
static void check_full_disk(struct fixture *f, void (*make_room)(void *), void *context)
{
    int64_t offset = 0;
    enum status status = STATUS_OK;
    fixture_open(f);
    while (status == STATUS_OK && offset < 1000) {
        char key[16];
        (void)snprintf(key, sizeof(key), "last-%d", (int)offset);
        put_many(f, 20, 3000 + (size_t)offset * 100);
        fixture_put(f, key, "there");
        f->meta.next_offset = offset + 1;
        status = fixture_commit(f);
        offset += status == STATUS_OK;
    }
    assert_int_equal(status, STATUS_DISK_FULL);
    assert_true(offset > 0);
    assert_int_equal(store_meta(f->store)->next_offset, offset);
    put_many(f, 400, 3000);
    assert_int_equal(fixture_commit(f), STATUS_DISK_FULL); /* and again */

    make_room(context);
    f->meta.next_offset = 5000;
    put_many(f, 400, 3000);
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_actors), 400 + (size_t)offset);
    fixture_reopen(f);
    assert_int_equal(store_meta(f->store)->next_offset, 5000);
    assert_true(store_meta(f->store)->is_clean);
}

static void lift_limit(void *context)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, context), 0);
}

static void a_file_that_may_not_grow_is_a_full_disk(void **state)
{
    struct fixture *f = *state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit limit = {(1 << 20) + 1000, before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    check_full_disk(f, lift_limit, &before);
    (void)signal(SIGXFSZ, handler);
}

static void remount_larger(void *context)
{
    assert_int_equal(mount("tmpfs", context, "tmpfs", MS_REMOUNT, "size=16m"), 0);
}

static void a_full_disk_stops_commits_until_there_is_room(void **state)
{
    struct fixture *f = *state;
    static const enum store_sync syncs[] = {STORE_SYNC_boot, STORE_SYNC_commit};
    for (size_t i = 0; i < ARRAY_COUNT(syncs); i++) {
        if (mount("tmpfs", f->data_dir, "tmpfs", 0, "size=1m") != 0) {
            print_message("SKIPPED: a small disk cannot be mounted here: %s\n", strerror(errno));
            skip();
        }
        f->options.sync = syncs[i];
        check_full_disk(f, remount_larger, f->data_dir);
        store_close(&f->store);
        assert_int_equal(umount(f->data_dir), 0);
    }
}

static void fill_disk(const char *folder)
{
    static const char block[4096];
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/filler", folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    while (write(fd, block, sizeof(block)) > 0) {
    }
    assert_int_equal(errno, ENOSPC);
    (void)close(fd);
}

/* LMDB writes its lock file through a map: where there is no block for it, that is a signal. */
static void a_store_that_opens_on_a_full_disk_says_so(void **state)
{
    struct fixture *f = *state;
    if (mount("tmpfs", f->data_dir, "tmpfs", 0, "size=1m") != 0) {
        print_message("SKIPPED: a small disk cannot be mounted here: %s\n", strerror(errno));
        skip();
    }
    fixture_open(f);
    store_close(&f->store);
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/klines/3/data.mdb-lock", f->data_dir);
    assert_int_equal(unlink(path), 0);
    fill_disk(f->data_dir);
    assert_int_equal(store_open(&f->options, &f->store), STATUS_DISK_FULL);
    remount_larger(f->data_dir);
    fixture_open(f);
    store_close(&f->store);
    assert_int_equal(umount(f->data_dir), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(later_commits_replace_and_delete),
        TEST(a_candle_put_twice_expires_once),
        TEST(a_deleted_candle_takes_its_expiry_along),
        TEST(candles_are_swept_when_due_and_no_more_at_once_than_allowed),
        TEST(the_outbox_is_trimmed_to_the_least_cursor_of_an_enabled_sink),
        TEST(outbox_bytes_are_counted_by_the_store),
        TEST(the_map_grows_within_a_commit),
        TEST(a_map_that_may_not_grow_fails_the_commit_and_nothing_else),
        TEST(a_file_that_may_not_grow_is_a_full_disk),
        TEST(a_full_disk_stops_commits_until_there_is_room),
        TEST(a_store_that_opens_on_a_full_disk_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
