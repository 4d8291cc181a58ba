#include "state/store.h"

#include "runtime/base.h"
#include "state/meta_fields.h"
#include "state/store_internal.h"
#include "state/txn.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void commit_one(struct fixture *f, const char *key, const char *value)
{
    fixture_put(f, key, value);
    assert_int_equal(fixture_commit(f), STATUS_OK);
}

static void a_new_store_has_read_nothing(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    const struct meta *meta = store_meta(f->store);
    assert_int_equal(meta->format, STORE_FORMAT);
    assert_int_equal(meta->next_offset, -1);
    assert_int_equal(meta->outbox_next, 1);
    assert_true(meta->stream_time_ms == META_NO_TIME);
    assert_int_equal(meta->cursors[SINK_redis], META_NO_CURSOR);
    char path[512];
    assert_int_equal(access(fixture_file(f, "data.mdb", path), F_OK), 0);
    (void)snprintf(path, sizeof(path), "%s/klines/3", f->data_dir);
    assert_string_equal(store_folder(f->store), path);
}

static void what_was_committed_is_there_after_reopening(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    f->meta.next_offset = 41;
    f->meta.cursors[SINK_mongo] = 7;
    strcpy(f->meta.topic, "klines");
    strcpy(f->meta.boot_id, "not the caller's business");
    f->meta.format = 99;
    f->meta.is_clean = true;
    commit_one(f, "a", "1");
    assert_int_equal(store_meta(f->store)->next_offset, 41);
    assert_false(store_meta(f->store)->is_clean);

    fixture_reopen(f);
    assert_true(fixture_holds(f, TABLE_actors, "a", "1"));
    const struct meta *meta = store_meta(f->store);
    assert_int_equal(meta->next_offset, 41);
    assert_int_equal(meta->cursors[SINK_mongo], 7);
    assert_int_equal(meta->cursors[SINK_redis], META_NO_CURSOR);
    assert_string_equal(meta->topic, "klines");
    assert_string_equal(meta->boot_id, "boot-a");
    assert_int_equal(meta->format, STORE_FORMAT);
    assert_true(meta->is_clean);
}

static void commits_survive_an_end_without_closing(void **state)
{
    struct fixture *f = *state;
    static const enum store_sync syncs[] = {STORE_SYNC_commit, STORE_SYNC_boot};
    for (size_t i = 0; i < ARRAY_COUNT(syncs); i++) {
        f->options.sync = syncs[i];
        fixture_open(f);
        commit_one(f, "a", i == 0 ? "first" : "second");
        store_abandon(&f->store);
        fixture_open(f);
        assert_true(fixture_holds(f, TABLE_actors, "a", i == 0 ? "first" : "second"));
        assert_false(store_meta(f->store)->is_clean);
        store_close(&f->store);
    }
}

static void hold_the_store(struct fixture *f, int ready)
{
    struct store *store;
    if (store_open(&f->options, &store) != STATUS_OK || write(ready, "x", 1) != 1) {
        _exit(1);
    }
    for (;;) {
        (void)pause();
    }
}

static void a_second_process_waits_until_the_first_is_dead(void **state)
{
    struct fixture *f = *state;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        hold_the_store(f, ends[1]);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(store_open(&f->options, &f->store), STATUS_BUSY);
    assert_null(f->store);

    f->options.is_read_only = true; /* who only looks asks the one that has it */
    assert_int_equal(store_open(&f->options, &f->store), STATUS_BUSY);
    f->options.is_read_only = false;

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    fixture_open(f);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void a_store_open_in_this_process_is_busy_too(void **state)
{
    struct fixture *f = *state;
    struct store *second = NULL;
    fixture_open(f);
    assert_int_equal(store_open(&f->options, &second), STATUS_BUSY);
    assert_null(second);
}

static void another_format_is_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    struct txn txn;
    struct meta meta = *store_meta(f->store);
    unsigned char bytes[META_FIELD_BYTES_MAX];
    meta.format = STORE_FORMAT + 1;
    struct record record = {.value = {bytes, meta_fields_encode(&meta, META_FIELD_format, bytes)}};
    assert_int_equal(txn_begin(&txn, f->store, TXN_WRITE), STATUS_OK);
    assert_int_equal(txn_put(&txn, TABLE_meta, meta_fields_key(META_FIELD_format), &record),
                     STATUS_OK);
    assert_int_equal(txn_commit(&txn), STATUS_OK);
    store_abandon(&f->store);

    assert_int_equal(store_open(&f->options, &f->store), STATUS_OLD_FORMAT);
    assert_int_equal(store_open(&f->options, &f->store), STATUS_OLD_FORMAT);
    f->options.is_read_only = true;
    assert_int_equal(store_open(&f->options, &f->store), STATUS_OLD_FORMAT);
    assert_null(f->store);
}

