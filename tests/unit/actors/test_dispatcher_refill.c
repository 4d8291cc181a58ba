#include "actors/dispatcher_internal.h"

#include "runtime/sched.h"
#include "tests/unit/actors/dispatcher_fixture.h"
#include "tests/unit/cmocka.h"

static void forget(struct fixture *f, int64_t loss)
{
    dispatcher_fixture_tell(f, (struct msg){.type = MSG_SINK_FORGOT, .as_SINK_FORGOT = {loss}});
}

/* Answers the REFILL_READ that was sent last. */
static void tell_page(struct fixture *f, size_t count, bool is_last)
{
    assert_int_equal(dispatcher_fixture_last(&f->reader)->type, MSG_REFILL_READ);
    struct refill_page *page = dispatcher_fixture_last(&f->reader)->as_REFILL_READ.page;
    assert_null(page->rows);
    page->rows = dispatcher_fixture_make_rows(count);
    page->is_last = is_last;
    page->after[0] = (unsigned char)(page->after[0] + 1);
    page->after_size = 1;
    dispatcher_fixture_tell(
        f, (struct msg){.type = MSG_REFILL_ROWS, .as_REFILL_ROWS = {STATUS_OK, page}});
}

static void advance(struct fixture *f, int64_t now_ms)
{
    sched_advance(f->sched, now_ms);
    dispatcher_fixture_run(f);
}

static void assert_refill_delivered(const struct fixture *f, size_t count)
{
    assert_int_equal(dispatcher_fixture_last(&f->sink)->type, MSG_SINK_DELIVER);
    assert_true(dispatcher_fixture_last(&f->sink)->as_SINK_DELIVER.delivery->is_refill);
    assert_int_equal(dispatcher_fixture_last(&f->sink)->as_SINK_DELIVER.delivery->rows->count,
                     count);
}

static void assert_refilled(const struct fixture *f, int64_t loss, int64_t count)
{
    assert_int_equal(dispatcher_fixture_last(&f->sink)->type, MSG_SINK_REFILLED);
    assert_int_equal(dispatcher_fixture_last(&f->sink)->as_SINK_REFILLED.loss, loss);
    assert_int_equal(dispatcher_fixture_last(&f->sink)->as_SINK_REFILLED.count, count);
}

static void it_attaches_before_it_delivers(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(f->sink.count, 1);
    assert_int_equal(f->sink.messages[0].type, MSG_SINK_ATTACH);
    assert_string_equal(f->sink.messages[0].as_SINK_ATTACH.topic, "t");
    assert_int_equal(f->sink.messages[0].as_SINK_ATTACH.acked_revision,
                     DISPATCHER_FIXTURE_REVISION);
    assert_int_equal(f->sink.messages[0].as_SINK_ATTACH.acked_count, DISPATCHER_FIXTURE_COUNT);
    assert_int_equal(f->sink.messages[0].as_SINK_ATTACH.life, DISPATCHER_FIXTURE_LIFE);
    assert_false(dispatcher_is_busy(f->dispatcher));
}

static void a_sink_that_forgot_is_given_page_after_page_and_told_the_end(void **state)
{
    struct fixture *f = *state;
    forget(f, 1);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->as_REFILL_READ.page->intervals,
                     INTERVAL_BIT(INTERVAL_5m));
    assert_int_equal(dispatcher_fixture_last(&f->reader)->as_REFILL_READ.page->ttl_ms,
                     DISPATCHER_FIXTURE_TTL_MS);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->as_REFILL_READ.page->after_size, 0);
    tell_page(f, 500, false);
    assert_refill_delivered(f, 500);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    advance(f, 1000);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->as_REFILL_READ.page->after_size, 1);
    tell_page(f, 20, true);
    assert_refill_delivered(f, 20);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    advance(f, 2000);
    assert_refilled(f, 1, 520);
    assert_int_equal(f->reader.count, 2);
    assert_int_equal(f->partition.count, 0); /* nothing of the outbox was acknowledged by it */
}

