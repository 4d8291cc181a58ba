#include "actors/edge/kafka_source_internal.h"
#include "tests/unit/cmocka.h"

#include <stdlib.h>

static void few_partitions_are_read_further_ahead(void **state)
{
    (void)state;
    assert_int_equal(kafka_source_ahead_kib(1), KAFKA_AHEAD_KIB_MAX);
    assert_int_equal(kafka_source_ahead_kib(5), KAFKA_AHEAD_KIB / 5);
    assert_int_equal(kafka_source_ahead_kib(50), KAFKA_AHEAD_KIB_MIN);
    for (int32_t partitions = 1; partitions <= KAFKA_AHEAD_KIB / KAFKA_AHEAD_KIB_MIN;
         partitions++) {
        assert_true(partitions * kafka_source_ahead_kib(partitions) <= KAFKA_AHEAD_KIB);
    }
}

static int number_of(const rd_kafka_conf_t *conf, const char *name)
{
    char text[32];
    size_t size = sizeof(text);
    assert_int_equal(rd_kafka_conf_get(conf, name, text, &size), RD_KAFKA_CONF_OK);
    return atoi(text);
}

static void several_fetches_fit_into_what_is_read_ahead(void **state)
{
    (void)state;
    const struct kafka_source_options options = {.brokers = "b:1", .topic = "t", .group = "g"};
    rd_kafka_conf_t *conf;
    assert_int_equal(kafka_source_conf_fetch(&options, KAFKA_AHEAD_KIB_MIN, &conf), STATUS_OK);
    assert_int_equal(number_of(conf, "queued.max.messages.kbytes"), KAFKA_AHEAD_KIB_MIN);
    assert_int_equal(number_of(conf, "fetch.message.max.bytes"), KAFKA_AHEAD_KIB_MIN * 1024 / 8);
    rd_kafka_conf_destroy(conf);
}

static void what_the_user_says_of_it_holds(void **state)
{
    (void)state;
    const struct kafka_property properties[] = {{"queued.max.messages.kbytes", "100"},
                                                {NULL, NULL}};
    const struct kafka_source_options options = {
        .brokers = "b:1", .topic = "t", .group = "g", .properties = properties};
    rd_kafka_conf_t *conf;
    assert_int_equal(kafka_source_conf_fetch(&options, KAFKA_AHEAD_KIB_MIN, &conf), STATUS_OK);
    assert_int_equal(number_of(conf, "queued.max.messages.kbytes"), 100);
    rd_kafka_conf_destroy(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_partitions_are_read_further_ahead),
        cmocka_unit_test(several_fetches_fit_into_what_is_read_ahead),
        cmocka_unit_test(what_the_user_says_of_it_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
