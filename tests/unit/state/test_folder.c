#include "state/folder.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

/* The partition's folder, made. */
static void make(struct fixture *f, char path[512])
{
    assert_int_equal(folder_path(f->data_dir, "klines", 3, path, 512), STATUS_OK);
    assert_int_equal(folder_make(path), STATUS_OK);
}

static void a_folder_is_made_with_its_parents_and_made_again(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct stat stat_path;
    (void)snprintf(path, sizeof(path), "%s//a/b/c/", f->data_dir);
    assert_int_equal(folder_make(path), STATUS_OK);
    assert_int_equal(folder_make(path), STATUS_OK);
    assert_int_equal(stat(path, &stat_path), 0);
    assert_true(S_ISDIR(stat_path.st_mode));
    assert_int_equal(stat_path.st_mode & 07, 0); /* nobody else's business */
}

static void a_file_in_the_way_is_an_error(void **state)
{
    struct fixture *f = *state;
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/file", f->data_dir);
    (void)close(open(path, O_WRONLY | O_CREAT, 0600));
    (void)snprintf(path, sizeof(path), "%s/file/x", f->data_dir);
    assert_int_equal(folder_make(path), STATUS_IO);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char path[10];
    assert_int_equal(folder_path("data", "topic", 3, path, sizeof(path)), STATUS_BAD_CONFIG);
    assert_int_equal(folder_path("d", "t", 12, path, sizeof(path)), STATUS_OK);
    assert_string_equal(path, "d/t/12");
}

static void network_filesystems_are_told_from_local_ones(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t magic;
        const char *name;
    } cases[] = {
        {0x6969, "nfs"},
        {0xfe534d42, "smb2"},
        {(int32_t)0xff534d42, "cifs"}, /* as a platform with signed numbers says it */
        {0x65735546, "fuse"},
        {0x01021997, "9p"},
        {0x00c36400, "ceph"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_non_null(folder_remote_name(cases[i].magic));
        assert_string_equal(folder_remote_name(cases[i].magic), cases[i].name);
    }
    static const int64_t local[] = {0xef53, 0x58465342, 0x01021994, 0x9123683e, 0x794c7630};
    for (size_t i = 0; i < ARRAY_COUNT(local); i++) {
        assert_null(folder_remote_name(local[i])); /* ext4, xfs, tmpfs, btrfs, overlay */
    }
    assert_int_equal(folder_check_local(f->data_dir), STATUS_OK);
    assert_int_equal(folder_check_local("/no/such/folder"), STATUS_IO);
}

static void one_holder_at_a_time_has_the_lock(void **state)
{
    struct fixture *f = *state;
    char path[512];
    int first;
    int second = -7;
    make(f, path);
    assert_int_equal(folder_lock(path, &first), STATUS_OK);
    assert_int_equal(folder_lock(path, &second), STATUS_BUSY);
    assert_int_equal(second, -7);
    (void)close(first);
    assert_int_equal(folder_lock(path, &second), STATUS_OK);
    (void)close(second);
}

static void the_folder_remembers_which_boot_left_commits_unsynced(void **state)
{
    struct fixture *f = *state;
    char path[512];
    char boot_id[64] = "as it was";
    make(f, path);
    assert_int_equal(folder_read_unsynced(path, boot_id, sizeof(boot_id)), STATUS_NOT_FOUND);
    assert_string_equal(boot_id, "as it was");
    assert_int_equal(folder_write_unsynced(path, "the-longer-boot"), STATUS_OK);
    assert_int_equal(folder_write_unsynced(path, "boot"), STATUS_OK);
    assert_int_equal(folder_read_unsynced(path, boot_id, sizeof(boot_id)), STATUS_OK);
    assert_string_equal(boot_id, "boot");
    assert_int_equal(folder_remove_unsynced(path), STATUS_OK);
    assert_int_equal(folder_remove_unsynced(path), STATUS_OK);
    assert_int_equal(folder_read_unsynced(path, boot_id, sizeof(boot_id)), STATUS_NOT_FOUND);
}

