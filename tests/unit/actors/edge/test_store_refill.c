#include "actors/edge/store_refill.h"

#include "actors/refill.h"
#include "proto/candle.h"
#include "runtime/mem.h"
#include "state/batch.h"
#include "state/store.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOLDER_MAX = 64, TTL_MINUTES = 100, STREAM_MINUTE = 1000000 };

struct fixture {
    char folder[FOLDER_MAX];
    struct store *store;
    struct batch *batch;
    struct meta meta;
    struct refill_page page;
};

static int setup(void **state)
{
    struct fixture *f = mem_new(1, sizeof(*f));
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/candled-refill-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    struct store_options options = {.data_dir = f->folder, .topic = "t", .boot_id = "b"};
    assert_int_equal(store_open(&options, &f->store), STATUS_OK);
    f->batch = batch_create();
    f->meta = *store_meta(f->store);
    f->meta.stream_time_ms = STREAM_MINUTE * (int64_t)MINUTE_MS;
    f->page.intervals = INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_5m);
    f->page.ttl_ms = TTL_MINUTES * (int64_t)MINUTE_MS;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[FOLDER_MAX + 16];
    outbox_rows_destroy(&f->page.rows);
    batch_destroy(&f->batch);
    store_close(&f->store);
    (void)snprintf(command, sizeof(command), "rm -r %s", f->folder);
    assert_int_equal(system(command), 0);
    mem_free(f);
    return 0;
}

static struct candle emitted(int64_t open_minute)
{
    return (struct candle){
        .symbol = "A",
        .interval = INTERVAL_1m,
        .open_ms = open_minute * MINUTE_MS,
        .updated_ms = (open_minute + 1) * MINUTE_MS,
        .minutes = 1,
        .revision = open_minute,
        .is_emitted = true,
    };
}

static void put(struct fixture *f, const struct candle *candle)
{
    unsigned char key[LAYOUT_CANDLE_KEY_MAX];
    unsigned char bytes[CANDLE_ENCODED_MAX];
    size_t key_size = layout_candle_key(candle->symbol, candle->interval, candle->open_ms, key);
    batch_put_candle(f->batch, (struct slice){key, key_size},
                     (struct slice){bytes, candle_encode(candle, bytes)}, 0);
}

static void commit(struct fixture *f)
{
    struct checkpoint checkpoint = {.batch = f->batch, .meta = &f->meta};
    assert_int_equal(store_commit(f->store, &checkpoint), STATUS_OK);
    batch_clear(f->batch);
}

static size_t read_page(struct fixture *f)
{
    outbox_rows_destroy(&f->page.rows);
    assert_int_equal(store_refill_read(f->store, &f->page), STATUS_OK);
    return f->page.rows->count;
}

static struct candle row(const struct fixture *f, size_t i)
{
    struct candle candle;
    assert_int_equal(f->page.rows->rows[i].kind, OUTBOX_candle);
    assert_int_equal(candle_decode(f->page.rows->rows[i].payload, &candle), STATUS_OK);
    assert_int_equal(f->page.rows->rows[i].interval, candle.interval);
    return candle;
}

static void an_empty_store_is_one_empty_page(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_page(f), 0);
    assert_true(f->page.is_last);
}

static void all_that_was_emitted_comes_once_in_pages(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 2 * REFILL_PAGE_CANDLES + 17 };
    int64_t revision = 0;
    size_t pages = 0;
    f->page.ttl_ms = INT64_C(1000000) * MINUTE_MS;
    for (int64_t i = 0; i < COUNT; i++) {
        struct candle candle = emitted(STREAM_MINUTE - COUNT + i);
        candle.revision = i + 1;
        put(f, &candle);
    }
    commit(f);
    while (!f->page.is_last) {
        size_t count = read_page(f);
        assert_true(count <= REFILL_PAGE_CANDLES);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(row(f, i).revision, ++revision);
        }
        pages++;
    }
    assert_int_equal(revision, COUNT);
    assert_int_equal(pages, 3);
}

