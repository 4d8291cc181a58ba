#include "state/snapshot_remote.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two machines, here and there, that share a folder. */
struct setting {
    struct fixture f; /* the state, here */
    struct object_store *remote;
    char here[400];  /* the partition's folder */
    char there[400]; /* another, empty one */
    char shared[400];
};

static int setup(void **state)
{
    static struct setting s;
    char url[450];
    char error[200];
    s = (struct setting){.remote = NULL};
    fixture_init(&s.f, "/tmp");
    (void)snprintf(s.here, sizeof(s.here), "%s/klines/3", s.f.data_dir);
    (void)snprintf(s.there, sizeof(s.there), "%s/there", s.f.data_dir);
    (void)snprintf(s.shared, sizeof(s.shared), "%s/shared", s.f.data_dir);
    assert_int_equal(mkdir(s.there, 0700), 0);
    assert_int_equal(mkdir(s.shared, 0700), 0);
    (void)snprintf(url, sizeof(url), "file://%s", s.shared);
    assert_int_equal(object_store_open(url, &s.remote, error, sizeof(error)), STATUS_OK);
    fixture_open(&s.f);
    strcpy(s.f.meta.cluster, "a-cluster");
    strcpy(s.f.meta.topic, "klines");
    s.f.meta.partition = 3;
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct setting *s = *state;
    object_store_close(&s->remote);
    fixture_deinit(&s->f);
    return 0;
}

static struct snapshot take(struct setting *s, int64_t next_offset)
{
    struct snapshot snapshot;
    s->f.meta.next_offset = next_offset;
    assert_int_equal(fixture_commit(&s->f), STATUS_OK);
    assert_int_equal(snapshot_create(s->f.store, NULL, &snapshot), STATUS_OK);
    return snapshot;
}

static struct snapshot publish(struct setting *s, int64_t next_offset)
{
    struct snapshot snapshot = take(s, next_offset);
    assert_int_equal(snapshot_publish(s->remote, s->here, &snapshot, NULL), STATUS_OK);
    return snapshot;
}

/* The offsets that are there, the furthest first, as text. */
static const char *listed(struct setting *s)
{
    static char text[400];
    struct snapshots snapshots;
    assert_int_equal(snapshot_list_remote(s->remote, "klines", 3, &snapshots), STATUS_OK);
    text[0] = '\0';
    for (size_t i = 0; i < snapshots.count; i++) {
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d", i == 0 ? "" : " ",
                       (int)snapshots.items[i].next_offset);
    }
    snapshot_destroy_list(&snapshots);
    return text;
}

static void path_of(struct setting *s, const struct snapshot *snapshot, const char *suffix,
                    char path[600])
{
    (void)snprintf(path, 600, "%s/klines/3/%s%s", s->shared, snapshot->name, suffix);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
}

static void what_is_published_here_is_fetched_and_verified_there(void **state)
{
    struct setting *s = *state;
    struct snapshots snapshots;
    (void)publish(s, 10);
    struct snapshot last = publish(s, 20);
    assert_string_equal(listed(s), "20 10");

    assert_int_equal(snapshot_fetch(s->remote, s->there, &last, NULL), STATUS_OK);
    assert_int_equal(snapshot_list(s->there, &snapshots), STATUS_OK);
    assert_int_equal(snapshots.count, 1);
    char ours[SNAPSHOT_MANIFEST_MAX];
    char theirs[SNAPSHOT_MANIFEST_MAX];
    (void)snapshot_print(&last, ours);
    (void)snapshot_print(&snapshots.items[0], theirs);
    assert_string_equal(ours, theirs);
    assert_int_equal(snapshot_verify(s->there, &snapshots.items[0], NULL), STATUS_OK);
    snapshot_destroy_list(&snapshots);
}

