#include "actors/dispatcher.h"

#include "actors/messages.h"
#include "runtime/mem.h"
#include "runtime/sched.h"
#include "tests/unit/actors/probe.h"
#include "tests/unit/cmocka.h"

struct fixture {
    struct sched *sched;
    struct probe partition;
    struct probe reader;
    struct probe sink;
    struct dispatcher *dispatcher;
};

static void run(struct fixture *f)
{
    while (sched_step(f->sched)) {
    }
}

static int setup(void **state)
{
    struct fixture *f = mem_new(1, sizeof(*f));
    f->sched = sched_create(&(struct sched_options){.msg_size = sizeof(struct msg)});
    probe_init(&f->partition, f->sched);
    probe_init(&f->reader, f->sched);
    probe_init(&f->sink, f->sched);
    f->dispatcher = dispatcher_create(&(struct dispatcher_options){
        .sched = f->sched,
        .sink = SINK_redis,
        .filter = {.intervals = INTERVAL_BIT(INTERVAL_5m)},
        .partition = &f->partition.actor,
        .store_reader = &f->reader.actor,
        .sink_edge = &f->sink.actor,
        .topic = "t",
        .cursor = 10,
        .last_sequence = 10,
        .rows_max = 100,
        .seed = 1,
    });
    dispatcher_start(f->dispatcher);
    run(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dispatcher_destroy(&f->dispatcher);
    probe_deinit(&f->partition);
    probe_deinit(&f->reader);
    probe_deinit(&f->sink);
    sched_destroy(&f->sched);
    mem_free(f);
    return 0;
}

static void tell(struct fixture *f, struct msg msg)
{
    actor_send(dispatcher_actor(f->dispatcher), &msg);
    run(f);
}

static void tell_grew(struct fixture *f, int64_t last_sequence, enum interval interval)
{
    tell(f, (struct msg){.type = MSG_OUTBOX_GREW,
                         .as_OUTBOX_GREW = {.last_sequence = last_sequence,
                                            .intervals = INTERVAL_BIT(interval)}});
}

static void tell_rows(struct fixture *f, int64_t scanned_to)
{
    struct outbox_rows *rows = mem_new(1, sizeof(*rows));
    rows->rows = mem_new(1, sizeof(*rows->rows));
    rows->bytes = mem_new(1, 1);
    rows->count = 1;
    rows->scanned_to = scanned_to;
    tell(f, (struct msg){.type = MSG_OUTBOX_ROWS, .as_OUTBOX_ROWS = {STATUS_OK, rows}});
}

static void tell_delivered(struct fixture *f, enum status status)
{
    struct delivery *delivery = f->sink.messages[f->sink.count - 1].as_SINK_DELIVER.delivery;
    tell(f, (struct msg){.type = MSG_SINK_DELIVERED, .as_SINK_DELIVERED = {status, delivery}});
}

static void at_the_end_of_the_outbox_it_asks_for_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(f->reader.count, 0);
}

static void news_that_the_sink_does_not_want_are_acknowledged_unread(void **state)
{
    struct fixture *f = *state;
    tell_grew(f, 12, INTERVAL_1m);
    assert_int_equal(f->reader.count, 0);
    assert_int_equal(f->partition.count, 1);
    assert_int_equal(f->partition.messages[0].as_OUTBOX_ACKED.sequence, 12);
}

static void what_was_read_is_delivered_and_then_acknowledged(void **state)
{
    struct fixture *f = *state;
    tell_grew(f, 12, INTERVAL_5m);
    assert_int_equal(f->reader.count, 1);
    assert_int_equal(f->reader.messages[0].as_OUTBOX_READ.after, 10);
    tell_rows(f, 12);
    assert_int_equal(f->sink.count, 1);
    assert_int_equal(f->partition.count, 0);
    tell_delivered(f, STATUS_OK);
    assert_int_equal(f->partition.count, 1);
    assert_int_equal(f->partition.messages[0].as_OUTBOX_ACKED.sequence, 12);
    assert_false(dispatcher_is_busy(f->dispatcher));
}

static void a_delivery_that_failed_is_repeated_after_a_while_and_not_acknowledged(void **state)
{
    struct fixture *f = *state;
    tell_grew(f, 12, INTERVAL_5m);
    tell_rows(f, 12);
    tell_delivered(f, STATUS_UNAVAILABLE);
    assert_int_equal(f->sink.count, 1);
    assert_int_equal(f->partition.count, 0);
    sched_advance(f->sched, 60000);
    run(f);
    assert_int_equal(f->sink.count, 2);
    tell_delivered(f, STATUS_OK);
    assert_int_equal(f->partition.messages[0].as_OUTBOX_ACKED.sequence, 12);
}

static void stopped_it_takes_its_delivery_back(void **state)
{
    struct fixture *f = *state;
    tell_grew(f, 12, INTERVAL_5m);
    tell_rows(f, 12);
    dispatcher_stop(f->dispatcher);
    run(f);
    assert_int_equal(f->sink.messages[1].type, MSG_SINK_CANCEL);
    assert_true(dispatcher_is_busy(f->dispatcher));
    f->sink.count = 1;
    tell_delivered(f, STATUS_UNAVAILABLE);
    assert_false(dispatcher_is_busy(f->dispatcher));
    assert_int_equal(f->partition.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(at_the_end_of_the_outbox_it_asks_for_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(news_that_the_sink_does_not_want_are_acknowledged_unread,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_read_is_delivered_and_then_acknowledged, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_delivery_that_failed_is_repeated_after_a_while_and_not_acknowledged, setup, teardown),
        cmocka_unit_test_setup_teardown(stopped_it_takes_its_delivery_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