static void a_page_that_ends_with_the_last_candle_is_the_last(void **state)
{
    struct fixture *f = *state;
    f->page.ttl_ms = INT64_C(1000000) * MINUTE_MS;
    for (int64_t i = 0; i < REFILL_PAGE_CANDLES; i++) {
        struct candle candle = emitted(STREAM_MINUTE - i);
        put(f, &candle);
    }
    commit(f);
    assert_int_equal(read_page(f), REFILL_PAGE_CANDLES);
    assert_true(f->page.is_last);
}

static void what_was_not_emitted_or_not_asked_for_does_not_come(void **state)
{
    struct fixture *f = *state;
    struct candle held = emitted(STREAM_MINUTE - 10);
    struct candle told = emitted(STREAM_MINUTE - 9);
    struct candle other = emitted(STREAM_MINUTE - 15);
    held.is_emitted = false;
    other.interval = INTERVAL_15m;
    put(f, &held);
    put(f, &told);
    put(f, &other);
    commit(f);
    assert_int_equal(read_page(f), 1);
    assert_int_equal(row(f, 0).open_ms, told.open_ms);
}

/* Written at its close or, corrected, later. */
static void what_would_have_expired_does_not_come_back(void **state)
{
    struct fixture *f = *state;
    struct candle expired = emitted(STREAM_MINUTE - TTL_MINUTES - 1);
    struct candle last = emitted(STREAM_MINUTE - TTL_MINUTES);
    struct candle corrected = emitted(STREAM_MINUTE - TTL_MINUTES - 20);
    corrected.updated_ms = (STREAM_MINUTE - 50) * (int64_t)MINUTE_MS;
    put(f, &expired);
    put(f, &last);
    put(f, &corrected);
    commit(f);
    assert_int_equal(read_page(f), 2);
    assert_int_equal(row(f, 0).open_ms, corrected.open_ms);
    assert_int_equal(row(f, 1).open_ms, last.open_ms);
}

static void what_opens_before_the_floor_does_not_come(void **state)
{
    struct fixture *f = *state;
    struct candle below = emitted(STREAM_MINUTE - 10);
    struct candle above = emitted(STREAM_MINUTE - 9);
    f->meta.floor_ms = above.open_ms;
    put(f, &below);
    put(f, &above);
    commit(f);
    assert_int_equal(read_page(f), 1);
    assert_int_equal(row(f, 0).open_ms, above.open_ms);
}

static void a_long_stretch_that_is_not_wanted_ends_a_page(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 20 * REFILL_PAGE_CANDLES };
    for (int64_t i = 0; i < COUNT; i++) {
        struct candle candle = emitted(STREAM_MINUTE - TTL_MINUTES - 2 - COUNT + i);
        put(f, &candle);
    }
    struct candle candle = emitted(STREAM_MINUTE - 1);
    put(f, &candle);
    commit(f);
    assert_int_equal(read_page(f), 0);
    assert_false(f->page.is_last);
    assert_int_equal(read_page(f), 1);
    assert_true(f->page.is_last);
}

static void damage_is_told_and_leaves_the_page_alone(void **state)
{
    struct fixture *f = *state;
    batch_put_candle(f->batch, SLICE_OF("no such key"), SLICE_OF("no candle"), 0);
    commit(f);
    assert_int_equal(store_refill_read(f->store, &f->page), STATUS_CORRUPT);
    assert_null(f->page.rows);
    assert_int_equal(f->page.after_size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_store_is_one_empty_page, setup, teardown),
        cmocka_unit_test_setup_teardown(all_that_was_emitted_comes_once_in_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(a_page_that_ends_with_the_last_candle_is_the_last, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_not_emitted_or_not_asked_for_does_not_come, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_would_have_expired_does_not_come_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_opens_before_the_floor_does_not_come, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_stretch_that_is_not_wanted_ends_a_page, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(damage_is_told_and_leaves_the_page_alone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
