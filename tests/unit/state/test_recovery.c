#include "tests/unit/state/recovery_fixture.h"

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
    snapshot_destroy_list(&snapshots);
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

static void an_owner_who_says_so_hears_of_the_furthest_that_does_not_fit(void **state)
{
    struct test *t = *state;
    live(t, true);
    size_t before = snapshots_left(t);
    t->log.differs_from = 20;
    t->options.stops_at_unfit = true;
    assert_int_equal(open_it(t), STATUS_LOG_LOST);
    assert_int_equal(t->recovery.fit, LOG_FIT_differs);
    assert_int_equal(t->recovery.unfit_era, 0);
    assert_int_equal(envs_aside(t), 0);
    assert_int_equal(snapshots_left(t), before); /* nothing was moved */
}

static void an_environment_that_fits_stays_though_snapshots_do_not(void **state)
{
    struct test *t = *state;
    live(t, true);
    struct snapshots snapshots;
    assert_int_equal(snapshot_list(folder_of(t), &snapshots), STATUS_OK);
    assert_int_equal(snapshot_install(folder_of(t), &snapshots.items[2]), STATUS_OK);
    snapshot_destroy_list(&snapshots);
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
    snapshot_destroy_list(&snapshots);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder_of(t));
    assert_int_equal(system(command), 0);
}

static void a_partition_goes_on_from_the_object_store(void **state)
{
    struct test *t = *state;
    live_elsewhere(t);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 30, true);
    assert_int_equal(snapshots_left(t), 0); /* it is the state now, without a copy */
}

/* What reads as damaged here may be sound: it is this machine that may be at fault. */
static void a_damaged_one_there_is_passed_over_and_left_there(void **state)
{
    struct test *t = *state;
    char path[600];
    char manifest[600];
    live_elsewhere(t);
    (void)snprintf(path, sizeof(path), "%s/shared/klines/3/00-%019d.mdb", t->f.data_dir, 30);
    (void)snprintf(manifest, sizeof(manifest), "%s/shared/klines/3/00-%019d.json", t->f.data_dir,
                   30);
    flip(path, 9000);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 20, true);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(access(manifest, F_OK), 0);
}

/* A manifest that cannot be read is no reason to delete what it stands beside. */
static void a_manifest_there_that_cannot_be_read_is_left_there(void **state)
{
    struct test *t = *state;
    char manifest[600];
    live_elsewhere(t);
    (void)snprintf(manifest, sizeof(manifest), "%s/shared/klines/3/00-%019d.json", t->f.data_dir,
                   30);
    flip(manifest, 0);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 20, true);
    assert_int_equal(access(manifest, F_OK), 0);
}

static void live_in_another_cluster(struct test *t)
{
    char command[600];
    open_remote(t);
    assert_int_equal(open_it(t), STATUS_OK);
    (void)snprintf(t->f.meta.cluster, sizeof(t->f.meta.cluster), "theirs");
    struct snapshot snapshot = take(t, 10);
    assert_int_equal(snapshot_publish(t->options.remote, folder_of(t), &snapshot, NULL), STATUS_OK);
    store_close(&t->f.store);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder_of(t));
    assert_int_equal(system(command), 0);
}

static void what_another_cluster_has_put_there_is_left_alone(void **state)
{
    struct test *t = *state;
    char path[600];
    live_in_another_cluster(t);
    t->options.cluster = "ours";
    t->log.only_fits = 5;
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(store_meta(t->f.store)->next_offset, -1);
    commit_at(t, 5);
    store_close(&t->f.store);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_stands_at(t, 5, false);
    (void)snprintf(path, sizeof(path), "%s/shared/klines/3/00-%019d.mdb", t->f.data_dir, 10);
    assert_int_equal(access(path, F_OK), 0);
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
        TEST(when_none_fits_nothing_is_moved_and_the_furthest_is_told),
        TEST(what_does_not_fit_makes_room_for_what_does),
        TEST(an_owner_who_says_so_hears_of_the_furthest_that_does_not_fit),
        TEST(an_environment_that_fits_stays_though_snapshots_do_not),
        TEST(an_owner_that_cannot_tell_yet_is_asked_again),
        TEST(who_does_not_have_the_lock_waits),
        TEST(a_network_filesystem_is_refused),
        TEST(another_format_is_refused_by_name_and_left_alone),
        TEST(a_state_of_another_topic_is_none_of_ours),
        TEST(an_install_that_was_cut_short_is_done_again),
        TEST(a_partition_goes_on_from_the_object_store),
        TEST(a_damaged_one_there_is_passed_over_and_left_there),
        TEST(a_manifest_there_that_cannot_be_read_is_left_there),
        TEST(what_another_cluster_has_put_there_is_left_alone),
        TEST(an_object_store_that_is_gone_stops_only_who_needs_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
