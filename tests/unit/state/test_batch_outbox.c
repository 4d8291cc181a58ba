#include "state/batch_outbox.h"

#include "runtime/rand.h"
#include "state/store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

enum { MANY = 1000, MUCH = 1 << 20 };

static void put(struct fixture *f, enum outbox_kind kind, enum interval interval, size_t size)
{
    unsigned char payload[64];
    for (size_t i = 0; i < size; i++) {
        payload[i] = (unsigned char)(f->meta.outbox_next + (int64_t)i);
    }
    fixture_put_row(f, kind, interval, (struct slice){payload, size});
}

static void put_some(struct fixture *f, struct rand *rand)
{
    for (uint64_t n = 1 + rand_below(rand, 20); n > 0; n--) {
        bool is_candle = rand_chance(rand, 80);
        put(f, is_candle ? OUTBOX_candle : OUTBOX_dead_letter,
            (enum interval)rand_below(rand, INTERVAL_COUNT), rand_below(rand, 64));
    }
    fixture_put(f, "another", "table");
}

static void assert_same(const struct outbox_rows *rows, const struct outbox_rows *read)
{
    assert_int_equal(rows->count, read->count);
    assert_int_equal(rows->scanned_to, read->scanned_to);
    for (size_t i = 0; i < rows->count; i++) {
        assert_int_equal(rows->rows[i].sequence, read->rows[i].sequence);
        assert_int_equal(rows->rows[i].kind, read->rows[i].kind);
        assert_int_equal(rows->rows[i].interval, read->rows[i].interval);
        assert_true(slice_equals(rows->rows[i].payload, read->rows[i].payload));
    }
}

static void it_is_what_the_store_tells_when_it_is_committed(void **state)
{
    struct fixture *f = *state;
    struct rand rand = {1};
    for (int round = 0; round < 50; round++) {
        const struct outbox_filter filter = {.wants_dead_letters = rand_chance(&rand, 50),
                                             .intervals = (interval_set)rand_below(&rand, 0x1000)};
        const int64_t after = f->meta.outbox_next - 1;
        struct outbox_rows *read = NULL;
        put_some(f, &rand);
        struct outbox_rows *rows = batch_outbox_rows(f->batch, after, MANY, MUCH);
        assert_non_null(rows);
        outbox_rows_filter(rows, &filter);
        assert_int_equal(fixture_commit(f), STATUS_OK);
        assert_int_equal(store_read_outbox(f->store, after, &filter, MANY, MUCH, &read), STATUS_OK);
        assert_same(rows, read);
        outbox_rows_destroy(&rows);
        outbox_rows_destroy(&read);
    }
}

static void too_much_is_left_to_the_store(void **state)
{
    struct fixture *f = *state;
    const size_t value_size = 10 + 2;
    for (int i = 0; i < 3; i++) {
        put(f, OUTBOX_candle, INTERVAL_5m, 10);
    }
    const struct {
        size_t rows_max, bytes_max;
        bool is_told;
    } cases[] = {
        {3, 3 * value_size, true},
        {2, MUCH, false},
        {MANY, 3 * value_size - 1, false},
        {MANY, MUCH, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct outbox_rows *rows =
            batch_outbox_rows(f->batch, 0, cases[i].rows_max, cases[i].bytes_max);
        assert_int_equal(rows != NULL, cases[i].is_told);
        outbox_rows_destroy(&rows);
    }
}

static void a_batch_that_adds_nothing_has_nothing(void **state)
{
    struct fixture *f = *state;
    fixture_put(f, "another", "table");
    assert_null(batch_outbox_rows(f->batch, 0, MANY, MUCH));
    put(f, OUTBOX_candle, INTERVAL_5m, 10);
    assert_null(batch_outbox_rows(f->batch, 1, MANY, MUCH));
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, fixture_setup_outbox, fixture_teardown_outbox)
    const struct CMUnitTest tests[] = {
        TEST(it_is_what_the_store_tells_when_it_is_committed),
        TEST(too_much_is_left_to_the_store),
        TEST(a_batch_that_adds_nothing_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
