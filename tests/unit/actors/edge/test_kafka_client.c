#include "actors/edge/kafka_client.h"

#include "tests/unit/cmocka.h"

static void assert_property(const struct kafka_property *ours, const struct kafka_property *users,
                            const char *name, const char *wanted)
{
    char value[32];
    size_t size = sizeof(value);
    rd_kafka_conf_t *conf;
    assert_int_equal(kafka_client_conf("b:1", ours, users, &conf), STATUS_OK);
    assert_int_equal(rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK);
    assert_string_equal(value, wanted);
    rd_kafka_conf_destroy(conf);
}

static const struct kafka_property none[] = {{NULL, NULL}};

static void a_small_request_waits_for_no_other_one(void **state)
{
    (void)state;
    assert_property(none, NULL, "socket.nagle.disable", "true");
}

static void what_the_user_says_comes_last(void **state)
{
    (void)state;
    const struct kafka_property ours[] = {{"linger.ms", "5"}, {NULL, NULL}};
    const struct kafka_property users[] = {
        {"linger.ms", "7"}, {"socket.nagle.disable", "false"}, {NULL, NULL}};
    assert_property(ours, NULL, "linger.ms", "5");
    assert_property(ours, users, "linger.ms", "7");
    assert_property(ours, users, "socket.nagle.disable", "false");
}

static void a_property_that_a_promise_rests_on_is_refused(void **state)
{
    (void)state;
    const struct kafka_property users[] = {{"enable.auto.commit", "true"}, {NULL, NULL}};
    rd_kafka_conf_t *conf;
    assert_int_equal(kafka_client_conf("b:1", none, users, &conf), STATUS_BAD_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_request_waits_for_no_other_one),
        cmocka_unit_test(what_the_user_says_comes_last),
        cmocka_unit_test(a_property_that_a_promise_rests_on_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
