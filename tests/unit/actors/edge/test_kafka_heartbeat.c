#include "actors/edge/kafka_source_internal.h"
#include "tests/unit/cmocka.h"

/* Statistics every 250 us, of which those at 1000 were looked at. */
static bool is_heard(int64_t sent_us, int64_t answered_us)
{
    struct kafka_heartbeat heartbeat = {
        .sent_us = sent_us, .answered_us = answered_us, .taken_us = 1000};
    return kafka_heartbeat_is_heard(&heartbeat, 1250);
}

static void an_answer_is_heard_when_statistics_have_come_since(void **state)
{
    (void)state;
    assert_true(is_heard(0, 0));
    assert_true(is_heard(800, 900));
}

static void an_answer_between_two_statistics_may_not_have_been_heard(void **state)
{
    (void)state;
    assert_false(is_heard(900, 1000));
    assert_false(is_heard(900, 1249));
    assert_false(is_heard(900, 1260));
}

static void one_that_is_under_way_may_be_answered_by_now(void **state)
{
    (void)state;
    assert_false(is_heard(901, 900));
    assert_false(is_heard(1255, 900));
}

static void the_next_statistics_settle_it(void **state)
{
    (void)state;
    struct kafka_heartbeat heartbeat = {.sent_us = 1100, .answered_us = 1200, .taken_us = 1000};
    assert_false(kafka_heartbeat_is_heard(&heartbeat, 1250));
    assert_true(kafka_heartbeat_is_heard(&heartbeat, 1500));
}

static void doubt_does_not_last_for_ever(void **state)
{
    (void)state;
    struct kafka_heartbeat heartbeat = {.sent_us = 10, .taken_us = 1000, .heard_us = 1000};
    assert_false(kafka_heartbeat_is_heard(&heartbeat, 2000000));
    assert_true(kafka_heartbeat_is_heard(&heartbeat, 3001001));
    assert_false(kafka_heartbeat_is_heard(&heartbeat, 3051001));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_heard_when_statistics_have_come_since),
        cmocka_unit_test(an_answer_between_two_statistics_may_not_have_been_heard),
        cmocka_unit_test(one_that_is_under_way_may_be_answered_by_now),
        cmocka_unit_test(the_next_statistics_settle_it),
        cmocka_unit_test(doubt_does_not_last_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
