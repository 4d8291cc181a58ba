#include "state/feed_store.h"

#include "runtime/base.h"
#include "runtime/log.h"
#include "tests/unit/cmocka.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_error, false);
    snprintf(folder, sizeof(folder), "/tmp/candled-feed-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int teardown(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static enum status open_store(bool is_read_only, struct feed_store **out_store)
{
    struct feed_store_options options = {
        .data_dir = folder, .spool_bytes_max = 1 << 20, .is_read_only = is_read_only};
    return feed_store_open(&options, out_store);
}

static struct feed_store *must_open(void)
{
    struct feed_store *store;
    assert_int_equal(open_store(false, &store), STATUS_OK);
    return store;
}

static void put(struct feed_store *store, uint64_t first, uint64_t last)
{
    struct feed_batch batch = {.bytes = NULL};
    for (uint64_t i = first; i <= last; i++) {
        char value[64];
        int size = snprintf(value, sizeof(value), "frame %d", (int)i);
        feed_batch_put_frame(
            &batch, &(struct feed_frame){
                        i, 1000 + (int64_t)i, slice_of_text("BTCUSDT"), {value, (size_t)size}});
    }
    assert_int_equal(feed_store_commit(store, &batch), STATUS_OK);
    feed_batch_deinit(&batch);
}

struct seen {
    uint64_t sequences[100];
    size_t count;
    size_t count_max;
};

static bool see(void *context, const struct feed_frame *frame)
{
    struct seen *seen = context;
    char value[64];
    int size = snprintf(value, sizeof(value), "frame %d", (int)frame->sequence);
    assert_true(slice_equals(frame->value, (struct slice){value, (size_t)size}));
    assert_true(slice_equals(frame->symbol, slice_of_text("BTCUSDT")));
    assert_int_equal(frame->received_ms, 1000 + (int64_t)frame->sequence);
    seen->sequences[seen->count++] = frame->sequence;
    return seen->count < seen->count_max;
}

static struct seen look(struct feed_store *store, uint64_t after, size_t count_max)
{
    struct seen seen = {.count_max = count_max};
    assert_int_equal(feed_store_frames(store, after, see, &seen), STATUS_OK);
    return seen;
}

static void frames_are_read_in_their_order_from_anywhere(void **state)
{
    struct feed_store *store = must_open();
    (void)state;
    put(store, 250, 260); /* across a byte */
    struct seen seen = look(store, 0, 100);
    assert_int_equal(seen.count, 11);
    for (size_t i = 0; i < seen.count; i++) {
        assert_int_equal(seen.sequences[i], 250 + i);
    }
    seen = look(store, 255, 100);
    assert_int_equal(seen.count, 5);
    assert_int_equal(seen.sequences[0], 256);
    seen = look(store, 251, 2);
    assert_int_equal(seen.count, 2);
    assert_int_equal(look(store, 260, 100).count, 0);
    feed_store_close(&store);
}

static void what_was_acknowledged_is_gone_and_the_rest_is_there_after_a_restart(void **state)
{
    struct feed_store *store = must_open();
    struct feed_batch batch = {.bytes = NULL};
    (void)state;
    put(store, 1, 10);
    int64_t full = feed_store_spool_bytes(store);
    feed_batch_delete_frame(&batch, 3);
    feed_batch_delete_frame(&batch, 1);
    feed_batch_delete_frame(&batch, 1); /* told twice */
    assert_int_equal(feed_store_commit(store, &batch), STATUS_OK);
    feed_batch_deinit(&batch);
    int64_t bytes = feed_store_spool_bytes(store);
    assert_true(bytes < full);
    assert_int_equal(feed_store_spool_frames(store), 8);
    feed_store_close(&store);
    store = must_open();
    assert_int_equal(feed_store_spool_frames(store), 8);
    assert_int_equal(feed_store_spool_bytes(store), bytes);
    assert_int_equal(feed_store_last_sequence(store), 10);
    struct seen seen = look(store, 0, 100);
    assert_int_equal(seen.count, 8);
    assert_int_equal(seen.sequences[0], 2);
    assert_int_equal(seen.sequences[1], 4);
    feed_store_close(&store);
}

static void a_kill_loses_nothing_that_was_committed(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct feed_store *store = must_open();
        put(store, 1, 50);
        _exit(0); /* nothing is closed */
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    struct feed_store *store = must_open();
    assert_int_equal(look(store, 0, 100).count, 50);
    feed_store_close(&store);
}

static void a_second_collector_is_refused_and_a_reader_is_not(void **state)
{
    struct feed_store *store = must_open();
    struct feed_store *other;
    (void)state;
    put(store, 1, 3);
    assert_int_equal(open_store(false, &other), STATUS_BUSY);
    pid_t child = fork(); /* LMDB wants one environment a process */
    if (child == 0) {
        _exit(open_store(true, &other) == STATUS_OK && look(other, 0, 100).count == 3 ? 0 : 1);
    }
    int code;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_int_equal(code, 0);
    feed_store_close(&store);
}

static void a_reader_where_no_collector_has_been_finds_nothing(void **state)
{
    struct feed_store *store;
    (void)state;
    assert_int_equal(open_store(true, &store), STATUS_NOT_FOUND);
}

static void see_symbol(void *context, const struct feed_symbol *symbol)
{
    *(struct feed_symbol *)context = *symbol;
}

static void see_hole(void *context, const struct feed_hole *hole)
{
    struct feed_hole **at = context;
    *(*at)++ = *hole;
}

static void the_ledger_comes_back_as_it_was(void **state)
{
    struct feed_store *store = must_open();
    struct feed_batch batch = {.bytes = NULL};
    struct feed_symbol symbol = {.name = "BTCUSDT",
                                 .status = "TRADING",
                                 .known_to_ms = 60000,
                                 .last_trade_id = -1,
                                 .last_id_ms = FEED_NO_TIME,
                                 .checked_ms = 7};
    struct feed_hole holes[2] = {
        {.symbol = "BTCUSDT",
         .kind = FEED_HOLE_minutes,
         .state = FEED_HOLE_STATE_absent,
         .from_ms = -120000,
         .to_ms = 60000,
         .asked = 3,
         .found_ms = 1,
         .settled_ms = 2},
        {.symbol = "BTCUSDT",
         .kind = FEED_HOLE_trades,
         .from_ms = 60000,
         .to_ms = 120000,
         .settled_ms = FEED_NO_TIME},
    };
    struct feed_symbol found;
    struct feed_hole found_holes[4];
    struct feed_hole *at = found_holes;
    (void)state;
    feed_batch_put_symbol(&batch, &symbol);
    feed_batch_put_hole(&batch, &holes[1]);
    feed_batch_put_hole(&batch, &holes[0]);
    struct feed_hole gone = holes[0];
    gone.from_ms = 0;
    feed_batch_put_hole(&batch, &gone);
    feed_batch_delete_hole(&batch, &gone);
    assert_int_equal(feed_store_commit(store, &batch), STATUS_OK);
    feed_batch_deinit(&batch);
    assert_int_equal(feed_store_symbols(store, see_symbol, &found), STATUS_OK);
    assert_memory_equal(&found, &symbol, sizeof(found));
    assert_int_equal(feed_store_holes(store, see_hole, &at), STATUS_OK);
    assert_int_equal(at - found_holes, 2);
    assert_memory_equal(found_holes, holes, sizeof(holes));
    feed_store_close(&store);
}

static void a_damaged_file_is_put_aside(void **state)
{
    struct feed_store *store = must_open();
    char path[128];
    (void)state;
    put(store, 1, 3);
    feed_store_close(&store);
    snprintf(path, sizeof(path), "%s/collect/data.mdb", folder);
    int fd = open(path, O_WRONLY);
    assert_int_equal(write(fd, path, 64), 64); /* the first header */
    assert_int_equal(pwrite(fd, path, 64, 4096), 64);
    close(fd);
    store = must_open();
    assert_int_equal(feed_store_spool_frames(store), 0);
    put(store, 1, 1);
    feed_store_close(&store);
}

static void values_that_this_version_did_not_write_are_passed_over(void **state)
{
    struct feed_frame frame;
    struct feed_symbol symbol;
    struct feed_hole hole;
    unsigned char bytes[200] = {0};
    (void)state;
    memset(bytes, 255, sizeof(bytes));
    for (size_t size = 0; size < sizeof(bytes); size++) {
        struct slice some = {bytes, size};
        assert_false(feed_batch_read_frame(some, some, &frame));
        assert_false(feed_batch_read_hole(some, some, &hole));
        (void)feed_batch_read_symbol(some, some, &symbol);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(frames_are_read_in_their_order_from_anywhere),
        TEST(what_was_acknowledged_is_gone_and_the_rest_is_there_after_a_restart),
        TEST(a_kill_loses_nothing_that_was_committed),
        TEST(a_second_collector_is_refused_and_a_reader_is_not),
        TEST(a_reader_where_no_collector_has_been_finds_nothing),
        TEST(the_ledger_comes_back_as_it_was),
        TEST(a_damaged_file_is_put_aside),
        TEST(values_that_this_version_did_not_write_are_passed_over),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