static void one_that_is_there_already_is_not_sent_again(void **state)
{
    struct setting *s = *state;
    char path[600];
    struct stat before;
    struct stat after;
    struct snapshot snapshot = publish(s, 10);
    path_of(s, &snapshot, ".mdb", path);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(snapshot_publish(s->remote, s->here, &snapshot, NULL), STATUS_OK);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

/* It may be the one that read as damaged, and was left there. */
static void the_same_state_copied_once_more_takes_the_place(void **state)
{
    struct setting *s = *state;
    char path[600];
    struct snapshot snapshot = publish(s, 10);
    char wrong[SNAPSHOT_MANIFEST_MAX];
    struct snapshot damaged = snapshot;
    damaged.crc32c ^= 1;
    wrong[snapshot_print(&damaged, wrong)] = '\0';
    path_of(s, &snapshot, ".json", path);
    write_file(path, wrong);
    assert_int_equal(snapshot_publish(s->remote, s->here, &snapshot, NULL), STATUS_OK);
    assert_int_equal(snapshot_fetch(s->remote, s->there, &snapshot, NULL), STATUS_OK);
    assert_int_equal(snapshot_verify(s->there, &snapshot, NULL), STATUS_OK);
}

static void half_of_one_is_sent_again(void **state)
{
    struct setting *s = *state;
    char path[600];
    struct snapshot snapshot = publish(s, 10);
    static const struct {
        const char *suffix;
        const char *text; /* NULL: it goes */
    } cases[] = {
        {".mdb", NULL}, {".json", NULL}, {".mdb", "cut"}, {".json", "{}"}, {".json", ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        path_of(s, &snapshot, cases[i].suffix, path);
        if (cases[i].text == NULL) {
            assert_int_equal(unlink(path), 0);
        } else {
            write_file(path, cases[i].text);
        }
        assert_string_equal(listed(s), "");
        assert_int_not_equal(snapshot_fetch(s->remote, s->there, &snapshot, NULL), STATUS_OK);
        assert_int_equal(snapshot_publish(s->remote, s->here, &snapshot, NULL), STATUS_OK);
        assert_string_equal(listed(s), "10");
        assert_int_equal(snapshot_fetch(s->remote, s->there, &snapshot, NULL), STATUS_OK);
        assert_int_equal(snapshot_verify(s->there, &snapshot, NULL), STATUS_OK);
    }
}

static void one_that_does_not_arrive_as_it_was_is_not_kept(void **state)
{
    struct setting *s = *state;
    char path[600];
    struct snapshots snapshots;
    struct snapshot snapshot = publish(s, 10);
    path_of(s, &snapshot, ".mdb", path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "?", 1, snapshot.size_bytes - 1), 1);
    (void)close(fd);
    assert_int_equal(snapshot_fetch(s->remote, s->there, &snapshot, NULL), STATUS_CORRUPT);
    assert_int_equal(snapshot_list(s->there, &snapshots), STATUS_OK);
    assert_int_equal(snapshots.count, 0);
    snapshot_destroy_list(&snapshots);
}

static void names_that_are_not_snapshots_are_passed_by(void **state)
{
    struct setting *s = *state;
    static const char *const names[] = {
        "klines/3/notes.txt",     "klines/3/01-2.mdb.new",
        "klines/3/x-1.json",      "klines/3/01-2/3.json",
        "klines/3/-1.json",       "klines/3/01-.json",
        "klines/33/01-0002.json", "klines/3/00-0000000000000000000000000000000001.json",
    };
    char path[400];
    (void)snprintf(path, sizeof(path), "%s/file", s->f.data_dir);
    write_file(path, "x");
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_int_equal(object_store_put(s->remote, names[i], path, NULL), STATUS_OK);
    }
    (void)publish(s, 10);
    assert_string_equal(listed(s), "10");
}

