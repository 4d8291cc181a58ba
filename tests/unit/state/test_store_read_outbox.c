#include "state/outbox.h"
#include "state/store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <stdio.h>

static const struct outbox_filter all = {.wants_dead_letters = true, .intervals = 0xfff};

static struct outbox_rows *read_rows(struct fixture *f, int64_t after,
                                     const struct outbox_filter *filter, size_t rows_max,
                                     size_t bytes_max)
{
    struct outbox_rows *rows = NULL;
    assert_int_equal(store_read_outbox(f->store, after, filter, rows_max, bytes_max, &rows),
                     STATUS_OK);
    return rows;
}

static void check(struct fixture *f, int64_t after, size_t rows_max, size_t bytes_max, size_t count,
                  int64_t scanned_to)
{
    struct outbox_rows *rows = read_rows(f, after, &all, rows_max, bytes_max);
    assert_int_equal(rows->count, count);
    assert_int_equal(rows->scanned_to, scanned_to);
    outbox_rows_destroy(&rows);
    assert_null(rows);
}

static void put_ten(struct fixture *f)
{
    for (int64_t i = 1; i <= 10; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "payload-%02d", (int)i);
        fixture_put_row(f, OUTBOX_candle, INTERVAL_5m, slice_of_text(text));
    }
    assert_int_equal(fixture_commit(f), STATUS_OK);
}

static void entries_come_in_order_from_the_cursor_on(void **state)
{
    struct fixture *f = *state;
    put_ten(f);
    struct outbox_rows *rows = read_rows(f, 3, &all, 100, 1 << 20);
    assert_int_equal(rows->count, 7);
    assert_int_equal(rows->scanned_to, 10);
    for (size_t i = 0; i < rows->count; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "payload-%02d", (int)i + 4);
        assert_int_equal(rows->rows[i].sequence, (int64_t)i + 4);
        assert_int_equal(rows->rows[i].interval, INTERVAL_5m);
        assert_true(slice_equals(rows->rows[i].payload, slice_of_text(text)));
    }
    outbox_rows_destroy(&rows);
}

static void a_read_is_bounded_by_rows_and_bytes_but_takes_one(void **state)
{
    struct fixture *f = *state;
    check(f, 0, 10, 100, 0, 0);
    put_ten(f);
    check(f, 0, 4, 1000, 4, 4);
    check(f, 4, 4, 1000, 4, 8);
    check(f, 8, 4, 1000, 2, 10);
    check(f, 10, 4, 1000, 0, 10);
    check(f, 0, 100, 35, 3, 3);
    check(f, 0, 100, 0, 1, 1);
}

static void what_a_sink_does_not_want_is_passed_over(void **state)
{
    struct fixture *f = *state;
    struct outbox_filter letters = {.wants_dead_letters = true};
    struct outbox_filter minutes = {.intervals = INTERVAL_BIT(INTERVAL_1m)};
    for (int64_t i = 1; i <= 100; i++) {
        fixture_put_row(f, i == 70 ? OUTBOX_dead_letter : OUTBOX_candle, INTERVAL_5m,
                        slice_of_text("x"));
    }
    assert_int_equal(fixture_commit(f), STATUS_OK);

    struct outbox_rows *rows = read_rows(f, 0, &letters, 100, 1000);
    assert_int_equal(rows->count, 1);
    assert_int_equal(rows->rows[0].sequence, 70);
    assert_int_equal(rows->rows[0].kind, OUTBOX_dead_letter);
    assert_int_equal(rows->scanned_to, 100);
    outbox_rows_destroy(&rows);

    rows = read_rows(f, 0, &letters, 2, 1000); /* looks at 32 only */
    assert_int_equal(rows->count, 0);
    assert_int_equal(rows->scanned_to, 32);
    outbox_rows_destroy(&rows);

    rows = read_rows(f, 0, &minutes, 100, 1000);
    assert_int_equal(rows->count, 0);
    assert_int_equal(rows->scanned_to, 100);
    outbox_rows_destroy(&rows);
}

static void a_large_entry_comes_whole(void **state)
{
    struct fixture *f = *state;
    static unsigned char large[1 << 20];
    for (size_t i = 0; i < sizeof(large); i++) {
        large[i] = (unsigned char)(i * 7);
    }
    fixture_put_row(f, OUTBOX_dead_letter, INTERVAL_1m, SLICE_OF(large));
    fixture_put_row(f, OUTBOX_dead_letter, INTERVAL_1m, (struct slice){NULL, 0});
    assert_int_equal(fixture_commit(f), STATUS_OK);
    assert_int_equal(store_meta(f->store)->outbox_bytes, sizeof(large));
    struct outbox_rows *rows = read_rows(f, 0, &all, 10, 10 << 20);
    assert_int_equal(rows->count, 2);
    assert_true(slice_equals(rows->rows[0].payload, SLICE_OF(large)));
    assert_int_equal(rows->rows[1].payload.size, 0);
    outbox_rows_destroy(&rows);
    f->meta.cursors[SINK_redis] = 2;
    assert_int_equal(fixture_commit(f), STATUS_OK);
    assert_int_equal(store_meta(f->store)->outbox_bytes, 0);
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, fixture_setup_outbox, fixture_teardown_outbox)
    const struct CMUnitTest tests[] = {
        TEST(entries_come_in_order_from_the_cursor_on),
        TEST(a_read_is_bounded_by_rows_and_bytes_but_takes_one),
        TEST(what_a_sink_does_not_want_is_passed_over),
        TEST(a_large_entry_comes_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
