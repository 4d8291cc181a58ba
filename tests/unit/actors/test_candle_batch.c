#include "actors/candle_batch.h"

#include "actors/delivery.h"
#include "tests/unit/cmocka.h"

#include <string.h>

enum { ROWS_MAX = 8 };

/* A delivery on the stack of a test. */
struct fixture {
    struct delivery delivery;
    struct outbox_rows rows;
    struct outbox_row row[ROWS_MAX];
    unsigned char bytes[ROWS_MAX][CANDLE_ENCODED_MAX];
};

static void init(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->rows.rows = f->row;
    f->delivery = (struct delivery){.topic = "t", .rows = &f->rows};
}

static void add(struct fixture *f, const char *symbol, enum interval interval, int64_t open_ms,
                int64_t revision)
{
    struct candle candle = {.interval = interval, .open_ms = open_ms, .revision = revision};
    size_t i = f->rows.count++;
    memcpy(candle.symbol, symbol, strlen(symbol));
    f->row[i] = (struct outbox_row){
        .kind = OUTBOX_candle,
        .interval = interval,
        .payload = {f->bytes[i], candle_encode(&candle, f->bytes[i])},
    };
}

static void of_several_revisions_the_highest_is_kept(void **state)
{
    (void)state;
    struct fixture one;
    struct fixture other;
    struct candle_batch batch;

    init(&one);
    init(&other);
    add(&one, "A", INTERVAL_1m, 0, 5);
    add(&one, "A", INTERVAL_1m, 0, 7);
    add(&one, "A", INTERVAL_1m, 0, 6);
    add(&other, "A", INTERVAL_1m, 0, 7);
    add(&other, "B", INTERVAL_1m, 0, 1);
    candle_batch_init(&batch, "test");
    candle_batch_add(&batch, &one.delivery);
    candle_batch_add(&batch, &other.delivery);
    candle_batch_settle(&batch);
    assert_int_equal(batch.count, 2);
    assert_int_equal(batch.rows[0].candle.revision, 7);
    assert_string_equal(batch.rows[1].candle.symbol, "B");
    assert_int_equal(one.delivery.superseded_count + other.delivery.superseded_count, 3);
    candle_batch_deinit(&batch);
}

static void the_order_is_interval_symbol_time(void **state)
{
    (void)state;
    struct fixture f;
    struct candle_batch batch;

    init(&f);
    add(&f, "B", INTERVAL_5m, 0, 1);
    add(&f, "A", INTERVAL_5m, 300000, 1);
    add(&f, "A", INTERVAL_5m, -300000, 1);
    add(&f, "B", INTERVAL_1m, 0, 1);
    candle_batch_init(&batch, "test");
    candle_batch_add(&batch, &f.delivery);
    candle_batch_settle(&batch);
    assert_int_equal(batch.count, 4);
    static const size_t order[] = {3, 2, 1, 0};
    for (size_t i = 0; i < batch.count; i++) {
        assert_int_equal(batch.rows[i].row, order[i]);
        assert_ptr_equal(batch.rows[i].delivery, &f.delivery);
    }
    assert_int_equal(f.delivery.stale_count, 0);
    candle_batch_clear(&batch);
    candle_batch_settle(&batch);
    assert_int_equal(batch.count, 0);
    candle_batch_deinit(&batch);
}

static void what_is_no_candle_is_rejected(void **state)
{
    (void)state;
    struct fixture f;
    struct candle_batch batch;

    init(&f);
    add(&f, "A", INTERVAL_1m, 0, 1);
    add(&f, "A", INTERVAL_1m, 60000, 1);
    add(&f, "A", INTERVAL_1m, 120000, 1);
    f.row[0].kind = OUTBOX_dead_letter;
    f.row[1].payload.size--;
    candle_batch_init(&batch, "test");
    candle_batch_add(&batch, &f.delivery);
    candle_batch_settle(&batch);
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.rows[0].row, 2);
    assert_int_equal(f.delivery.rejections->count, 2);
    delivery_destroy_rejections(&f.delivery.rejections);
    candle_batch_deinit(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_several_revisions_the_highest_is_kept),
        cmocka_unit_test(the_order_is_interval_symbol_time),
        cmocka_unit_test(what_is_no_candle_is_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
