#include "state/recovery.h"

#include "runtime/base.h"
#include "state/folder.h"
#include "state/object_store.h"
#include "state/snapshot_remote.h"
#include "state/store_internal.h"
#include "state/txn.h"
#include "state/walk.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static bool is_on_nfs;

/* In the place of the C library's: folders are where the test says they are. */
int statfs(const char *path, struct statfs *out)
{
    *out = (struct statfs){.f_type = is_on_nfs ? 0x6969 : 0xef53};
    return access(path, F_OK);
}

/* What the log says of a state, by its next offset. */
struct log {
    int64_t differs_from; /* on: these do not fit */
    int64_t only_fits;    /* -1: all */
    enum status status;
    int asked;
};

struct test {
    struct fixture f;
    struct log log;
    struct recovery_options options;
    struct recovery recovery;
};

static enum status check(void *context, const struct meta *meta, enum log_fit *out_fit)
{
    struct log *log = context;
    bool is_good = log->only_fits >= 0 ? meta->next_offset == log->only_fits
                                       : meta->next_offset < log->differs_from;
    log->asked++;
    *out_fit = is_good ? LOG_FIT_unverified : LOG_FIT_differs;
    return log->status;
}

static int setup(void **state)
{
    static struct test t;
    t = (struct test){.log = {.differs_from = INT64_MAX, .only_fits = -1}};
    fixture_init(&t.f, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    is_on_nfs = false;
    *state = &t;
    return 0;
}

static int teardown(void **state)
{
    struct test *t = *state;
    object_store_close(&t->options.remote);
    fixture_deinit(&t->f);
    return 0;
}

static enum status open_it(struct test *t)
{
    t->options.store = t->f.options;
    t->options.check = check;
    t->options.context = &t->log;
    enum status status = recovery_open(&t->options, &t->f.store, &t->recovery);
    if (status == STATUS_OK) {
        t->f.meta = *store_meta(t->f.store);
        assert_int_equal(t->recovery.meta.next_offset, t->f.meta.next_offset);
        assert_int_equal(t->recovery.meta.era, t->f.meta.era);
    } else {
        assert_null(t->f.store);
    }
    return status;
}

static void commit_at(struct test *t, int64_t next_offset)
{
    char value[32];
    (void)snprintf(value, sizeof(value), "%d", (int)next_offset);
    t->f.meta.next_offset = next_offset;
    fixture_put(&t->f, "offset", value);
    assert_int_equal(fixture_commit(&t->f), STATUS_OK);
}

static struct snapshot take(struct test *t, int64_t next_offset)
{
    struct snapshot snapshot;
    commit_at(t, next_offset);
    assert_int_equal(snapshot_create(t->f.store, NULL, &snapshot), STATUS_OK);
    return snapshot;
}

/* Snapshots at 10, 20 and 30, and the environment at 35. */
static void live(struct test *t, bool is_closed)
{
    assert_int_equal(open_it(t), STATUS_OK);
    for (int64_t i = 10; i <= 30; i += 10) {
        (void)take(t, i);
    }
    commit_at(t, 35);
    if (is_closed) {
        store_close(&t->f.store);
    } else {
        store_abandon(&t->f.store);
    }
    t->log.asked = 0;
}

static void assert_stands_at(struct test *t, int64_t next_offset, bool is_restored)
{
    char value[32];
    (void)snprintf(value, sizeof(value), "%d", (int)next_offset);
    assert_int_equal(store_meta(t->f.store)->next_offset, next_offset);
    assert_true(fixture_holds(&t->f, TABLE_actors, "offset", value));
    assert_int_equal(t->recovery.is_restored, is_restored);
    if (is_restored) {
        assert_int_equal(t->recovery.snapshot.next_offset, next_offset);
    }
    commit_at(t, 1000); /* and it goes on */
    store_close(&t->f.store);
}

static const char *folder_of(struct test *t)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/klines/3", t->f.data_dir);
    return path;
}