/* One run of a shard: opens under a boot, commits if there is a value, and ends. */
static void run_once(struct fixture *f, const char *boot_id, const char *value, bool is_closed)
{
    f->options.boot_id = boot_id;
    fixture_open(f);
    if (value != NULL) {
        commit_one(f, "a", value);
    }
    if (is_closed) {
        store_close(&f->store);
    } else {
        store_abandon(&f->store);
    }
}

static bool starts_empty(struct fixture *f, const char *boot_id)
{
    f->options.boot_id = boot_id;
    fixture_open(f);
    bool is_empty = fixture_lacks(f, TABLE_actors, "a");
    store_close(&f->store);
    return is_empty;
}

static void unsynced_commits_of_another_boot_are_set_aside(void **state)
{
    struct fixture *f = *state;
    f->options.sync = STORE_SYNC_boot;
    run_once(f, "boot-a", "1", false);
    f->options.boot_id = "boot-b";
    f->options.is_read_only = true; /* who may not put it aside does not look at it either */
    assert_int_equal(store_open(&f->options, &f->store), STATUS_CORRUPT);
    f->options.is_read_only = false;
    assert_true(starts_empty(f, "boot-b"));
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-"), 1);
    assert_int_equal(fixture_count_files(f, "unsynced"), 0);

    run_once(f, "boot-b", "2", false);
    f->options.sync = STORE_SYNC_commit; /* the new mode does not make the old pages better */
    assert_true(starts_empty(f, "boot-c"));
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-"), 2);
}

static void unsynced_commits_of_this_boot_are_kept(void **state)
{
    struct fixture *f = *state;
    f->options.sync = STORE_SYNC_boot;
    run_once(f, "boot-a", "1", false);
    run_once(f, "boot-a", NULL, false);
    assert_false(starts_empty(f, "boot-a"));
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-"), 0);
}

static void a_clean_close_makes_the_boot_irrelevant(void **state)
{
    struct fixture *f = *state;
    f->options.sync = STORE_SYNC_boot;
    run_once(f, "boot-a", "1", true);
    assert_false(starts_empty(f, "boot-b"));
    run_once(f, "boot-c", NULL, false); /* opened, and never committed to */
    assert_false(starts_empty(f, "boot-d"));
}

static void synced_commits_are_kept_under_any_boot(void **state)
{
    struct fixture *f = *state;
    run_once(f, "boot-a", "1", false);
    assert_false(starts_empty(f, "boot-b"));
}

static void changing_to_synced_commits_syncs_what_came_before(void **state)
{
    struct fixture *f = *state;
    f->options.sync = STORE_SYNC_boot;
    run_once(f, "boot-a", "1", false);
    f->options.sync = STORE_SYNC_commit;
    run_once(f, "boot-a", NULL, false);
    assert_int_equal(fixture_count_files(f, "unsynced"), 0);
    assert_false(starts_empty(f, "boot-b"));
}