static void no_more_than_so_many_candles_a_second_are_given(void **state)
{
    struct fixture *f = *state;
    int64_t now_ms = 0;
    size_t pages = 0;
    forget(f, 1);
    for (; now_ms < 3000; now_ms++) {
        while (dispatcher_fixture_last(&f->reader)->type == MSG_REFILL_READ &&
               f->reader.count > pages) {
            pages = f->reader.count;
            tell_page(f, REFILL_PAGE_CANDLES, false);
            dispatcher_fixture_tell_delivered(f, STATUS_OK);
        }
        f->sink.count = 0;
        advance(f, now_ms);
    }
    size_t wanted = 3 * REFILL_CANDLES_PER_S / REFILL_PAGE_CANDLES;
    assert_in_range(pages, wanted - 1, wanted + 1);
}

static void a_page_that_holds_nothing_is_followed_at_once(void **state)
{
    struct fixture *f = *state;
    forget(f, 1);
    tell_page(f, 0, false);
    assert_int_equal(f->reader.count, 2);
    tell_page(f, 0, true);
    assert_refilled(f, 1, 0);
}

static void what_is_new_goes_between_the_pages(void **state)
{
    struct fixture *f = *state;
    forget(f, 1);
    dispatcher_fixture_grow(f, 12, INTERVAL_5m);
    tell_page(f, 500, false);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->type, MSG_OUTBOX_READ);
    dispatcher_fixture_tell_rows(f, 11);
    assert_false(dispatcher_fixture_last(&f->sink)->as_SINK_DELIVER.delivery->is_refill);
    advance(f, 1000); /* meanwhile the next page has become due */
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(dispatcher_fixture_last(&f->partition)->as_OUTBOX_ACKED.sequence, 11);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->type, MSG_REFILL_READ);
    tell_page(f, 500, false);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->type, MSG_OUTBOX_READ);
}

static void forgotten_while_a_delivery_is_out_it_refills_after_it(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_grow(f, 12, INTERVAL_5m);
    dispatcher_fixture_tell_rows(f, 12);
    forget(f, 1);
    assert_int_equal(f->reader.count, 1);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(dispatcher_fixture_last(&f->partition)->as_OUTBOX_ACKED.sequence, 12);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->type, MSG_REFILL_READ);
}

static void forgotten_while_backing_off_it_still_owes_the_delivery(void **state)
{
    struct fixture *f = *state;
    dispatcher_fixture_grow(f, 12, INTERVAL_5m);
    dispatcher_fixture_tell_rows(f, 12);
    dispatcher_fixture_tell_delivered(f, STATUS_UNAVAILABLE);
    forget(f, 1);
    assert_int_equal(f->reader.count, 1);
    advance(f, 60000);
    assert_false(dispatcher_fixture_last(&f->sink)->as_SINK_DELIVER.delivery->is_refill);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(dispatcher_fixture_last(&f->partition)->as_OUTBOX_ACKED.sequence, 12);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->type, MSG_REFILL_READ);
}

static void a_second_loss_begins_the_refill_anew(void **state)
{
    struct fixture *f = *state;
    forget(f, 1);
    tell_page(f, 500, false);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    advance(f, 1000);
    forget(f, 2); /* while the second page is being read */
    tell_page(f, 500, true);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->type, MSG_REFILL_READ);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->as_REFILL_READ.page->after_size, 0);
    tell_page(f, 500, false);
    forget(f, 3); /* while the first page is delivered */
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(dispatcher_fixture_last(&f->reader)->as_REFILL_READ.page->after_size, 0);
    tell_page(f, 500, true);
    dispatcher_fixture_tell_delivered(f, STATUS_UNAVAILABLE);
    forget(f, 4); /* while it backs off */
    assert_int_equal(dispatcher_fixture_last(&f->reader)->as_REFILL_READ.page->after_size, 0);
    tell_page(f, 7, true);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    advance(f, 2000);
    assert_refilled(f, 4, 7);
}