static void a_manifest_of_another_partition_is_not_taken(void **state)
{
    struct setting *s = *state;
    char from[600];
    char key[600];
    struct snapshot snapshot = publish(s, 10);
    struct snapshots snapshots;
    static const char *const suffixes[] = {".mdb", ".json"};
    for (size_t i = 0; i < ARRAY_COUNT(suffixes); i++) {
        path_of(s, &snapshot, suffixes[i], from);
        (void)snprintf(key, sizeof(key), "klines/4/%s%s", snapshot.name, suffixes[i]);
        assert_int_equal(object_store_put(s->remote, key, from, NULL), STATUS_OK);
    }
    assert_int_equal(snapshot_list_remote(s->remote, "klines", 4, &snapshots), STATUS_OK);
    assert_int_equal(snapshots.count, 0);
    snapshot_destroy_list(&snapshots);
}

static void another_clusters_state_is_not_mixed_with_ours(void **state)
{
    struct setting *s = *state;
    (void)publish(s, 10);
    struct snapshot snapshot = take(s, 20);
    assert_int_equal(snapshot_publish(s->remote, s->here, &snapshot, NULL), STATUS_OK);
    strcpy(snapshot.cluster, "another");
    assert_int_equal(snapshot_publish(s->remote, s->here, &snapshot, NULL), STATUS_REJECTED);
    snapshot.cluster[0] = '\0'; /* a broker that does not tell */
    assert_int_equal(snapshot_publish(s->remote, s->here, &snapshot, NULL), STATUS_OK);
    assert_string_equal(listed(s), "20 10");
}

