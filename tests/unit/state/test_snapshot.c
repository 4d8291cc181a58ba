#include "tests/unit/state/snapshot_fixture.h"

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
    snapshot_destroy_list(&snapshots);
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

static void what_is_moved_in_is_the_state_and_no_snapshot_any_more(void **state)
{
    struct fixture *f = *state;
    char path[512];
    char data[640];
    struct stat before;
    struct stat after;
    struct snapshots left;
    fixture_open(f);
    (void)take(f, 4);
    struct snapshot snapshot = take(f, 5);
    commit_at(f, 6);
    store_close(&f->store);
    assert_int_equal(stat(file_of(f, snapshot.name, ".mdb", path), &before), 0);
    assert_int_equal(snapshot_move_in(folder_of(f), &snapshot), STATUS_OK);
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-"), 1);
    (void)snprintf(data, sizeof(data), "%s/data.mdb", folder_of(f));
    assert_int_equal(stat(data, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* no copy of it */
    assert_int_equal(snapshot_list(folder_of(f), &left), STATUS_OK);
    assert_int_equal(left.count, 1);
    assert_int_equal(left.items[0].next_offset, 4);
    snapshot_destroy_list(&left);
    fixture_open(f);
    assert_int_equal(store_meta(f->store)->next_offset, 5);
    commit_at(f, 7);
    fixture_reopen(f);
    assert_true(fixture_holds(f, TABLE_actors, "offset", "7"));
}

static void what_is_not_there_is_not_moved_in(void **state)
{
    struct fixture *f = *state;
    char path[512];
    fixture_open(f);
    struct snapshot snapshot = take(f, 5);
    store_close(&f->store);
    assert_int_equal(unlink(file_of(f, snapshot.name, ".mdb", path)), 0);
    assert_int_not_equal(snapshot_move_in(folder_of(f), &snapshot), STATUS_OK);
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-"), 0);
    fixture_open(f);
    assert_int_equal(store_meta(f->store)->next_offset, 5);
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
    snapshot_destroy_list(&snapshots);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_snapshot_says_what_it_is_of),
        TEST(nothing_read_is_nothing_to_copy),
        TEST(the_same_offset_is_not_copied_twice),
        TEST(what_is_installed_is_the_state_of_that_offset),
        TEST(what_is_moved_in_is_the_state_and_no_snapshot_any_more),
        TEST(what_is_not_there_is_not_moved_in),
        TEST(a_damaged_one_is_not_installed_and_nothing_is_moved),
        TEST(each_damaged_byte_and_each_cut_is_noticed),
        TEST(a_manifest_that_speaks_of_another_state_is_noticed),
        TEST(the_furthest_comes_first_and_only_it_is_kept),
        TEST(a_folder_without_snapshots_has_none),
        TEST(left_overs_go_unless_somebody_is_at_them),
        TEST(two_copies_at_a_time_are_one_too_many),
        TEST(a_manifest_that_cannot_be_read_is_set_aside),
        TEST(what_was_set_aside_is_no_snapshot_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
