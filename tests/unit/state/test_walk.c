#include "state/walk.h"

#include "runtime/base.h"
#include "runtime/rand.h"
#include "state/layout.h"
#include "state/mdb_file.h"
#include "state/record.h"
#include "state/store_internal.h"
#include "state/txn.h"
#include "state/walk_internal.h"
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
    fixture_init(&f, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    f.options.sync = STORE_SYNC_boot;
    f.options.map_bytes = 64 << 20;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

/* Rounds that overwrite and delete, so that there are free pages, long values and deep trees. */
static void live(struct fixture *f, struct rand *rand)
{
    static char value[9000];
    memset(value, 'v', sizeof(value) - 1);
    for (int i = 0; i < 400; i++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "key-%06d", (int)rand_below(rand, 2000));
        size_t size = rand_below(rand, 40) == 0 ? rand_below(rand, 8999) : rand_below(rand, 300);
        value[size] = '\0';
        if (rand_chance(rand, 20)) {
            batch_delete(f->batch, TABLE_actors, slice_of_text(key));
        } else {
            fixture_put(f, key, value);
        }
        fixture_put_candle(f, key, "candle", 1 + (int64_t)rand_below(rand, 100000));
        value[size] = 'v';
        fixture_put_entry(f, f->meta.outbox_next, "payload");
    }
    f->meta.stream_time_ms += 2000;
    f->meta.cursors[SINK_redis] = f->meta.outbox_next - 100;
    f->meta.next_offset += 400;
    assert_int_equal(fixture_commit(f), STATUS_OK);
}

static void make(struct fixture *f, int rounds, char path[512])
{
    struct rand rand = {.state = 5};
    fixture_open(f);
    f->meta.stream_time_ms = 0;
    f->sweep_max = 300;
    f->trim_max = 500;
    for (int i = 0; i < rounds; i++) {
        live(f, &rand);
    }
    store_close(&f->store);
    (void)fixture_file(f, "data.mdb", path);
}

static void assert_sound(const char *path)
{
    const char *fault = NULL;
    if (walk_pages(path, &fault) != STATUS_OK || walk_tables(path, &fault) != STATUS_OK) {
        fail_msg("%s", fault);
    }
}

static void what_lmdb_wrote_is_sound_after_every_commit(void **state)
{
    struct fixture *f = *state;
    struct rand rand = {.state = 1};
    char path[512];
    f->options.map_bytes = 1 << 16; /* grows */
    fixture_open(f);
    (void)fixture_file(f, "data.mdb", path);
    f->meta.stream_time_ms = 0;
    f->sweep_max = 300;
    f->trim_max = 500;
    for (int i = 0; i < 25; i++) {
        assert_sound(path);
        live(f, &rand);
    }
    assert_int_equal(store_begin_era(f->store, 1, true), STATUS_OK);
    assert_sound(path);
    store_close(&f->store);
    assert_sound(path);
    assert_int_equal(walk_in_child(NULL, path), STATUS_OK);
}

static void a_file_that_holds_nothing_yet_is_sound(void **state)
{
    struct fixture *f = *state;
    char path[512];
    fixture_open(f);
    assert_sound(fixture_file(f, "data.mdb", path));
    store_close(&f->store);
    assert_int_equal(truncate(path, 0), 0);
    assert_sound(path);
    assert_int_equal(unlink(path), 0);
    assert_sound(path);
}

static void another_format_is_sound(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct txn txn;
    int64_t format = STORE_FORMAT + 1;
    struct record record = {.value = SLICE_OF(format)};
    fixture_open(f);
    assert_int_equal(txn_begin(&txn, f->store, TXN_WRITE), STATUS_OK);
    assert_int_equal(txn_put(&txn, TABLE_meta, slice_of_text("format"), &record), STATUS_OK);
    assert_int_equal(txn_commit(&txn), STATUS_OK);
    store_abandon(&f->store);
    assert_int_equal(walk_in_child(NULL, fixture_file(f, "data.mdb", path)), STATUS_OK);
}

static unsigned char get(const char *path, off_t at)
{
    unsigned char byte;
    int fd = open(path, O_RDONLY);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    (void)close(fd);
    return byte;
}

static void poke(const char *path, off_t at, unsigned char byte)
{
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    (void)close(fd);
}

static bool is_condemned(const char *path)
{
    const char *fault = NULL;
    enum status status = walk_pages(path, &fault);
    assert_true(status == STATUS_OK || (status == STATUS_CORRUPT && fault != NULL));
    return status == STATUS_CORRUPT;
}

/* Pages that are not free are in use: what LMDB reads of them, and what it says of free ones. */
static void every_damaged_head_of_a_page_in_use_is_noticed(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct mdb_file file;
    size_t noticed = 0;
    size_t free_pages = 0;
    make(f, 6, path);
    assert_int_equal(mdb_file_look(path, &file), STATUS_OK);
    for (uint64_t page = 2; page < file.page_count - file.missing; page++) {
        static const off_t places[] = {0, 3, 7, 10, 11, 12, 14, 15};
        size_t of_page = 0;
        for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
            off_t at = (off_t)(page * file.page_size) + places[i];
            unsigned char before = get(path, at);
            poke(path, at, before ^ 0x10);
            of_page += is_condemned(path);
            poke(path, at, before);
        }
        assert_true(of_page == 0 || of_page == ARRAY_COUNT(places));
        noticed += of_page > 0;
        free_pages += of_page == 0;
    }
    assert_true(noticed > 20);
    assert_true(free_pages > 3);
    assert_sound(path);
}