static void the_furthest_stay_and_the_others_go(void **state)
{
    struct setting *s = *state;
    size_t deleted = 0;
    char path[600];
    for (int64_t offset = 10; offset <= 50; offset += 10) {
        (void)publish(s, offset);
    }
    assert_int_equal(snapshot_prune_remote(s->remote, "klines", 3, 3, &deleted), STATUS_OK);
    assert_int_equal(deleted, 2);
    assert_string_equal(listed(s), "50 40 30");
    assert_int_equal(snapshot_prune_remote(s->remote, "klines", 3, 7, &deleted), STATUS_OK);
    assert_int_equal(deleted, 0);

    /* A damaged one does not count among those that stay, and goes. */
    struct snapshot damaged = {.name = "00-0000000000000000040"};
    path_of(s, &damaged, ".json", path);
    write_file(path, "garbage");
    assert_int_equal(snapshot_prune_remote(s->remote, "klines", 3, 2, &deleted), STATUS_OK);
    assert_string_equal(listed(s), "50 30");
    assert_int_equal(deleted, 1);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void what_may_still_be_on_its_way_is_not_pruned(void **state)
{
    struct setting *s = *state;
    size_t deleted = 7;
    char behind[600];
    char ahead[600];
    struct snapshot old = {.name = "00-0000000000000000005"};
    struct snapshot new = {.name = "00-0000000000000000099"};
    (void)publish(s, 10);
    path_of(s, &old, ".mdb", behind);
    path_of(s, &new, ".mdb", ahead);
    write_file(behind, "x");
    write_file(ahead, "x");
    assert_int_equal(snapshot_prune_remote(s->remote, "klines", 3, 1, &deleted), STATUS_OK);
    assert_int_equal(deleted, 0); /* what has no manifest was none */
    assert_int_not_equal(access(behind, F_OK), 0);
    assert_int_equal(access(ahead, F_OK), 0);
    assert_string_equal(listed(s), "10");
}

static void nothing_is_pruned_where_nothing_is_whole(void **state)
{
    struct setting *s = *state;
    size_t deleted = 7;
    char path[600];
    struct snapshot snapshot = publish(s, 10);
    path_of(s, &snapshot, ".json", path);
    write_file(path, "garbage");
    assert_int_equal(snapshot_prune_remote(s->remote, "klines", 3, 1, &deleted), STATUS_OK);
    assert_int_equal(deleted, 0);
    assert_int_equal(access(path, F_OK), 0);
}

static void a_discarded_one_goes_with_its_manifest(void **state)
{
    struct setting *s = *state;
    (void)publish(s, 10);
    struct snapshot snapshot = publish(s, 20);
    assert_int_equal(snapshot_discard_remote(s->remote, &snapshot), STATUS_OK);
    assert_string_equal(listed(s), "10");
    assert_int_equal(snapshot_fetch(s->remote, s->there, &snapshot, NULL), STATUS_NOT_FOUND);
}

static bool end_it(void *context, int64_t done_bytes, int64_t total_bytes)
{
    (void)done_bytes;
    (void)total_bytes;
    ++*(int *)context;
    return false;
}

static void whoever_is_told_may_end_it_and_nothing_is_left(void **state)
{
    struct setting *s = *state;
    int told = 0;
    char folder[500];
    const struct snapshot_progress progress = {end_it, &told};
    struct snapshot snapshot = take(s, 10);
    assert_int_equal(snapshot_publish(s->remote, s->here, &snapshot, &progress), STATUS_TIMED_OUT);
    assert_string_equal(listed(s), "");
    assert_int_equal(snapshot_publish(s->remote, s->here, &snapshot, NULL), STATUS_OK);
    assert_int_equal(snapshot_fetch(s->remote, s->there, &snapshot, &progress), STATUS_TIMED_OUT);
    assert_int_equal(told, 2);
    (void)snprintf(folder, sizeof(folder), "%s/snapshots", s->there);
    assert_int_equal(rmdir(folder), 0); /* it is empty */
}

static void one_that_was_fetched_before_is_replaced(void **state)
{
    struct setting *s = *state;
    char path[600];
    struct snapshot snapshot = publish(s, 10);
    assert_int_equal(snapshot_fetch(s->remote, s->there, &snapshot, NULL), STATUS_OK);
    (void)snprintf(path, sizeof(path), "%s/snapshots/%s.mdb", s->there, snapshot.name);
    write_file(path, "damaged");
    assert_int_equal(snapshot_verify(s->there, &snapshot, NULL), STATUS_CORRUPT);
    assert_int_equal(snapshot_fetch(s->remote, s->there, &snapshot, NULL), STATUS_OK);
    assert_int_equal(snapshot_verify(s->there, &snapshot, NULL), STATUS_OK);
}

static void a_store_that_is_away_is_told(void **state)
{
    struct setting *s = *state;
    struct snapshots snapshots = {.count = 9};
    size_t deleted;
    struct snapshot snapshot = publish(s, 10);
    char away[450];
    (void)snprintf(away, sizeof(away), "%s-away", s->shared);
    assert_int_equal(rename(s->shared, away), 0);
    assert_int_equal(snapshot_publish(s->remote, s->here, &snapshot, NULL), STATUS_UNAVAILABLE);
    assert_int_equal(snapshot_list_remote(s->remote, "klines", 3, &snapshots), STATUS_UNAVAILABLE);
    assert_int_equal(snapshots.count, 9);
    assert_int_equal(snapshot_fetch(s->remote, s->there, &snapshot, NULL), STATUS_UNAVAILABLE);
    assert_int_equal(snapshot_prune_remote(s->remote, "klines", 3, 1, &deleted),
                     STATUS_UNAVAILABLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_published_here_is_fetched_and_verified_there),
        TEST(one_that_is_there_already_is_not_sent_again),
        TEST(the_same_state_copied_once_more_takes_the_place),
        TEST(half_of_one_is_sent_again),
        TEST(one_that_does_not_arrive_as_it_was_is_not_kept),
        TEST(names_that_are_not_snapshots_are_passed_by),
        TEST(a_manifest_of_another_partition_is_not_taken),
        TEST(another_clusters_state_is_not_mixed_with_ours),
        TEST(the_furthest_stay_and_the_others_go),
        TEST(what_may_still_be_on_its_way_is_not_pruned),
        TEST(nothing_is_pruned_where_nothing_is_whole),
        TEST(a_discarded_one_goes_with_its_manifest),
        TEST(whoever_is_told_may_end_it_and_nothing_is_left),
        TEST(one_that_was_fetched_before_is_replaced),
        TEST(a_store_that_is_away_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
