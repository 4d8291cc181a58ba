#include "state/txn.h"

#include "runtime/base.h"
#include "state/store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE_SIZE = 4096, KEY_COUNT = 12, OK_EXIT = 0, WRONG_EXIT = 42 };

struct damage {
    struct fixture *f;
    int fd;
    off_t page;
    volatile int *next; /* bit to flip; shared with the child */
    volatile int *noticed;
};

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

static void value_of(int i, char value[64])
{
    (void)snprintf(value, 64, "value-%d-%048d", i, i * 7919);
}

static void fill(struct fixture *f)
{
    char key[16];
    char value[64];
    fixture_open(f);
    for (int i = 0; i < KEY_COUNT; i++) {
        (void)snprintf(key, sizeof(key), "key-%d", i);
        value_of(i, value);
        fixture_put(f, key, value);
    }
    assert_int_equal(fixture_commit(f), STATUS_OK);
    store_close(&f->store);
}

static bool holds_all(const char *page)
{
    for (int i = 0; i < KEY_COUNT; i++) {
        char value[64];
        value_of(i, value);
        if (memmem(page, PAGE_SIZE, value, strlen(value)) == NULL) {
            return false;
        }
    }
    return true;
}

/* The page that holds the values; what LMDB leaves in the free part of other pages is not all. */
static off_t find_page(int fd)
{
    char page[PAGE_SIZE];
    for (off_t at = 0; pread(fd, page, sizeof(page), at) == PAGE_SIZE; at += PAGE_SIZE) {
        if (holds_all(page)) {
            return at;
        }
    }
    return -1;
}

static void flip(const struct damage *damage, int bit)
{
    unsigned char byte;
    off_t at = damage->page + bit / 8;
    if (pread(damage->fd, &byte, 1, at) != 1) {
        _exit(1);
    }
    byte = (unsigned char)(byte ^ 1u << bit % 8);
    if (pwrite(damage->fd, &byte, 1, at) != 1) {
        _exit(1);
    }
}

/* False: a wrong value was given out. */
static bool look(struct store_view *view, volatile int *noticed)
{
    bool is_noticed = false;
    for (int i = 0; i < KEY_COUNT; i++) {
        char key[16];
        char value[64];
        struct slice found;
        (void)snprintf(key, sizeof(key), "key-%d", i);
        value_of(i, value);
        enum status status = store_view_get(view, TABLE_actors, slice_of_text(key), &found);
        if (status == STATUS_OK && !slice_equals(found, slice_of_text(value))) {
            return false;
        }
        is_noticed = is_noticed || status != STATUS_OK;
    }
    *noticed += is_noticed;
    return true;
}

static void flip_all(struct damage *damage)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(SIGSEGV, SIG_DFL); /* cmocka's handlers would go on with the other tests */
    (void)signal(SIGBUS, SIG_DFL);
    (void)!freopen("/dev/null", "w", stderr);
    damage->f->options.is_read_only = true;
    if (store_open(&damage->f->options, &damage->f->store) != STATUS_OK) {
        _exit(1);
    }
    struct store_view *view = store_view_create(damage->f->store);
    while (*damage->next < PAGE_SIZE * 8) {
        int bit = *damage->next;
        flip(damage, bit);
        bool is_right = store_view_open(view) == STATUS_OK && look(view, damage->noticed);
        store_view_close(view);
        flip(damage, bit);
        if (!is_right) {
            _exit(WRONG_EXIT);
        }
        *damage->next = bit + 1;
    }
    _exit(OK_EXIT);
}

static void no_flipped_bit_gives_a_wrong_value(void **state)
{
    struct fixture *f = *state;
    char path[512];
    fill(f);
    int *shared = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct damage damage = {.f = f, .next = shared, .noticed = shared + 1};
    damage.fd = open(fixture_file(f, "data.mdb", path), O_RDWR);
    damage.page = find_page(damage.fd);
    assert_true(damage.page > 0);

    int crashes = 0;
    int how = 0;
    do {
        pid_t child = fork();
        if (child == 0) {
            flip_all(&damage);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        if (WIFSIGNALED(how)) {
            /* LMDB trusts the heads of its pages: that is why a file is walked in a child first. */
            flip(&damage, *damage.next);
            ++*damage.next;
            crashes++;
        }
    } while (WIFSIGNALED(how));
    assert_int_equal(WEXITSTATUS(how), OK_EXIT);
    assert_int_equal(*damage.next, PAGE_SIZE * 8);
    print_message("noticed %d flips of %d, LMDB crashed in %d\n", *damage.noticed, PAGE_SIZE * 8,
                  crashes);
    assert_true(*damage.noticed > KEY_COUNT * 60 * 8); /* every bit of every value, at the least */
    assert_true(crashes < 500);                        /* a few bytes of 4096 */
    (void)close(damage.fd);
    (void)munmap(shared, PAGE_SIZE);
}

static void an_aborted_transaction_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    struct txn txn;
    struct record record = {.value = slice_of_text("value")};
    fixture_open(f);
    assert_int_equal(txn_begin(&txn, f->store, TXN_WRITE), STATUS_OK);
    assert_int_equal(txn_put(&txn, TABLE_actors, slice_of_text("a"), &record), STATUS_OK);
    assert_int_equal(txn_get(&txn, TABLE_actors, slice_of_text("a"), &record), STATUS_OK);
    txn_abort(&txn);
    txn_abort(&txn);
    assert_true(fixture_lacks(f, TABLE_actors, "a"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(no_flipped_bit_gives_a_wrong_value),
        TEST(an_aborted_transaction_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
