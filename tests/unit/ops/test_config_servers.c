#include "ops/config_servers.h"

#include "ops/config_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The YAML text is "x.yaml"; NULL: it is valid. Else the problem is one line that begins so. */
static void expect(const char *yaml, const char *problem)
{
    struct config config;
    struct config_problems problems = {{0}, 0};
    config_init(&config);
    config_load_yaml(&config, "x.yaml", slice_of_text(yaml), &problems);
    assert_string_equal(text_get(&problems.text), "");
    config_check(&config, &problems);
    if (problem == NULL) {
        assert_string_equal(text_get(&problems.text), "");
    } else {
        assert_int_equal(problems.count, 1);
        assert_memory_equal(text_get(&problems.text), problem, strlen(problem));
    }
    text_deinit(&problems.text);
    config_deinit(&config);
}

static void an_address_of_redis_is_read_to_its_end(void **state)
{
    (void)state;
    expect("redis:\n  url: redis://h:99999/0\n",
           "x.yaml:2: redis.url: not a Redis url: the port is not a number from 1 to 65535\n");
    expect("redis: {url: \"redis://\"}\n",
           "x.yaml:1: redis.url: not a Redis url: the host is missing or too long\n");
    expect("redis: {url: redis://h/abc}\n", "x.yaml:1: redis.url: not a Redis url: ");
    expect("redis: {url: unix:///run/r.sock, sentinels: [\"a:1\"]}\n",
           "x.yaml:1: redis.url: names a socket; ");
    expect("redis: {url: redis://u:p@h:6380/3, sentinels: [\"a:1\"]}\n", NULL);
}

static void an_address_of_mongo_must_ask_for_an_answer(void **state)
{
    (void)state;
    expect("mongo:\n  uri: mongodb://h/?w=0\n",
           "x.yaml:2: mongo.uri: w=0 in the uri: a write must be acknowledged\n");
    expect("mongo: {uri: \"mongodb://\"}\n", "x.yaml:1: mongo.uri: ");
    expect("mongo: {uri: \"mongodb://h:abc/\"}\n", "x.yaml:1: mongo.uri: ");
    expect("mongo: {uri: \"mongodb://h:27017/?w=1\"}\n", NULL);
}

static void a_property_is_one_of_librdkafkas_and_not_one_of_ours(void **state)
{
    (void)state;
    expect("kafka:\n  properties:\n    security.protocl: ssl\n    fetch.min.bytes: 1\n",
           "x.yaml:3: kafka.properties.security.protocl: No such configuration property: ");
    expect("kafka: {properties: {security.protocol: sll}}\n",
           "x.yaml:1: kafka.properties.security.protocol: Invalid value ");
    expect("kafka: {properties: {acks: 1}}\n",
           "x.yaml:1: kafka.properties.acks: this property is candled's own\n");
    expect("kafka: {properties: {security.protocol: plaintext, linger.ms: 7}}\n", NULL);
}

static void a_place_for_copies_is_a_url_that_can_be_used(void **state)
{
    (void)state;
    expect("snapshots: {url: \"s3://\"}\n", "x.yaml:1: snapshots.url: ");
    expect("snapshots: {url: \"file:///\"}\n", "x.yaml:1: snapshots.url: name a folder below /");
    expect("snapshots: {url: \"s3://bucket/prefix?endpoint=http://h:9000\"}\n", NULL);
    expect("batch: {backup_dir: \"ftp://x\"}\n", "x.yaml:1: batch.backup_dir: no such scheme; ");
    expect("batch: {backup_dir: \"s3://bucket/p\"}\n", NULL);
    expect("batch: {backup_dir: some/folder}\n", NULL);
}

static void the_batchs_zone_is_one_of_the_database(void **state)
{
    (void)state;
    expect("batch: {timezone: Asia/Nowhere}\n",
           "x.yaml:1: batch.timezone: found 'Asia/Nowhere', expected a zone of the tz database");
    expect("batch: {timezone: Europe/Berlin}\n", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_of_redis_is_read_to_its_end),
        cmocka_unit_test(an_address_of_mongo_must_ask_for_an_answer),
        cmocka_unit_test(a_property_is_one_of_librdkafkas_and_not_one_of_ours),
        cmocka_unit_test(a_place_for_copies_is_a_url_that_can_be_used),
        cmocka_unit_test(the_batchs_zone_is_one_of_the_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
