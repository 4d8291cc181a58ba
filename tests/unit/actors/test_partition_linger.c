/* How long a batch waits for more. */
#include "tests/unit/actors/partition_fixture.h"

static void tell_kline(struct fixture *f, int64_t offset, bool is_closed, bool is_drained)
{
    struct kline kline = one_kline();
    kline.open_ms = offset * MINUTE_MS;
    kline.event_ms = (offset + is_closed) * MINUTE_MS;
    kline.is_closed = is_closed;
    f->record.value.size = kline_print_json(&kline, f->json);
    f->record.timestamp_ms = kline.event_ms;
    f->record.offset = offset;
    struct msg msg = {.type = MSG_SOURCE_RECORDS,
                      .as_SOURCE_RECORDS = {&f->record, 1, is_drained, 1}};
    actor_send(partition_actor(f->partition), &msg);
    run(f);
}

static void advance(struct fixture *f, int64_t now_ms)
{
    sched_advance(f->sched, now_ms);
    run(f);
}

static struct fixture *open_fixture_that_lingers(int64_t linger_ms)
{
    struct fixture *f = open_fixture_by((struct partition_options){
        .rules = fixture_rules(), .floor_ms = META_NO_TIME, .linger_ms = linger_ms});
    run(f);
    return f;
}

static void assert_an_open_kline_waits(int64_t linger_ms, int64_t until_ms)
{
    struct fixture *f = open_fixture_that_lingers(linger_ms);
    tell_kline(f, 40, false, true);
    advance(f, until_ms - 1);
    assert_int_equal(f->writer.count, 0);
    advance(f, until_ms);
    assert_int_equal(f->writer.count, 1);
    assert_int_equal(checkpoint_in_the_air(f)->meta->next_offset, 41);
    close_fixture(f);
}

static void open_klines_alone_wait_for_a_fifth_of_a_second_or_a_longer_linger(void **state)
{
    (void)state;
    assert_an_open_kline_waits(0, 200);
    assert_an_open_kline_waits(5, 200);
    assert_an_open_kline_waits(4000, 4000);
}

static void a_closed_kline_takes_waiting_open_ones_along_at_once(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_that_lingers(100);
    tell_kline(f, 40, false, true);
    advance(f, 50);
    tell_kline(f, 41, true, true);
    assert_int_equal(f->writer.count, 1);
    assert_int_equal(checkpoint_in_the_air(f)->meta->next_offset, 42);
    close_fixture(f);
}

static void a_closed_kline_waits_for_linger_when_there_is_more_to_come(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_that_lingers(60);
    tell_kline(f, 40, false, true);
    advance(f, 10);
    tell_kline(f, 41, true, false);
    advance(f, 59);
    assert_int_equal(f->writer.count, 0);
    advance(f, 60);
    assert_int_equal(f->writer.count, 1);
    close_fixture(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_klines_alone_wait_for_a_fifth_of_a_second_or_a_longer_linger),
        cmocka_unit_test(a_closed_kline_takes_waiting_open_ones_along_at_once),
        cmocka_unit_test(a_closed_kline_waits_for_linger_when_there_is_more_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
