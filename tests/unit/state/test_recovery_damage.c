#include "tests/unit/state/recovery_fixture.h"

static void a_damaged_header_condemns_the_environment(void **state)
{
    struct test *t = *state;
    char path[512];
    live(t, true);
    flip(fixture_file(&t->f, "data.mdb", path), 16);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 30, true);
    assert_int_equal(envs_aside(t), 1);
    assert_int_equal(snapshots_left(t), 3);
}

static void write_script(struct test *t, const char *text)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/script", t->f.data_dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
    t->options.walker = path;
}

static void what_was_not_closed_is_walked_through_first(void **state)
{
    struct test *t = *state;
    live(t, false);
    assert_true(folder_is_marked_open(folder_of(t)));
    assert_int_equal(open_it(t), STATUS_OK); /* by this program itself */
    assert_int_equal(envs_aside(t), 0);
    store_abandon(&t->f.store);

    write_script(t, "#!/bin/sh\nkill -SEGV $$\n");
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 30, true);
    assert_int_equal(envs_aside(t), 1);
    assert_false(folder_is_marked_open(folder_of(t)));
}

static void a_walk_that_cannot_be_done_moves_nothing(void **state)
{
    struct test *t = *state;
    live(t, false);
    t->options.walker = "/no/such/program";
    assert_int_equal(open_it(t), STATUS_IO);
    write_script(t, "#!/bin/sh\nkill -KILL $$\n");
    assert_int_equal(open_it(t), STATUS_UNAVAILABLE);
    assert_int_equal(envs_aside(t), 0);
    t->options.walker = NULL;
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 35, false);
}

static void a_process_that_dies_as_it_opens_leaves_the_mark(void **state)
{
    struct test *t = *state;
    live(t, true);
    assert_false(folder_is_marked_open(folder_of(t)));
    assert_int_equal(open_it(t), STATUS_OK);
    assert_true(folder_is_marked_open(folder_of(t)));
    store_close(&t->f.store);
    assert_false(folder_is_marked_open(folder_of(t)));
}

static void unsynced_commits_of_another_boot_are_not_even_looked_at(void **state)
{
    struct test *t = *state;
    char path[512];
    t->f.options.sync = STORE_SYNC_boot;
    live(t, false);
    flip(fixture_file(&t->f, "data.mdb", path), 5000);
    t->options.walker = "/no/such/program";
    t->f.options.boot_id = "boot-b";
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(fixture_count_files(&t->f, "unsynced"), 0);
    assert_stands_at(t, 30, true);
    assert_int_equal(envs_aside(t), 1);
}

static void unsynced_commits_of_this_boot_go_on(void **state)
{
    struct test *t = *state;
    t->f.options.sync = STORE_SYNC_boot;
    live(t, false);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 35, false);
}

static void a_damaged_snapshot_is_set_aside_and_the_next_one_taken(void **state)
{
    struct test *t = *state;
    char path[512];
    live(t, true);
    assert_int_equal(unlink(fixture_file(&t->f, "data.mdb", path)), 0);
    damage_snapshot(t, 30);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 20, true);
    assert_int_equal(snapshots_left(t), 2);
}

static void when_all_is_damaged_it_begins_anew(void **state)
{
    struct test *t = *state;
    char path[512];
    live(t, true);
    flip(fixture_file(&t->f, "data.mdb", path), 16);
    for (int64_t i = 10; i <= 30; i += 10) {
        damage_snapshot(t, i);
    }
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(store_meta(t->f.store)->next_offset, -1);
    assert_int_equal(snapshots_left(t), 0);
    assert_int_equal(envs_aside(t), 1);
}

int main(int argc, char **argv)
{
    if (walk_is_asked(argc, argv)) {
        return walk_main(argv);
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_damaged_header_condemns_the_environment),
        TEST(what_was_not_closed_is_walked_through_first),
        TEST(a_walk_that_cannot_be_done_moves_nothing),
        TEST(a_process_that_dies_as_it_opens_leaves_the_mark),
        TEST(unsynced_commits_of_another_boot_are_not_even_looked_at),
        TEST(unsynced_commits_of_this_boot_go_on),
        TEST(a_damaged_snapshot_is_set_aside_and_the_next_one_taken),
        TEST(when_all_is_damaged_it_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