static void a_free_page_that_is_in_use_is_noticed(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct mdb_file file;
    make(f, 6, path);
    assert_int_equal(mdb_file_look(path, &file), STATUS_OK);
    /* The only node of a leaf of free pages ends with the list: its last number is the least. */
    off_t end = (off_t)((file.free_pages.root + 1) * file.page_size);
    unsigned char before = get(path, end - 8);
    size_t noticed = 0;
    for (unsigned number = 0; number < 255; number++) {
        poke(path, end - 8, (unsigned char)number);
        noticed += is_condemned(path);
    }
    assert_true(noticed > 50);
    poke(path, end - 8, before);
    assert_sound(path);
}

static void a_record_that_is_damaged_is_noticed(void **state)
{
    struct fixture *f = *state;
    char path[512];
    static char bytes[4 << 20];
    const char *fault = NULL;
    make(f, 3, path);
    int fd = open(path, O_RDONLY);
    ssize_t size = read(fd, bytes, sizeof(bytes));
    (void)close(fd);
    char *found = memmem(bytes + 8192, (size_t)size - 8192, "vvvvvvvv", 8);
    assert_non_null(found);
    size_t noticed = 0;
    for (int i = 0; i < 50 && found != NULL; i++) {
        poke(path, found - bytes, 'w');
        assert_int_equal(walk_pages(path, &fault), STATUS_OK);
        noticed += walk_tables(path, &fault) == STATUS_CORRUPT; /* else it is on a free page */
        poke(path, found - bytes, 'v');
        found += 9000;
        found = memmem(found, (size_t)(bytes + size - found), "vvvvvvvv", 8);
    }
    assert_true(noticed > 0);
}

static void an_entry_of_expiry_that_is_wrong_is_noticed(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct txn txn;
    const char *fault = NULL;
    const struct record nothing = {.expire_ms = 0};
    unsigned char key[LAYOUT_EXPIRY_KEY_MAX];
    fixture_open(f);
    fixture_put_candle(f, "candle", "1", 7000);
    assert_int_equal(fixture_commit(f), STATUS_OK);
    assert_int_equal(txn_begin(&txn, f->store, TXN_WRITE), STATUS_OK);
    size_t size = layout_expiry_key(7000, slice_of_text("candle"), key);
    assert_int_equal(txn_delete(&txn, TABLE_expiry, (struct slice){key, size}), STATUS_OK);
    size = layout_expiry_key(7001, slice_of_text("candle"), key);
    assert_int_equal(txn_put(&txn, TABLE_expiry, (struct slice){key, size}, &nothing), STATUS_OK);
    assert_int_equal(txn_commit(&txn), STATUS_OK);
    store_abandon(&f->store);
    (void)fixture_file(f, "data.mdb", path);
    assert_int_equal(walk_pages(path, &fault), STATUS_OK);
    assert_int_equal(walk_tables(path, &fault), STATUS_CORRUPT);
    assert_string_equal(fault, "candles and the times they expire do not agree");
    assert_int_equal(walk_in_child(NULL, path), STATUS_CORRUPT);
}

static void write_script(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static void only_what_the_file_can_bring_about_condemns_it(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *script;
        enum status status;
    } cases[] = {
        {"#!/bin/sh\nexit 40\n", STATUS_OK},
        {"#!/bin/sh\necho found it\nexit 41\n", STATUS_CORRUPT},
        {"#!/bin/sh\nexit 42\n", STATUS_IO},
        {"#!/bin/sh\nkill -SEGV $$\n", STATUS_CORRUPT},
        {"#!/bin/sh\nkill -BUS $$\n", STATUS_CORRUPT},
        {"#!/bin/sh\nkill -ABRT $$\n", STATUS_CORRUPT},
        {"#!/bin/sh\nexit 1\n", STATUS_CORRUPT}, /* a sanitizer */
        {"#!/bin/sh\nkill -KILL $$\n", STATUS_UNAVAILABLE},
        {"#!/bin/sh\nkill -TERM $$\n", STATUS_UNAVAILABLE},
        {"#!/bin/sh\nexit 0\n", STATUS_IO}, /* a program that does not know the argument */
        {"#!/bin/sh\nexit 2\n", STATUS_IO},
        {"no program\n", STATUS_IO},
    };
    char path[512];
    char script[512];
    make(f, 1, path);
    (void)snprintf(script, sizeof(script), "%s/script", f->data_dir);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        write_script(script, cases[i].script);
        if (walk_in_child(script, path) != cases[i].status) {
            fail_msg("%s", cases[i].script);
        }
    }
    assert_int_equal(walk_in_child("/no/such/program", path), STATUS_IO);
}

int main(int argc, char **argv)
{
    if (walk_is_asked(argc, argv)) {
        return walk_main(argv);
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_lmdb_wrote_is_sound_after_every_commit),
        TEST(a_file_that_holds_nothing_yet_is_sound),
        TEST(another_format_is_sound),
        TEST(every_damaged_head_of_a_page_in_use_is_noticed),
        TEST(a_free_page_that_is_in_use_is_noticed),
        TEST(a_record_that_is_damaged_is_noticed),
        TEST(an_entry_of_expiry_that_is_wrong_is_noticed),
        TEST(only_what_the_file_can_bring_about_condemns_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
