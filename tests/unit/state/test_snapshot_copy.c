#include "tests/unit/state/snapshot_fixture.h"

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
    snapshot_destroy_list(&snapshots);
}

enum { PAGE = 4096, HEADER_AT = 16 + 24, TREE = 48, ROOT_AT = 40 }; /* of LMDB's first pages */

static int open_data(struct fixture *f, off_t *out_newest)
{
    char path[600];
    uint64_t last[2][2]; /* last page, txn id */
    (void)snprintf(path, sizeof(path), "%s/data.mdb", folder_of(f));
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pread(fd, last[i], sizeof(last[i]), i * PAGE + HEADER_AT + 2 * TREE), 16);
    }
    *out_newest = last[1][1] > last[0][1] ? PAGE + HEADER_AT : HEADER_AT;
    return fd;
}

static uint64_t number_at(int fd, off_t at)
{
    uint64_t number;
    assert_int_equal(pread(fd, &number, sizeof(number), at), sizeof(number));
    return number;
}

static void put_number(int fd, off_t at, uint64_t number)
{
    assert_int_equal(pwrite(fd, &number, sizeof(number), at), sizeof(number));
}

/* Under the open store, as if a commit had lost track of three pages. */
static void lose_pages(struct fixture *f)
{
    off_t newest;
    int fd = open_data(f, &newest);
    put_number(fd, newest + 2 * TREE, number_at(fd, newest + 2 * TREE) + 3);
    (void)close(fd);
}

/* The first list of free pages names one of them twice. */
static void free_a_page_twice(struct fixture *f)
{
    enum { NODES_AT = 16, NODE_HEAD = 8 + 8 };
    off_t newest;
    uint16_t node;
    int fd = open_data(f, &newest);
    off_t page = (off_t)number_at(fd, newest + ROOT_AT) * PAGE;
    assert_int_equal(pread(fd, &node, sizeof(node), page + NODES_AT), sizeof(node));
    off_t list = page + node + NODE_HEAD;
    assert_in_range(number_at(fd, list), 2, 100);
    put_number(fd, list + 2 * 8, number_at(fd, list + 8));
    (void)close(fd);
}

static void a_lost_page_is_no_reason_to_be_without_snapshots(void **state)
{
    struct fixture *f = *state;
    struct snapshot snapshot;
    char value[32];
    fixture_open(f);
    fill(f, 100);
    lose_pages(f);
    assert_int_equal(snapshot_create(f->store, NULL, &snapshot), STATUS_OK);
    assert_int_equal(snapshot_verify(folder_of(f), &snapshot, NULL), STATUS_OK);
    store_close(&f->store);
    assert_int_equal(snapshot_install(folder_of(f), &snapshot), STATUS_OK);
    fixture_open(f);
    (void)snprintf(value, sizeof(value), "%d", (int)snapshot.next_offset);
    assert_true(fixture_holds(f, TABLE_actors, "offset", value));
    (void)take(f, snapshot.next_offset + 1);
}

static void a_page_that_is_used_twice_is_damage(void **state)
{
    struct fixture *f = *state;
    struct snapshot snapshot;
    fixture_open(f);
    fill(f, 100);
    fill(f, 100);
    lose_pages(f);
    free_a_page_twice(f);
    assert_int_equal(snapshot_create(f->store, NULL, &snapshot), STATUS_CORRUPT);
    assert_int_equal(count(f), 0);
    store_abandon(&f->store); /* LMDB would end the process over it when it commits */
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
        TEST(long_calls_tell_how_far_they_are),
        TEST(a_copy_that_is_given_up_leaves_nothing),
        TEST(commits_go_on_and_the_copy_is_of_one_of_them),
        TEST(a_lost_page_is_no_reason_to_be_without_snapshots),
        TEST(a_page_that_is_used_twice_is_damage),
        TEST(a_full_disk_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
