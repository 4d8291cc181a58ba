#include "ops/config_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect(const char *assignment, const char *problem)
{
    struct config config;
    struct config_problems problems = {{0}, 0};
    config_init(&config);
    config_load_set(&config, assignment, "--set", &problems);
    assert_string_equal(text_get(&problems.text), "");
    config_check(&config, &problems);
    assert_string_equal(text_get(&problems.text), problem);
    text_deinit(&problems.text);
    config_deinit(&config);
}

static void a_sink_is_given_only_what_is_made(void **state)
{
    (void)state;
    expect("redis.intervals=[1m, 15m]",
           "--set: redis.intervals: 15m is not among candles.intervals, so it is never made\n");
    expect("mongo.intervals=", "--set: mongo.intervals: is empty; name some, or switch the sink "
                               "off with enabled: false\n");
    expect("redis.intervals=1m", "");
    expect("redis.enabled=false", "");
}

static void urls_begin_with_a_scheme_that_is_known(void **state)
{
    (void)state;
    expect("redis.url=http://u:secret@x",
           "--set: redis.url: has another beginning, expected it to begin with redis:// or "
           "rediss:// or unix://\n");
    expect("mongo.uri=", "--set: mongo.uri: is empty, expected it to begin with mongodb:// or "
                         "mongodb+srv://\n");
    expect("redis.url=unix:///run/redis.sock", "");
    expect("snapshots.url=s3://bucket/prefix?endpoint=http://x", "");
    expect("snapshots.url=/tmp/x", "--set: snapshots.url: has another beginning, expected it to "
                                   "begin with file:/// or s3://\n");
}

static void the_topics_and_shards_make_sense(void **state)
{
    (void)state;
    expect("kafka.topic=a b",
           "--set: kafka.topic: found 'a b', expected letters, digits, '.', '_' and '-'\n");
    expect(
        "kafka.output_topic=crypto_kline_1m",
        "--set: kafka.output_topic: is kafka.topic; a shard never writes to the topic it reads\n");
    expect("kafka.output_topic=crypto_kline_1m.dlq",
           "--set: kafka.output_topic: is the topic of dead letters, and candles would mix with "
           "them; see kafka.dlq_topic\n");
    expect("shard.index=1",
           "--set: shard.index: is not below shard.count (1 of 1, counted from 0)\n");
}

static void key_templates_hold_what_they_must(void **state)
{
    (void)state;
    expect("redis.key=crypto:{symbol}:{openTime}",
           "--set: redis.key: found 'crypto:{symbol}:{openTime}', expected {symbol} and {interval} "
           "in it\n");
    expect("redis.index_key=x:{symbol}:{interval}:{openTime}",
           "--set: redis.index_key: found 'x:{symbol}:{interval}:{openTime}', expected {openTime} "
           "not to be in it\n");
    expect("redis.latest_key=crypto:{symbol}:{interval}:index",
           "--set: redis.latest_key: is redis.index_key; both would write the same key\n");
    expect("mongo.collection=candles_{interval}", "");
}

static void addresses_are_host_and_port(void **state)
{
    (void)state;
    expect("http.ops_listen=9464", "--set: http.ops_listen: found '9464', expected host:port\n");
    expect("http.ops_listen=127.0.0.1:99999",
           "--set: http.ops_listen: found '127.0.0.1:99999', expected host:port\n");
    expect("http.listen=", "");
    expect("http.listen=[::1]:0", "");
    expect("redis.sentinels=a:1,b", "--set: redis.sentinels: found 'b', expected host:port\n");
    expect("symbols=BTC:USDT", "--set: symbols: found 'BTC:USDT', expected 1 to 64 bytes without "
                               "colon or space\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sink_is_given_only_what_is_made),
        cmocka_unit_test(urls_begin_with_a_scheme_that_is_known),
        cmocka_unit_test(the_topics_and_shards_make_sense),
        cmocka_unit_test(key_templates_hold_what_they_must),
        cmocka_unit_test(addresses_are_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