static size_t snapshots_left(struct test *t)
{
    struct snapshots snapshots;
    assert_int_equal(snapshot_list(folder_of(t), &snapshots), STATUS_OK);
    size_t count = snapshots.count;
    snapshots_destroy(&snapshots);
    return count;
}

static size_t envs_aside(struct test *t)
{
    return fixture_count_files(&t->f, "data.mdb.set-aside-");
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

static void damage_snapshot(struct test *t, int64_t next_offset)
{
    char path[600];
    (void)snprintf(path, sizeof(path), "%s/snapshots/00-%019d.mdb", folder_of(t), (int)next_offset);
    flip(path, 9000);
}

static void with_nothing_at_all_it_begins(void **state)
{
    struct test *t = *state;
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(store_meta(t->f.store)->next_offset, -1);
    assert_false(t->recovery.is_restored);
    assert_int_equal(t->recovery.fit, LOG_FIT_fits);
    assert_int_equal(t->log.asked, 0);
    commit_at(t, 1);
    store_close(&t->f.store);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 1, false);
}

static void the_environment_is_the_furthest_as_a_rule(void **state)
{
    struct test *t = *state;
    live(t, true);
    t->options.walker = "/no/such/program"; /* not needed: it was closed */
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(t->recovery.fit, LOG_FIT_unverified);
    assert_int_equal(t->log.asked, 1);
    assert_stands_at(t, 35, false);
    assert_int_equal(snapshots_left(t), 3);
    assert_int_equal(envs_aside(t), 0);
}

static void of_two_that_are_equal_the_environment_is_taken(void **state)
{
    struct test *t = *state;
    live(t, true);
    assert_int_equal(open_it(t), STATUS_OK);
    (void)take(t, 35);
    store_close(&t->f.store);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 35, false);
}

static void a_snapshot_that_is_further_takes_the_place(void **state)
{
    struct test *t = *state;
    live(t, true);
    struct snapshot old = {.era = 0};
    struct snapshots snapshots;
    assert_int_equal(snapshot_list(folder_of(t), &snapshots), STATUS_OK);
    old = snapshots.items[2];
    snapshots_destroy(&snapshots);
    assert_int_equal(snapshot_install(folder_of(t), &old), STATUS_OK);
    assert_int_equal(envs_aside(t), 1);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 30, true);
    assert_int_equal(envs_aside(t), 2);
}

static void a_later_era_is_further_than_any_offset(void **state)
{
    struct test *t = *state;
    live(t, true);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(store_begin_era(t->f.store, 1, true), STATUS_OK);
    store_close(&t->f.store);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(store_meta(t->f.store)->era, 1);
    assert_int_equal(store_meta(t->f.store)->next_offset, -1);
    assert_false(t->recovery.is_restored);
}

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

static void when_none_fits_nothing_is_moved_and_the_furthest_is_told(void **state)
{
    struct test *t = *state;
    live(t, true);
    t->log.differs_from = 0;
    for (int i = 0; i < 2; i++) {
        t->recovery = (struct recovery){.fit = LOG_FIT_fits};
        assert_int_equal(open_it(t), STATUS_LOG_LOST);
        assert_int_equal(t->recovery.fit, LOG_FIT_differs);
        assert_int_equal(t->recovery.meta.next_offset, 35);
        assert_int_equal(t->log.asked, 4 * (i + 1));
    }
    assert_int_equal(snapshots_left(t), 3);
    assert_int_equal(envs_aside(t), 0);
    t->log.differs_from = INT64_MAX;
    t->options.walker = "/no/such/program"; /* looking at it was no reason to walk */
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 35, false);
}

static void what_does_not_fit_makes_room_for_what_does(void **state)
{
    struct test *t = *state;
    live(t, true);
    t->log.differs_from = 20;
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 10, true);
    assert_int_equal(envs_aside(t), 1);
    assert_int_equal(snapshots_left(t), 1); /* the others would be the furthest for ever */
}

