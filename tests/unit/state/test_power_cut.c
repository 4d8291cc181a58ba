/* What a power cut leaves of an environment: of each page that was not synced the old bytes, the
 * new ones, or half of each. */
#include "runtime/base.h"
#include "runtime/rand.h"
#include "state/folder.h"
#include "state/recovery.h"
#include "state/walk.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYS = 200, PAGE = 4096, CUTS = 12 };

struct image {
    unsigned char *bytes;
    size_t size;
};

static int setup(void **state)
{
    static struct fixture f;
    fixture_init(&f, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static struct image load(const char *path)
{
    struct stat stat_path;
    assert_int_equal(stat(path, &stat_path), 0);
    struct image image = {malloc((size_t)stat_path.st_size), (size_t)stat_path.st_size};
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, image.bytes, image.size), image.size);
    (void)close(fd);
    return image;
}

static void save(const char *path, const struct image *image)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, image->bytes, image->size), image->size);
    (void)close(fd);
}

/* Pages from `first` on; before that the old bytes. A file that had not grown yet has zeros. */
static struct image tear(struct rand *rand, const struct image *old, const struct image *new,
                         size_t first)
{
    struct image torn = {calloc(1, new->size), new->size};
    memcpy(torn.bytes, old->bytes, old->size < new->size ? old->size : new->size);
    for (size_t at = first * PAGE; at + PAGE <= new->size; at += PAGE) {
        switch (rand_below(rand, 4)) {
        case 0:
            break;
        case 1:
            memcpy(torn.bytes + at, new->bytes + at, PAGE / 2);
            break;
        default:
            memcpy(torn.bytes + at, new->bytes + at, PAGE);
        }
    }
    return torn;
}

/* All values tell the offset of the commit that wrote them. */
static void commit_at(struct fixture *f, int64_t next_offset)
{
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        char value[64];
        (void)snprintf(key, sizeof(key), "key-%03d", i);
        (void)snprintf(value, sizeof(value), "%040d", (int)next_offset);
        fixture_put(f, key, value);
    }
    f->meta.next_offset = next_offset;
    assert_int_equal(fixture_commit(f), STATUS_OK);
}

static bool is_of(void *context, struct slice key, struct slice value)
{
    const char *expected = context;
    (void)key;
    assert_true(slice_equals(value, slice_of_text(expected)));
    return true;
}

static void assert_is_at(struct fixture *f, int64_t next_offset)
{
    char expected[64];
    struct slice all = {NULL, 0};
    struct store_view *view = store_view_create(f->store);
    (void)snprintf(expected, sizeof(expected), "%040d", (int)next_offset);
    assert_int_equal(store_meta(f->store)->next_offset, next_offset);
    assert_int_equal(fixture_entries(f, TABLE_actors), KEYS);
    assert_int_equal(store_view_open(view), STATUS_OK);
    assert_int_equal(store_view_each(view, TABLE_actors, all, is_of, expected), STATUS_OK);
    store_view_close(view);
    store_view_destroy(&view);
}

static enum status fits(void *context, const struct meta *meta, enum log_fit *out_fit)
{
    (void)context;
    (void)meta;
    *out_fit = LOG_FIT_fits;
    return STATUS_OK;
}

static struct recovery recover(struct fixture *f, const char *boot_id, const char *walker)
{
    struct recovery recovery;
    f->options.boot_id = boot_id;
    struct recovery_options options = {.store = f->options, .check = fits, .walker = walker};
    assert_int_equal(recovery_open(&options, &f->store, &recovery), STATUS_OK);
    f->meta = *store_meta(f->store);
    return recovery;
}

static void find_aside(struct fixture *f, char path[512])
{
    char command[700];
    (void)snprintf(command, sizeof(command), "ls %s/klines/3/data.mdb.set-aside-*", f->data_dir);
    FILE *list = popen(command, "r");
    assert_non_null(fgets(path, 512, list));
    (void)pclose(list);
    path[strcspn(path, "\n")] = '\0';
}