static void files_set_aside_never_overwrite_each_other(void **state)
{
    struct fixture *f = *state;
    char path[512];
    char file[512];
    make(f, path);
    for (size_t i = 1; i <= FOLDER_ASIDE_KEPT; i++) {
        (void)close(open(fixture_file(f, "data.mdb", file), O_WRONLY | O_CREAT, 0600));
        (void)close(open(fixture_file(f, "data.mdb-lock", file), O_WRONLY | O_CREAT, 0600));
        assert_int_equal(folder_write_unsynced(path, "boot"), STATUS_OK);
        assert_int_equal(folder_set_aside(path, "a test"), STATUS_OK);
        assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-"), i);
        assert_int_equal(fixture_count_files(f, "data.mdb-lock"), 0);
        assert_int_equal(fixture_count_files(f, "unsynced"), 0);
    }
    assert_int_equal(folder_set_aside(path, "a test"), STATUS_OK); /* nothing there */
    assert_int_equal(fixture_count_files(f, "data.mdb"), FOLDER_ASIDE_KEPT);
}

static void put_aside(struct fixture *f, const char *folder, const char *name)
{
    char file[512];
    (void)close(open(fixture_file(f, name, file), O_WRONLY | O_CREAT, 0600));
    assert_int_equal(folder_rename_aside(folder, name, "a test"), STATUS_OK);
}

static void touch(struct fixture *f, const char *name)
{
    char file[512];
    (void)close(open(fixture_file(f, name, file), O_WRONLY | O_CREAT, 0600));
}

static void of_the_files_set_aside_the_newest_stay(void **state)
{
    struct fixture *f = *state;
    char path[512];
    make(f, path);
    touch(f, "data.mdb.set-aside-20200101T000000Z");
    touch(f, "data.mdb.set-aside-20200101T000000Z-10");
    touch(f, "data.mdb.set-aside-20200101T000000Z-9");
    touch(f, "data.mdb");
    put_aside(f, path, "data.mdb");
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-"), 2);
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-20200101T000000Z-10"), 1);
    assert_int_equal(fixture_count_files(f, "lock"), 0);
}

/* A clock that was set back must not cost the one that somebody wants to look at now. */
static void what_was_just_set_aside_stays_whatever_the_clock_says(void **state)
{
    struct fixture *f = *state;
    char path[512];
    make(f, path);
    touch(f, "data.mdb.set-aside-29990101T000000Z");
    touch(f, "data.mdb.set-aside-29990101T000001Z");
    put_aside(f, path, "data.mdb");
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-29990101T000001Z"), 1);
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-2999"), 1);
    assert_int_equal(fixture_count_files(f, "data.mdb.set-aside-"), 2);
}

/* Three that do not fit are put aside in one moment. */
static void data_and_manifest_of_a_snapshot_stay_together(void **state)
{
    struct fixture *f = *state;
    char path[512];
    make(f, path);
    for (int i = 1; i <= 3; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "00-%d.json", i);
        put_aside(f, path, name);
        (void)snprintf(name, sizeof(name), "00-%d.mdb", i);
        put_aside(f, path, name);
    }
    for (int i = 1; i <= 3; i++) {
        char data[64];
        char manifest[64];
        (void)snprintf(data, sizeof(data), "00-%d.mdb.set-aside-", i);
        (void)snprintf(manifest, sizeof(manifest), "00-%d.json.set-aside-", i);
        assert_int_equal(fixture_count_files(f, data), i > 1);
        assert_int_equal(fixture_count_files(f, manifest), i > 1);
    }
    assert_int_equal(fixture_count_files(f, "00-"), 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_folder_is_made_with_its_parents_and_made_again),
        TEST(a_file_in_the_way_is_an_error),
        TEST(a_path_that_is_too_long_is_refused),
        TEST(network_filesystems_are_told_from_local_ones),
        TEST(one_holder_at_a_time_has_the_lock),
        TEST(the_folder_remembers_which_boot_left_commits_unsynced),
        TEST(files_set_aside_never_overwrite_each_other),
        TEST(of_the_files_set_aside_the_newest_stay),
        TEST(what_was_just_set_aside_stays_whatever_the_clock_says),
        TEST(data_and_manifest_of_a_snapshot_stay_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