static void an_environment_that_fits_stays_though_snapshots_do_not(void **state)
{
    struct test *t = *state;
    live(t, true);
    struct snapshots snapshots;
    assert_int_equal(snapshot_list(folder_of(t), &snapshots), STATUS_OK);
    assert_int_equal(snapshot_install(folder_of(t), &snapshots.items[2]), STATUS_OK);
    snapshots_destroy(&snapshots);
    t->log.only_fits = 10;
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 10, false);
    assert_int_equal(snapshots_left(t), 1);
}

static void an_owner_that_cannot_tell_yet_is_asked_again(void **state)
{
    struct test *t = *state;
    live(t, true);
    t->log.status = STATUS_UNAVAILABLE;
    assert_int_equal(open_it(t), STATUS_UNAVAILABLE);
    t->log.status = STATUS_OK;
    t->options.walker = "/no/such/program";
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 35, false);
}

static void who_does_not_have_the_lock_waits(void **state)
{
    struct test *t = *state;
    int fd;
    live(t, true);
    assert_int_equal(folder_lock(folder_of(t), &fd), STATUS_OK);
    assert_int_equal(open_it(t), STATUS_BUSY);
    (void)close(fd);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(folder_lock(folder_of(t), &fd), STATUS_BUSY);
    assert_stands_at(t, 35, false);
}

static void a_network_filesystem_is_refused(void **state)
{
    struct test *t = *state;
    live(t, true);
    is_on_nfs = true;
    assert_int_equal(open_it(t), STATUS_REMOTE_DISK);
    is_on_nfs = false;
    assert_int_equal(open_it(t), STATUS_OK);
}

static void write_format(struct test *t, int64_t format)
{
    struct txn txn;
    struct record record = {.value = SLICE_OF(format)};
    assert_int_equal(txn_begin(&txn, t->f.store, TXN_WRITE), STATUS_OK);
    assert_int_equal(txn_put(&txn, TABLE_meta, slice_of_text("format"), &record), STATUS_OK);
    assert_int_equal(txn_commit(&txn), STATUS_OK);
}

static void another_format_is_refused_by_name_and_left_alone(void **state)
{
    struct test *t = *state;
    char path[512];
    live(t, true);
    assert_int_equal(open_it(t), STATUS_OK);
    write_format(t, STORE_FORMAT + 1);
    store_abandon(&t->f.store); /* so that it is walked through as well */
    assert_int_equal(open_it(t), STATUS_OLD_FORMAT);
    assert_int_equal(open_it(t), STATUS_OLD_FORMAT);
    assert_int_equal(envs_aside(t), 0);
    assert_int_equal(access(fixture_file(&t->f, "data.mdb", path), F_OK), 0);
}

static void a_state_of_another_topic_is_none_of_ours(void **state)
{
    struct test *t = *state;
    char from[512];
    char to[512];
    live(t, true);
    (void)snprintf(from, sizeof(from), "%s/klines", t->f.data_dir);
    (void)snprintf(to, sizeof(to), "%s/other", t->f.data_dir);
    assert_int_equal(rename(from, to), 0);
    t->f.options.topic = "other";
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(store_meta(t->f.store)->next_offset, -1);
    assert_int_equal(t->log.asked, 0);
}

static void an_install_that_was_cut_short_is_done_again(void **state)
{
    struct test *t = *state;
    char from[512];
    char to[512];
    live(t, true);
    assert_int_equal(
        rename(fixture_file(&t->f, "data.mdb", from), fixture_file(&t->f, "data.mdb.new", to)), 0);
    assert_int_equal(truncate(to, 5000), 0);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 30, true);
    assert_int_not_equal(access(to, F_OK), 0);
}

static void open_remote(struct test *t)
{
    char url[600];
    char error[200];
    (void)snprintf(url, sizeof(url), "%s/shared", t->f.data_dir);
    assert_int_equal(mkdir(url, 0700), 0);
    (void)snprintf(url, sizeof(url), "file://%s/shared", t->f.data_dir);
    assert_int_equal(object_store_open(url, &t->options.remote, error, sizeof(error)), STATUS_OK);
}

