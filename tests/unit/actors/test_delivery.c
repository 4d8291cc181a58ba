#include "actors/delivery.h"

#include "tests/unit/cmocka.h"

#include <string.h>

struct fixture {
    struct delivery delivery;
    struct outbox_rows rows;
    struct outbox_row row[3];
    char payload[3][8];
};

static void init(struct fixture *f)
{
    static const char *const payloads[] = {"zero", "one", ""};
    memset(f, 0, sizeof(*f));
    for (int i = 0; i < 3; i++) {
        memcpy(f->payload[i], payloads[i], strlen(payloads[i]));
        f->row[i] = (struct outbox_row){
            .sequence = 10 + i,
            .kind = OUTBOX_candle,
            .payload = {f->payload[i], strlen(payloads[i])},
        };
    }
    f->rows = (struct outbox_rows){.rows = f->row, .count = 3};
    f->delivery = (struct delivery){.topic = "t", .rows = &f->rows};
}

static void what_is_rejected_outlives_the_rows(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    delivery_reject(&f.delivery, 1, "too large");
    delivery_reject(&f.delivery, 0, "not liked");
    memset(f.payload, 'x', sizeof(f.payload));
    memset(f.row, 0, sizeof(f.row));

    const struct rejections *rejections = f.delivery.rejections;
    assert_int_equal(rejections->count, 2);
    assert_int_equal(rejections->items[0].row.sequence, 11);
    assert_true(slice_equals(rejections->items[0].row.payload, slice_of_text("one")));
    assert_string_equal(rejections->items[0].error, "too large");
    assert_int_equal(rejections->items[1].row.sequence, 10);
    assert_true(slice_equals(rejections->items[1].row.payload, slice_of_text("zero")));
    delivery_destroy_rejections(&f.delivery.rejections);
    assert_null(f.delivery.rejections);
}

static void a_long_error_is_cut(void **state)
{
    (void)state;
    struct fixture f;
    char error[2 * REJECTION_ERROR_MAX];
    init(&f);
    memset(error, 'e', sizeof(error) - 1);
    error[sizeof(error) - 1] = '\0';
    delivery_reject(&f.delivery, 0, error);
    assert_int_equal(strlen(f.delivery.rejections->items[0].error), REJECTION_ERROR_MAX - 1);
    delivery_destroy_rejections(&f.delivery.rejections);
}

static void an_empty_payload_stays_empty(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    delivery_reject(&f.delivery, 2, "empty");
    assert_int_equal(f.delivery.rejections->items[0].row.payload.size, 0);
    delivery_destroy_rejections(&f.delivery.rejections);
}

static void no_rejections_are_nothing_to_destroy(void **state)
{
    (void)state;
    struct rejections *none = NULL;
    delivery_destroy_rejections(&none);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_rejected_outlives_the_rows),
        cmocka_unit_test(a_long_error_is_cut),
        cmocka_unit_test(an_empty_payload_stays_empty),
        cmocka_unit_test(no_rejections_are_nothing_to_destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