static void reading_only_finds_what_is_there_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    f->options.is_read_only = true;
    assert_int_equal(store_open(&f->options, &f->store), STATUS_NOT_FOUND);
    assert_int_equal(access(f->data_dir, F_OK), 0);
    char path[512];
    assert_int_not_equal(access(fixture_file(f, "", path), F_OK), 0);

    f->options.is_read_only = false;
    fixture_open(f);
    f->meta.next_offset = 5;
    commit_one(f, "a", "1");
    store_abandon(&f->store);
    f->options.is_read_only = true;
    fixture_open(f);
    assert_true(fixture_holds(f, TABLE_actors, "a", "1"));
    assert_int_equal(store_meta(f->store)->next_offset, 5);
    assert_false(store_meta(f->store)->is_clean);
    store_close(&f->store);
    fixture_open(f);
    assert_false(store_meta(f->store)->is_clean);
}

static void fill(struct fixture *f, int count)
{
    char key[16];
    char value[1000];
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for (int i = 0; i < count; i++) {
        (void)snprintf(key, sizeof(key), "%d", i);
        fixture_put(f, key, value);
    }
    assert_int_equal(fixture_commit(f), STATUS_OK);
}

static void a_file_that_was_cut_is_corrupt_at_every_length(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct stat stat_before;
    fixture_open(f);
    fill(f, 100);
    store_close(&f->store);
    (void)fixture_file(f, "data.mdb", path);
    assert_int_equal(stat(path, &stat_before), 0);
    int fd = open(path, O_RDONLY);
    static char whole[1 << 20];
    assert_int_equal(read(fd, whole, sizeof(whole)), stat_before.st_size);
    (void)close(fd);

    for (off_t size = stat_before.st_size - 4096; size > 0; size -= 4096 * 3 + 100) {
        fd = open(path, O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, whole, (size_t)size), size);
        (void)close(fd);
        assert_int_equal(store_open(&f->options, &f->store), STATUS_CORRUPT);
        assert_null(f->store);
    }
}

static void a_file_that_is_not_lmdbs_is_corrupt(void **state)
{
    struct fixture *f = *state;
    char path[512];
    fixture_open(f);
    store_close(&f->store);
    for (size_t size = 1; size < 20000; size = size * 3 + 50) {
        static char garbage[20000];
        int fd = open(fixture_file(f, "data.mdb", path), O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, garbage, size), size);
        (void)close(fd);
        assert_int_equal(store_open(&f->options, &f->store), STATUS_CORRUPT);
    }
}

static void a_topic_that_is_no_folder_name_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const topics[] = {"", ".", "..", "../x", "a/b"};
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++) {
        f->options.topic = topics[i];
        assert_int_equal(store_open(&f->options, &f->store), STATUS_BAD_CONFIG);
    }
}

static void a_data_folder_that_cannot_be_made_is_an_error(void **state)
{
    struct fixture *f = *state;
    f->options.data_dir = "/proc/no-such-folder";
    assert_int_equal(store_open(&f->options, &f->store), STATUS_IO);
    assert_null(f->store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_new_store_has_read_nothing),
        TEST(what_was_committed_is_there_after_reopening),
        TEST(commits_survive_an_end_without_closing),
        TEST(a_second_process_waits_until_the_first_is_dead),
        TEST(a_store_open_in_this_process_is_busy_too),
        TEST(another_format_is_refused_and_left_alone),
        TEST(unsynced_commits_of_another_boot_are_set_aside),
        TEST(unsynced_commits_of_this_boot_are_kept),
        TEST(a_clean_close_makes_the_boot_irrelevant),
        TEST(synced_commits_are_kept_under_any_boot),
        TEST(changing_to_synced_commits_syncs_what_came_before),
        TEST(reading_only_finds_what_is_there_and_changes_nothing),
        TEST(a_file_that_was_cut_is_corrupt_at_every_length),
        TEST(a_file_that_is_not_lmdbs_is_corrupt),
        TEST(a_topic_that_is_no_folder_name_is_refused),
        TEST(a_data_folder_that_cannot_be_made_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
