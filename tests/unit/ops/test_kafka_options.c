#include "ops/kafka_options.h"

#include "actors/edge/kafka_property.h"
#include "ops/config_load.h"
#include "tests/unit/cmocka.h"

#include <string.h>

static void init(struct config *config, const char *assignment)
{
    struct config_problems problems = {{0}, 0};
    config_init(config);
    config_load_set(config, assignment, "--set", &problems);
    assert_int_equal(problems.count, 0);
    text_deinit(&problems.text);
}

static void properties_are_handed_on_as_they_are(void **state)
{
    (void)state;
    struct config config;
    init(&config, "kafka.properties={security.protocol: ssl, fetch.min.bytes: \"7\"}");
    struct kafka_property *properties = kafka_options_properties(&config);
    assert_string_equal(properties[0].name, "security.protocol");
    assert_string_equal(properties[0].value, "ssl");
    assert_string_equal(properties[1].name, "fetch.min.bytes");
    assert_string_equal(properties[1].value, "7");
    assert_null(properties[2].name);
    kafka_options_free(properties);
    config_deinit(&config);
}

static void no_properties_are_an_empty_list(void **state)
{
    (void)state;
    struct config config;
    config_init(&config);
    struct kafka_property *properties = kafka_options_properties(&config);
    assert_null(properties[0].name);
    kafka_options_free(properties);
    config_deinit(&config);
}

static void dead_letters_go_beside_the_topic(void **state)
{
    (void)state;
    struct config config;
    char topic[KAFKA_OPTIONS_TOPIC_MAX];
    init(&config, "kafka.topic=klines");
    kafka_options_dlq_topic(&config, topic);
    assert_string_equal(topic, "klines.dlq");
    config_deinit(&config);
}

static void dead_letters_go_where_they_are_told(void **state)
{
    (void)state;
    struct config config;
    char topic[KAFKA_OPTIONS_TOPIC_MAX];
    init(&config, "kafka.dlq_topic=letters");
    kafka_options_dlq_topic(&config, topic);
    assert_string_equal(topic, "letters");
    config_deinit(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_are_handed_on_as_they_are),
        cmocka_unit_test(no_properties_are_an_empty_list),
        cmocka_unit_test(dead_letters_go_beside_the_topic),
        cmocka_unit_test(dead_letters_go_where_they_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
