#include "actors/dispatcher.h"

#include "runtime/sched.h"
#include "tests/unit/actors/dispatcher_fixture.h"
#include "tests/unit/cmocka.h"

static void at_the_end_of_the_outbox_it_asks_for_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(f->reader.count, 0);
}

static void news_that_the_sink_does_not_want_are_acknowledged_unread(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_grow(f, 12, INTERVAL_1m);
    assert_int_equal(f->reader.count, 0);
    assert_int_equal(f->partition.count, 1);
    assert_int_equal(f->partition.messages[0].as_OUTBOX_ACKED.sequence, 12);
}

static void what_was_read_is_delivered_and_then_acknowledged(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_grow(f, 12, INTERVAL_5m);
    assert_int_equal(f->reader.count, 1);
    assert_int_equal(f->reader.messages[0].as_OUTBOX_READ.after, 10);
    dispatcher_fixture_tell_rows(f, 12);
    assert_int_equal(f->sink.count, 1);
    assert_int_equal(f->partition.count, 0);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(f->partition.count, 1);
    assert_int_equal(f->partition.messages[0].as_OUTBOX_ACKED.sequence, 12);
    assert_false(dispatcher_is_busy(f->dispatcher));
}

static void a_delivery_that_failed_is_repeated_after_a_while_and_not_acknowledged(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_grow(f, 12, INTERVAL_5m);
    dispatcher_fixture_tell_rows(f, 12);
    dispatcher_fixture_tell_delivered(f, STATUS_UNAVAILABLE);
    assert_int_equal(f->sink.count, 1);
    assert_int_equal(f->partition.count, 0);
    sched_advance(f->sched, 60000);
    dispatcher_fixture_run(f);
    assert_int_equal(f->sink.count, 2);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(f->partition.messages[0].as_OUTBOX_ACKED.sequence, 12);
}

static void stopped_it_takes_its_delivery_back(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_grow(f, 12, INTERVAL_5m);
    dispatcher_fixture_tell_rows(f, 12);
    dispatcher_stop(f->dispatcher);
    dispatcher_fixture_run(f);
    assert_int_equal(f->sink.messages[1].type, MSG_SINK_CANCEL);
    assert_true(dispatcher_is_busy(f->dispatcher));
    f->sink.count = 1;
    dispatcher_fixture_tell_delivered(f, STATUS_UNAVAILABLE);
    assert_false(dispatcher_is_busy(f->dispatcher));
    assert_int_equal(f->partition.count, 0);
}

static void the_highest_revision_goes_with_the_acknowledgement(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_grow(f, 12, INTERVAL_5m);
    dispatcher_fixture_tell_rows(f, 12);
    dispatcher_fixture_last(&f->sink)->as_SINK_DELIVER.delivery->revision = 4711;
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(dispatcher_fixture_last(&f->partition)->as_OUTBOX_ACKED.revision, 4711);
    dispatcher_fixture_grow(f, 13, INTERVAL_1m);
    assert_int_equal(dispatcher_fixture_last(&f->partition)->as_OUTBOX_ACKED.sequence, 13);
    assert_int_equal(dispatcher_fixture_last(&f->partition)->as_OUTBOX_ACKED.revision, -1);
}

static void how_far_a_sink_has_acknowledged_goes_with_the_acknowledgement(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_grow(f, 12, INTERVAL_5m);
    dispatcher_fixture_tell_rows(f, 12);
    struct delivery *delivery = dispatcher_fixture_last(&f->sink)->as_SINK_DELIVER.delivery;
    assert_int_equal(delivery->acked.revision, -1);
    delivery->revision = 4711; /* told late: the mark stands further */
    delivery->acked = (struct acked){4712, 5, 8};
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(dispatcher_fixture_last(&f->partition)->as_OUTBOX_ACKED.revision, 4712);
    assert_int_equal(dispatcher_fixture_last(&f->partition)->as_OUTBOX_ACKED.count, 5);
    assert_int_equal(dispatcher_fixture_last(&f->partition)->as_OUTBOX_ACKED.life, 8);
    dispatcher_fixture_grow(f, 13, INTERVAL_5m);
    dispatcher_fixture_tell_rows(f, 13);
    delivery = dispatcher_fixture_last(&f->sink)->as_SINK_DELIVER.delivery;
    assert_int_equal(delivery->acked.revision, -1); /* that of the one before is not kept */
    assert_int_equal(delivery->acked.count, 0);
}

static void a_sink_that_never_forgets_is_not_attached_to(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(f->sink.count, 0);
    dispatcher_stop(f->dispatcher);
    dispatcher_fixture_run(f);
    assert_int_equal(f->sink.count, 0);
    assert_false(dispatcher_is_busy(f->dispatcher));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(at_the_end_of_the_outbox_it_asks_for_nothing,
                                        dispatcher_fixture_setup, dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(news_that_the_sink_does_not_want_are_acknowledged_unread,
                                        dispatcher_fixture_setup, dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(what_was_read_is_delivered_and_then_acknowledged,
                                        dispatcher_fixture_setup, dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(
            a_delivery_that_failed_is_repeated_after_a_while_and_not_acknowledged,
            dispatcher_fixture_setup, dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(stopped_it_takes_its_delivery_back,
                                        dispatcher_fixture_setup, dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(the_highest_revision_goes_with_the_acknowledgement,
                                        dispatcher_fixture_setup, dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(
            how_far_a_sink_has_acknowledged_goes_with_the_acknowledgement, dispatcher_fixture_setup,
            dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_sink_that_never_forgets_is_not_attached_to,
                                        dispatcher_fixture_setup, dispatcher_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