static void a_page_that_failed_is_repeated(void **state)
{
    struct fixture *f = *state;
    forget(f, 1);
    tell_page(f, 5, true);
    dispatcher_fixture_tell_delivered(f, STATUS_UNAVAILABLE);
    advance(f, 60000);
    assert_refill_delivered(f, 5);
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    advance(f, 70000);
    assert_refilled(f, 1, 5);
}

static void what_a_refill_rejects_is_no_news(void **state)
{
    struct fixture *f = *state;
    forget(f, 1);
    tell_page(f, 5, true);
    delivery_reject(dispatcher_fixture_last(&f->sink)->as_SINK_DELIVER.delivery, 2, "never");
    dispatcher_fixture_tell_delivered(f, STATUS_OK);
    assert_int_equal(f->partition.count, 0);
}

static void stopped_it_is_busy_until_the_sink_knows_it_no_more(void **state)
{
    struct fixture *f = *state;
    dispatcher_stop(f->dispatcher);
    dispatcher_fixture_run(f);
    assert_int_equal(dispatcher_fixture_last(&f->sink)->type, MSG_SINK_DETACH);
    assert_true(dispatcher_is_busy(f->dispatcher));
    forget(f, 1); /* was on its way */
    assert_int_equal(f->reader.count, 0);
    dispatcher_fixture_tell(f, (struct msg){.type = MSG_SINK_DETACHED});
    assert_false(dispatcher_is_busy(f->dispatcher));
}

static void stopped_in_the_middle_of_a_refill_it_takes_the_page_back(void **state)
{
    struct fixture *f = *state;
    forget(f, 1);
    tell_page(f, 500, true);
    dispatcher_stop(f->dispatcher);
    dispatcher_fixture_run(f);
    assert_int_equal(f->sink.messages[f->sink.count - 2].type, MSG_SINK_CANCEL);
    dispatcher_fixture_tell(f, (struct msg){.type = MSG_SINK_DETACHED});
    assert_true(dispatcher_is_busy(f->dispatcher));
    f->sink.count -= 2;
    dispatcher_fixture_tell_delivered(f, STATUS_UNAVAILABLE);
    assert_false(dispatcher_is_busy(f->dispatcher));
    advance(f, 60000);
    assert_int_equal(f->reader.count, 1);
}

static void stopped_while_a_page_is_read_it_waits_for_that_only(void **state)
{
    struct fixture *f = *state;
    forget(f, 1);
    dispatcher_stop(f->dispatcher);
    dispatcher_fixture_run(f);
    dispatcher_fixture_tell(f, (struct msg){.type = MSG_SINK_DETACHED});
    assert_true(dispatcher_is_busy(f->dispatcher));
    tell_page(f, 500, true);
    assert_false(dispatcher_is_busy(f->dispatcher));
    assert_int_equal(dispatcher_fixture_last(&f->sink)->type, MSG_SINK_DETACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_attaches_before_it_delivers,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(
            a_sink_that_forgot_is_given_page_after_page_and_told_the_end,
            dispatcher_fixture_setup_attached, dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(no_more_than_so_many_candles_a_second_are_given,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_page_that_holds_nothing_is_followed_at_once,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_new_goes_between_the_pages,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(forgotten_while_a_delivery_is_out_it_refills_after_it,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(forgotten_while_backing_off_it_still_owes_the_delivery,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_second_loss_begins_the_refill_anew,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_page_that_failed_is_repeated,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(what_a_refill_rejects_is_no_news,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(stopped_it_is_busy_until_the_sink_knows_it_no_more,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(stopped_in_the_middle_of_a_refill_it_takes_the_page_back,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
        cmocka_unit_test_setup_teardown(stopped_while_a_page_is_read_it_waits_for_that_only,
                                        dispatcher_fixture_setup_attached,
                                        dispatcher_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