/* All snapshots are published, and the folder of the partition is lost. */
static void live_elsewhere(struct test *t)
{
    struct snapshots snapshots;
    char command[600];
    open_remote(t);
    live(t, true);
    assert_int_equal(snapshot_list(folder_of(t), &snapshots), STATUS_OK);
    for (size_t i = 0; i < snapshots.count; i++) {
        assert_int_equal(
            snapshot_publish(t->options.remote, folder_of(t), &snapshots.items[i], NULL),
            STATUS_OK);
    }
    snapshots_destroy(&snapshots);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder_of(t));
    assert_int_equal(system(command), 0);
}

static void a_partition_goes_on_from_the_object_store(void **state)
{
    struct test *t = *state;
    live_elsewhere(t);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 30, true);
    assert_int_equal(snapshots_left(t), 1);
}

static void a_damaged_one_there_is_passed_over_as_well(void **state)
{
    struct test *t = *state;
    char path[600];
    live_elsewhere(t);
    (void)snprintf(path, sizeof(path), "%s/shared/klines/3/00-%019d.mdb", t->f.data_dir, 30);
    flip(path, 9000);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 20, true);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void an_object_store_that_is_gone_stops_only_who_needs_it(void **state)
{
    struct test *t = *state;
    char path[600];
    char away[600];
    live_elsewhere(t);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 30, true);
    (void)snprintf(path, sizeof(path), "%s/shared", t->f.data_dir);
    (void)snprintf(away, sizeof(away), "%s/away", t->f.data_dir);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(open_it(t), STATUS_OK); /* what is here does */
    store_close(&t->f.store);

    t->log.differs_from = 0;
    enum status status = open_it(t);
    assert_true(status != STATUS_OK);
    (void)snprintf(path, sizeof(path), "rm -r %s", folder_of(t));
    assert_int_equal(system(path), 0);
    assert_int_not_equal(open_it(t), STATUS_OK); /* there may be state: no new beginning */
    assert_int_equal(rename(away, (snprintf(path, sizeof(path), "%s/shared", t->f.data_dir), path)),
                     0);
    t->log.differs_from = INT64_MAX;
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 30, true);
}

int main(int argc, char **argv)
{
    if (walk_is_asked(argc, argv)) {
        return walk_main(argv);
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(with_nothing_at_all_it_begins),
        TEST(the_environment_is_the_furthest_as_a_rule),
        TEST(of_two_that_are_equal_the_environment_is_taken),
        TEST(a_snapshot_that_is_further_takes_the_place),
        TEST(a_later_era_is_further_than_any_offset),
        TEST(a_damaged_header_condemns_the_environment),
        TEST(what_was_not_closed_is_walked_through_first),
        TEST(a_walk_that_cannot_be_done_moves_nothing),
        TEST(a_process_that_dies_as_it_opens_leaves_the_mark),
        TEST(unsynced_commits_of_another_boot_are_not_even_looked_at),
        TEST(unsynced_commits_of_this_boot_go_on),
        TEST(a_damaged_snapshot_is_set_aside_and_the_next_one_taken),
        TEST(when_all_is_damaged_it_begins_anew),
        TEST(when_none_fits_nothing_is_moved_and_the_furthest_is_told),
        TEST(what_does_not_fit_makes_room_for_what_does),
        TEST(an_environment_that_fits_stays_though_snapshots_do_not),
        TEST(an_owner_that_cannot_tell_yet_is_asked_again),
        TEST(who_does_not_have_the_lock_waits),
        TEST(a_network_filesystem_is_refused),
        TEST(another_format_is_refused_by_name_and_left_alone),
        TEST(a_state_of_another_topic_is_none_of_ours),
        TEST(an_install_that_was_cut_short_is_done_again),
        TEST(a_partition_goes_on_from_the_object_store),
        TEST(a_damaged_one_there_is_passed_over_as_well),
        TEST(an_object_store_that_is_gone_stops_only_who_needs_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
