#include "state/mdb_file.h"

#include "runtime/slice.h"
#include "state/store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int setup(void **state)
{
    static struct fixture f;
    fixture_init(&f, "/tmp");
    f.options.sync = STORE_SYNC_boot;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static void make_file(struct fixture *f, char path[512])
{
    fixture_open(f);
    fixture_put(f, "a", "1");
    assert_int_equal(fixture_commit(f), STATUS_OK);
    store_close(&f->store);
    (void)fixture_file(f, "data.mdb", path);
}

static void poke(const char *path, off_t at, unsigned char byte)
{
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    (void)close(fd);
}

static void a_file_that_lmdb_wrote_is_fine(void **state)
{
    char path[512];
    struct mdb_file file;
    struct stat stat_path;
    make_file(*state, path);
    assert_int_equal(stat(path, &stat_path), 0);
    assert_int_equal(mdb_file_look(path, &file), STATUS_OK);
    assert_int_equal(file.size, stat_path.st_size);
    assert_int_equal(file.page_size, sysconf(_SC_PAGESIZE));
    assert_true(file.page_count + 0 >= 2);
    assert_true((file.page_count - file.missing) * file.page_size <= file.size);
}

static void no_file_and_an_empty_one_are_not_there(void **state)
{
    char path[512];
    struct mdb_file file = {.size = 7};
    make_file(*state, path);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(mdb_file_look(path, &file), STATUS_NOT_FOUND);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mdb_file_look(path, &file), STATUS_NOT_FOUND);
    assert_int_equal(file.size, 7);
}

static void a_wrong_header_is_corrupt(void **state)
{
    /* Of either page: flags, magic, version, page size, last page, root. */
    static const off_t places[] = {10,        16,        20,        24,  4096 + 24, 40,
                                   4096 + 10, 4096 + 17, 4096 + 41, 143, 4096 + 143};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char path[512];
        struct mdb_file file = {.size = 7};
        make_file(*state, path);
        poke(path, places[i], 0x55);
        assert_int_equal(mdb_file_look(path, &file), STATUS_CORRUPT);
        assert_int_equal(file.size, 7);
        assert_int_equal(unlink(path), 0);
    }
}

static void missing_pages_are_counted_and_filled(void **state)
{
    char path[512];
    struct mdb_file file;
    make_file(*state, path);
    assert_int_equal(mdb_file_look(path, &file), STATUS_OK);
    uint64_t last = file.page_count + 4;
    poke(path, 136, (unsigned char)last); /* the last page, in both headers */
    poke(path, 4096 + 136, (unsigned char)last);
    uint64_t whole = file.size / file.page_size;
    assert_int_equal(mdb_file_look(path, &file), STATUS_OK);
    assert_int_equal(file.page_count, last + 1);
    assert_int_equal(file.missing, last + 1 - whole);
    assert_int_equal(mdb_file_fill(path, &file), STATUS_OK);
    assert_int_equal(mdb_file_look(path, &file), STATUS_OK);
    assert_int_equal(file.missing, 0);
    /* A page that nobody says is free must not be missing. */
    assert_int_equal(truncate(path, (off_t)(whole * file.page_size)), 0);
    struct fixture *f = *state;
    assert_int_equal(store_open(&f->options, &f->store), STATUS_CORRUPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_lmdb_wrote_is_fine),
        TEST(no_file_and_an_empty_one_are_not_there),
        TEST(a_wrong_header_is_corrupt),
        TEST(missing_pages_are_counted_and_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