/* A store that was synced at 10, of which there is a snapshot, and that is at 16 in memory alone.
 * Returns what the disk is sure to have. */
static struct image live_in_boot_mode(struct fixture *f, char path[512])
{
    struct snapshot snapshot;
    f->options.sync = STORE_SYNC_boot;
    f->options.boot_id = "boot-a";
    fixture_open(f);
    commit_at(f, 10);
    assert_int_equal(snapshot_create(f->store, NULL, &snapshot), STATUS_OK);
    fixture_reopen(f); /* synced */
    (void)fixture_file(f, "data.mdb", path);
    struct image synced = load(path);
    for (int64_t i = 11; i <= 16; i++) {
        commit_at(f, i);
    }
    store_abandon(&f->store);
    return synced;
}

static void a_torn_file_of_another_boot_is_never_seen_by_lmdb(void **state)
{
    struct fixture *f = *state;
    struct rand rand = {.state = 11};
    char path[512];
    char aside[512];
    char folder[512];
    (void)snprintf(folder, sizeof(folder), "%s/klines/3", f->data_dir);
    struct image old = live_in_boot_mode(f, path);
    struct image new = load(path);
    for (int i = 0; i < CUTS; i++) {
        struct image torn = tear(&rand, &old, &new, 0);
        save(path, &torn);
        assert_int_equal(folder_write_unsynced(folder, "boot-a"), STATUS_OK);

        /* A walk would be LMDB's look at it: there is none. */
        struct recovery recovery = recover(f, "boot-b", "/no/such/program");
        assert_true(recovery.is_restored);
        assert_int_equal(recovery.snapshot.next_offset, 10);
        assert_is_at(f, 10);
        store_abandon(&f->store);
        find_aside(f, aside);
        struct image kept = load(aside);
        assert_int_equal(kept.size, torn.size);
        assert_memory_equal(kept.bytes, torn.bytes, torn.size);
        assert_int_equal(unlink(aside), 0);
        free(kept.bytes);
        free(torn.bytes);
    }
    free(old.bytes);
    free(new.bytes);
}

static void the_whole_file_of_this_boot_goes_on(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct image old = live_in_boot_mode(f, path);
    struct recovery recovery = recover(f, "boot-a", NULL);
    assert_false(recovery.is_restored);
    assert_is_at(f, 16);
    commit_at(f, 17);
    store_close(&f->store); /* synced: then the boot does not matter any more */
    recovery = recover(f, "boot-b", NULL);
    assert_false(recovery.is_restored);
    assert_is_at(f, 17);
    free(old.bytes);
}

/* LMDB syncs a commit's pages before it writes the header that makes them count. */
static void a_commit_that_was_synced_outlives_the_torn_pages_of_the_next(void **state)
{
    enum { HEADERS = 2 };
    struct fixture *f = *state;
    struct rand rand = {.state = 12};
    char path[512];
    fixture_open(f);
    (void)fixture_file(f, "data.mdb", path);
    commit_at(f, 1);
    for (int64_t i = 2; i < 2 + CUTS; i++) {
        struct image old = load(path);
        commit_at(f, i);
        struct image new = load(path);
        store_abandon(&f->store);
        struct image torn = tear(&rand, &old, &new, HEADERS);
        save(path, &torn);
        struct recovery recovery = recover(f, i % 2 == 0 ? "boot-b" : "boot-c", NULL);
        assert_false(recovery.is_restored);
        assert_is_at(f, i - 1);
        commit_at(f, i);
        free(torn.bytes);
        free(old.bytes);
        free(new.bytes);
    }
}

int main(int argc, char **argv)
{
    if (walk_is_asked(argc, argv)) {
        return walk_main(argv);
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_torn_file_of_another_boot_is_never_seen_by_lmdb),
        TEST(the_whole_file_of_this_boot_goes_on),
        TEST(a_commit_that_was_synced_outlives_the_torn_pages_of_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
