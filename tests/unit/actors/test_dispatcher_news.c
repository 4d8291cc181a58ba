#include "runtime/mem.h"
#include "runtime/sched.h"
#include "tests/unit/actors/dispatcher_fixture.h"
#include "tests/unit/cmocka.h"

enum { ROWS_MAX = 100 }; /* of the fixture's deliveries */

/* Candles after `cursor`, of 1m and 5m in turn. */
static struct msg news(int64_t cursor, size_t count)
{
    struct outbox_rows *rows = dispatcher_fixture_make_rows(count);
    for (size_t i = 0; i < count; i++) {
        rows->rows[i].sequence = cursor + 1 + (int64_t)i;
        rows->rows[i].kind = OUTBOX_candle;
        rows->rows[i].interval = i % 2 == 0 ? INTERVAL_1m : INTERVAL_5m;
    }
    rows->scanned_to = cursor + (int64_t)count;
    return (struct msg){
        .type = MSG_OUTBOX_GREW,
        .as_OUTBOX_GREW = {.last_sequence = rows->scanned_to,
                           .intervals = INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_5m),
                           .rows = rows},
    };
}

static void rows_that_come_along_are_delivered_unread(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_tell(f, news(10, 3));
    assert_int_equal(f->reader.count, 0);
    assert_int_equal(f->sink.count, 1);
    const struct outbox_rows *rows = f->sink.messages[0].as_SINK_DELIVER.delivery->rows;
    assert_int_equal(rows->count, 1); /* it wants 5m */
    assert_int_equal(rows->rows[0].sequence, 12);
    assert_int_equal(f->partition.count, 0);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(f->partition.messages[0].as_OUTBOX_ACKED.sequence, 13);
    assert_false(dispatcher_is_busy(f->dispatcher));
}

static void while_a_delivery_is_under_way_they_are_read_later(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_tell(f, news(10, 2));
    dispatcher_fixture_tell(f, news(12, 2));
    assert_int_equal(f->sink.count, 1);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(f->reader.count, 1);
    assert_int_equal(f->reader.messages[0].as_OUTBOX_READ.after, 12);
    dispatcher_fixture_tell_rows(f, 14);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    dispatcher_fixture_tell(f, news(14, 2)); /* caught up again */
    assert_int_equal(f->reader.count, 1);
    assert_int_equal(f->sink.count, 3);
}

static void more_than_a_delivery_holds_are_read(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_tell(f, news(10, ROWS_MAX + 1));
    assert_int_equal(f->sink.count, 0);
    assert_int_equal(f->reader.messages[0].as_OUTBOX_READ.after, 10);
}

static void stopped_it_lets_them_lie(void **state)
{
    struct fixture *f = *state;
    dispatcher_stop(f->dispatcher);
    dispatcher_fixture_tell(f, news(10, 2));
    assert_int_equal(f->sink.count, 0);
    assert_int_equal(f->reader.count, 0);
    assert_int_equal(f->partition.count, 0);
}

static void destroyed_before_it_has_read_them_it_frees_them(void **state)
{
    struct fixture *f = *state;
    struct msg msg = news(10, 2);
    actor_send(dispatcher_actor(f->dispatcher), &msg); /* the leak check is the judge */
    assert_int_equal(f->sink.count, 0);
}

static void a_refill_takes_its_turn_after_them(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_tell(f, news(10, 2));
    dispatcher_fixture_tell(f,
                            (struct msg){.type = MSG_SINK_FORGOT, .as_SINK_FORGOT = {.loss = 1}});
    dispatcher_fixture_tell(f, news(12, 2));
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->type, MSG_REFILL_READ);
}

#define TEST(name, with)                                                                           \
    cmocka_unit_test_setup_teardown(name, dispatcher_fixture_##with, dispatcher_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_that_come_along_are_delivered_unread, setup),
        TEST(while_a_delivery_is_under_way_they_are_read_later, setup),
        TEST(more_than_a_delivery_holds_are_read, setup),
        TEST(stopped_it_lets_them_lie, setup),
        TEST(destroyed_before_it_has_read_them_it_frees_them, setup),
        TEST(a_refill_takes_its_turn_after_them, setup_attached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
