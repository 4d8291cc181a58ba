#include "state/snapshot.h"

#include "runtime/base.h"
#include "state/folder.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
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

static void commit_at(struct fixture *f, int64_t next_offset)
{
    char value[32];
    (void)snprintf(value, sizeof(value), "%d", (int)next_offset);
    f->meta.next_offset = next_offset;
    fixture_put(f, "offset", value);
    assert_int_equal(fixture_commit(f), STATUS_OK);
}

static struct snapshot take(struct fixture *f, int64_t next_offset)
{
    struct snapshot snapshot;
    commit_at(f, next_offset);
    assert_int_equal(snapshot_create(f->store, NULL, &snapshot), STATUS_OK);
    return snapshot;
}

static const char *folder_of(struct fixture *f)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/klines/3", f->data_dir);
    return path;
}

static const char *file_of(struct fixture *f, const char *name, const char *suffix, char path[512])
{
    (void)snprintf(path, 512, "%s/klines/3/snapshots/%s%s", f->data_dir, name, suffix);
    return path;
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static void flip(const char *path, off_t at)
{
    unsigned char byte;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    (void)close(fd);
}

static void assert_same(const struct snapshot *a, const struct snapshot *b)
{
    char text_a[SNAPSHOT_MANIFEST_MAX];
    char text_b[SNAPSHOT_MANIFEST_MAX];
    (void)snapshot_print(a, text_a);
    (void)snapshot_print(b, text_b);
    assert_string_equal(text_a, text_b);
}

static size_t count(struct fixture *f)
{
    struct snapshots snapshots;
    assert_int_equal(snapshot_list(folder_of(f), &snapshots), STATUS_OK);
    size_t found = snapshots.count;
    snapshots_destroy(&snapshots);
    assert_null(snapshots.items);
    return found;
}

static void a_snapshot_says_what_it_is_of(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    f->meta.era = 2;
    f->meta.stream_time_ms = 77;
    strcpy(f->meta.cluster, "a-cluster");
    strcpy(f->meta.topic, "klines");
    f->meta.partition = 3;
    struct snapshot snapshot = take(f, 41);
    assert_string_equal(snapshot.name, "02-0000000000000000041");
    assert_string_equal(snapshot.cluster, "a-cluster");
    assert_string_equal(snapshot.topic, "klines");
    assert_int_equal(snapshot.partition, 3);
    assert_int_equal(snapshot.stream_time_ms, 77);
    assert_int_equal(snapshot.format, STORE_FORMAT);
    assert_true(snapshot.created_ms > 1600000000000);

    struct snapshots snapshots;
    assert_int_equal(snapshot_list(folder_of(f), &snapshots), STATUS_OK);
    assert_int_equal(snapshots.count, 1);
    assert_same(&snapshots.items[0], &snapshot);
    snapshots_destroy(&snapshots);
    assert_int_equal(snapshot_verify(folder_of(f), &snapshot, NULL), STATUS_OK);
    assert_int_equal(fixture_count_files(f, "snapshots"), 1);
}

static void nothing_read_is_nothing_to_copy(void **state)
{
    struct fixture *f = *state;
    struct snapshot snapshot = {.era = 9};
    fixture_open(f);
    assert_int_equal(snapshot_create(f->store, NULL, &snapshot), STATUS_REJECTED);
    assert_int_equal(snapshot.era, 9);
    assert_int_equal(count(f), 0);
}

static void the_same_offset_is_not_copied_twice(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct stat before;
    struct stat after;
    fixture_open(f);
    struct snapshot first = take(f, 5);
    assert_int_equal(stat(file_of(f, first.name, ".mdb", path), &before), 0);
    struct snapshot second = take(f, 5);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_same(&first, &second);

    assert_int_equal(unlink(path), 0); /* a manifest alone is none */
    second = take(f, 5);
    assert_int_equal(snapshot_verify(folder_of(f), &second, NULL), STATUS_OK);
}

static void what_is_installed_is_the_state_of_that_offset(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    struct snapshot snapshot = take(f, 5);
    commit_at(f, 6);
    store_close(&f->store);
    assert_int_equal(folder_write_unsynced(folder_of(f), "boot-a"), STATUS_OK);
    assert_int_equal(snapshot_install(folder_of(f), &snapshot), STATUS_OK);
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-"), 1);
    assert_int_equal(fixture_count_files(f, "data.mdb.new"), 0);
    assert_int_equal(fixture_count_files(f, "unsynced"), 0);
    fixture_open(f);
    assert_int_equal(store_meta(f->store)->next_offset, 5);
    assert_true(fixture_holds(f, TABLE_actors, "offset", "5"));
    commit_at(f, 7); /* and it goes on */
    fixture_reopen(f);
    assert_true(fixture_holds(f, TABLE_actors, "offset", "7"));
}

static void a_damaged_one_is_not_installed_and_nothing_is_moved(void **state)
{
    struct fixture *f = *state;
    char path[512];
    fixture_open(f);
    struct snapshot snapshot = take(f, 5);
    commit_at(f, 6);
    store_close(&f->store);
    flip(file_of(f, snapshot.name, ".mdb", path), 5000);
    assert_int_equal(snapshot_install(folder_of(f), &snapshot), STATUS_CORRUPT);
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-"), 0);
    assert_int_equal(fixture_count_files(f, "data.mdb.new"), 0);
    fixture_open(f);
    assert_int_equal(store_meta(f->store)->next_offset, 6);
}

static void each_damaged_byte_and_each_cut_is_noticed(void **state)
{
    struct fixture *f = *state;
    char path[512];
    fixture_open(f);
    struct snapshot snapshot = take(f, 5);
    (void)file_of(f, snapshot.name, ".mdb", path);
    for (off_t at = 0; at < snapshot.size_bytes; at += 401) {
        flip(path, at);
        assert_int_equal(snapshot_verify(folder_of(f), &snapshot, NULL), STATUS_CORRUPT);
        flip(path, at);
    }
    assert_int_equal(snapshot_verify(folder_of(f), &snapshot, NULL), STATUS_OK);
    for (off_t size = snapshot.size_bytes - 1; size >= 0; size -= 3011) {
        assert_int_equal(truncate(path, size), 0);
        assert_int_equal(snapshot_verify(folder_of(f), &snapshot, NULL), STATUS_CORRUPT);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(snapshot_verify(folder_of(f), &snapshot, NULL), STATUS_CORRUPT);
}

static void a_manifest_that_speaks_of_another_state_is_noticed(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    struct snapshot snapshot = take(f, 5);
    snapshot.stream_time_ms = 1;
    assert_int_equal(snapshot_verify(folder_of(f), &snapshot, NULL), STATUS_CORRUPT);
}

static void the_furthest_comes_first_and_only_it_is_kept(void **state)
{
    struct fixture *f = *state;
    struct snapshots snapshots;
    size_t deleted = 99;
    fixture_open(f);
    (void)take(f, 9);
    (void)take(f, 10);
    f->meta.era = 1;
    (void)take(f, 2);
    assert_int_equal(snapshot_list(folder_of(f), &snapshots), STATUS_OK);
    assert_int_equal(snapshots.count, 3);
    assert_int_equal(snapshots.items[0].era, 1);
    assert_int_equal(snapshots.items[1].next_offset, 10);
    assert_int_equal(snapshots.items[2].next_offset, 9);

    assert_int_equal(snapshot_prune(folder_of(f), 3, &deleted), STATUS_OK);
    assert_int_equal(deleted, 0);
    assert_int_equal(snapshot_prune(folder_of(f), 1, &deleted), STATUS_OK);
    assert_int_equal(deleted, 2);
    assert_int_equal(count(f), 1);
    char path[512];
    assert_int_equal(access(file_of(f, snapshots.items[0].name, ".mdb", path), F_OK), 0);
    assert_int_not_equal(access(file_of(f, snapshots.items[1].name, ".mdb", path), F_OK), 0);
    assert_int_not_equal(access(file_of(f, snapshots.items[2].name, ".mdb", path), F_OK), 0);
    snapshots_destroy(&snapshots);
}

static void a_folder_without_snapshots_has_none(void **state)
{
    struct fixture *f = *state;
    size_t deleted = 99;
    assert_int_equal(count(f), 0);
    assert_int_equal(snapshot_prune(folder_of(f), 1, &deleted), STATUS_OK);
    assert_int_equal(deleted, 0);
}

static void left_overs_go_unless_somebody_is_at_them(void **state)
{
    struct fixture *f = *state;
    char path[512];
    char busy[512];
    size_t deleted;
    fixture_open(f);
    struct snapshot snapshot = take(f, 5);
    write_file(file_of(f, "00-0000000000000000004", ".mdb", path), "no manifest");
    write_file(file_of(f, "copy.mdb", ".new", path), "a crash");
    write_file(file_of(f, "00-0000000000000000006", ".mdb", busy), "being made");
    int fd = open(busy, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(snapshot_prune(folder_of(f), 5, &deleted), STATUS_OK);
    assert_int_equal(deleted, 0);
    assert_int_equal(access(busy, F_OK), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(file_of(f, "00-0000000000000000004", ".mdb", path), F_OK), 0);
    assert_int_equal(access(file_of(f, snapshot.name, ".mdb", path), F_OK), 0);
    (void)close(fd);
    (void)take(f, 7);
    assert_int_not_equal(access(busy, F_OK), 0);
}

static void two_copies_at_a_time_are_one_too_many(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct snapshot snapshot;
    fixture_open(f);
    (void)take(f, 5);
    commit_at(f, 6);
    write_file(file_of(f, "copy.mdb", ".new", path), "another's");
    int fd = open(path, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(snapshot_create(f->store, NULL, &snapshot), STATUS_BUSY);
    (void)close(fd);
    assert_int_equal(snapshot_create(f->store, NULL, &snapshot), STATUS_OK);
}

static void a_manifest_that_cannot_be_read_is_set_aside(void **state)
{
    struct fixture *f = *state;
    char path[512];
    fixture_open(f);
    struct snapshot snapshot = take(f, 5);
    (void)take(f, 6);
    write_file(file_of(f, snapshot.name, ".json", path), "{\"name\": 1}");
    assert_int_equal(count(f), 1);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(file_of(f, snapshot.name, ".mdb", path), F_OK), 0);
    assert_int_equal(count(f), 1);
}

static void what_was_set_aside_is_no_snapshot_any_more(void **state)
{
    struct fixture *f = *state;
    size_t deleted;
    fixture_open(f);
    struct snapshot snapshot = take(f, 5);
    assert_int_equal(snapshot_set_aside(folder_of(f), &snapshot), STATUS_OK);
    assert_int_equal(count(f), 0);
    assert_int_equal(snapshot_prune(folder_of(f), 0, &deleted), STATUS_OK);
    assert_int_equal(deleted, 0);
    snapshot = take(f, 5);
    assert_int_equal(snapshot_set_aside(folder_of(f), &snapshot), STATUS_OK); /* a second time */
    assert_int_equal(count(f), 0);
}

struct telling {
    int64_t done;
    int64_t total;
    int calls;
    int end_at; /* the call that ends it; 0: none */
};

static bool tell(void *context, int64_t done_bytes, int64_t total_bytes)
{
    struct telling *telling = context;
    assert_true(done_bytes >= telling->done && done_bytes <= total_bytes);
    telling->done = done_bytes;
    telling->total = total_bytes;
    telling->calls++;
    return telling->calls != telling->end_at;
}

static void fill(struct fixture *f, int records)
{
    static char value[2000];
    memset(value, 'v', sizeof(value) - 1);
    for (int i = 0; i < records; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "k%d", i);
        fixture_put(f, key, value);
    }
    commit_at(f, 5);
}

static void long_calls_tell_how_far_they_are(void **state)
{
    struct fixture *f = *state;
    struct telling telling = {.calls = 0};
    struct snapshot_progress progress = {tell, &telling};
    struct snapshot snapshot;
    f->options.map_bytes = 64 << 20;
    fixture_open(f);
    fill(f, 2000);
    assert_int_equal(snapshot_create(f->store, &progress, &snapshot), STATUS_OK);
    assert_true(telling.calls > 3);
    assert_true(telling.total > 4000000);
    assert_true(telling.done > telling.total / 10 * 9);
    telling = (struct telling){.calls = 0};
    assert_int_equal(snapshot_verify(folder_of(f), &snapshot, &progress), STATUS_OK);
    assert_int_equal(telling.done, snapshot.size_bytes);
    assert_int_equal(telling.total, snapshot.size_bytes);
}

static void a_copy_that_is_given_up_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct telling telling = {.end_at = 2};
    struct snapshot_progress progress = {tell, &telling};
    struct snapshot snapshot;
    char path[512];
    f->options.map_bytes = 64 << 20;
    fixture_open(f);
    fill(f, 2000);
    assert_int_equal(snapshot_create(f->store, &progress, &snapshot), STATUS_TIMED_OUT);
    assert_int_equal(telling.calls, 2);
    assert_int_equal(count(f), 0);
    assert_int_not_equal(access(file_of(f, "copy.mdb", ".new", path), F_OK), 0);
    commit_at(f, 6); /* the store is well */
    assert_int_equal(snapshot_create(f->store, NULL, &snapshot), STATUS_OK);
    telling = (struct telling){.end_at = 1};
    assert_int_equal(snapshot_verify(folder_of(f), &snapshot, &progress), STATUS_TIMED_OUT);
}

struct committer {
    struct fixture *f;
    atomic_bool is_over;
};

static void *commit_on(void *argument)
{
    struct committer *committer = argument;
    for (int64_t i = 6; !atomic_load(&committer->is_over); i++) {
        commit_at(committer->f, i);
    }
    return NULL;
}

static void commits_go_on_and_the_copy_is_of_one_of_them(void **state)
{
    struct fixture *f = *state;
    struct committer committer = {.f = f};
    pthread_t thread;
    f->options.sync = STORE_SYNC_boot;
    f->options.map_bytes = 64 << 20;
    fixture_open(f);
    fill(f, 500);
    assert_int_equal(pthread_create(&thread, NULL, commit_on, &committer), 0);
    for (int i = 0; i < 5; i++) {
        struct snapshot snapshot;
        assert_int_equal(snapshot_create(f->store, NULL, &snapshot), STATUS_OK);
        assert_int_equal(snapshot_verify(folder_of(f), &snapshot, NULL), STATUS_OK);
    }
    atomic_store(&committer.is_over, true);
    (void)pthread_join(thread, NULL);

    struct snapshots snapshots;
    store_close(&f->store);
    assert_int_equal(snapshot_list(folder_of(f), &snapshots), STATUS_OK);
    for (size_t i = 0; i < snapshots.count; i++) {
        char value[32];
        assert_int_equal(snapshot_install(folder_of(f), &snapshots.items[i]), STATUS_OK);
        fixture_open(f);
        assert_int_equal(store_meta(f->store)->next_offset, snapshots.items[i].next_offset);
        (void)snprintf(value, sizeof(value), "%d", (int)snapshots.items[i].next_offset);
        assert_true(fixture_holds(f, TABLE_actors, "offset", value));
        store_close(&f->store);
    }
    assert_true(snapshots.count > 1);
    snapshots_destroy(&snapshots);
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct snapshot snapshot;
    char path[512];
    f->options.map_bytes = 64 << 20;
    fixture_open(f);
    fill(f, 2000);
    (void)snprintf(path, sizeof(path), "%s/klines/3/snapshots", f->data_dir);
    assert_int_equal(mkdir(path, 0700), 0);
    if (mount("none", path, "tmpfs", 0, "size=2m") != 0) {
        skip(); /* only root may */
    }
    enum status status = snapshot_create(f->store, NULL, &snapshot);
    size_t left = count(f);
    int copy = access(file_of(f, "copy.mdb", ".new", path), F_OK);
    fixture_put(f, "k", "v");
    enum status commit_status = fixture_commit(f);
    (void)snprintf(path, sizeof(path), "%s/klines/3/snapshots", f->data_dir);
    assert_int_equal(mount("none", path, "tmpfs", MS_REMOUNT, "size=32m"), 0);
    enum status again = snapshot_create(f->store, NULL, &snapshot);
    enum status verified = snapshot_verify(folder_of(f), &snapshot, NULL);
    assert_int_equal(umount(path), 0);
    assert_int_equal(status, STATUS_DISK_FULL);
    assert_int_equal(left, 0);
    assert_int_not_equal(copy, 0);
    assert_int_equal(commit_status, STATUS_OK);
    assert_int_equal(again, STATUS_OK);
    assert_int_equal(verified, STATUS_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_snapshot_says_what_it_is_of),
        TEST(nothing_read_is_nothing_to_copy),
        TEST(the_same_offset_is_not_copied_twice),
        TEST(what_is_installed_is_the_state_of_that_offset),
        TEST(a_damaged_one_is_not_installed_and_nothing_is_moved),
        TEST(each_damaged_byte_and_each_cut_is_noticed),
        TEST(a_manifest_that_speaks_of_another_state_is_noticed),
        TEST(the_furthest_comes_first_and_only_it_is_kept),
        TEST(a_folder_without_snapshots_has_none),
        TEST(left_overs_go_unless_somebody_is_at_them),
        TEST(two_copies_at_a_time_are_one_too_many),
        TEST(a_manifest_that_cannot_be_read_is_set_aside),
        TEST(what_was_set_aside_is_no_snapshot_any_more),
        TEST(long_calls_tell_how_far_they_are),
        TEST(a_copy_that_is_given_up_leaves_nothing),
        TEST(commits_go_on_and_the_copy_is_of_one_of_them),
        TEST(a_full_disk_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
