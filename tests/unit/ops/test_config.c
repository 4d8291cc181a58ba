#include "ops/config.h"

#include "ops/config_load.h"
#include "tests/unit/ops/tmp_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct config config;
    struct config_problems problems;
};

static struct fixture loaded(const char *yaml)
{
    struct fixture f = {.problems = {{0}, 0}};
    config_init(&f.config);
    config_load_yaml(&f.config, "x.yaml", slice_of_text(yaml), &f.problems);
    return f;
}

static void done(struct fixture *f)
{
    config_deinit(&f->config);
    text_deinit(&f->problems.text);
}

static void expect_problem(const char *yaml, const char *problem)
{
    struct fixture f = loaded(yaml);
    assert_string_equal(text_get(&f.problems.text), problem);
    done(&f);
}

static void the_defaults_are_those_of_the_design(void **state)
{
    (void)state;
    struct fixture f = loaded("");
    const struct config *c = &f.config;
    assert_string_equal(text_get(&f.problems.text), "");
    assert_string_equal(c->data_dir, "./data");
    assert_string_equal(c->kafka.brokers, "127.0.0.1:9092");
    assert_string_equal(c->kafka.topic, "crypto_kline_1m");
    assert_int_equal(c->kafka.partitions, 5);
    assert_int_equal(c->kafka.retention, 14 * 86400000ll);
    assert_int_equal(c->kafka.assignment, CONFIG_assignment_group);
    assert_int_equal(c->kafka.session_timeout, 10000);
    assert_int_equal(c->kafka.start.kind, CONFIG_START_earliest);
    assert_int_equal(c->kafka.properties.count, 0);
    assert_null(c->kafka.properties.pairs[0].name);
    assert_int_equal(c->symbols.count, 0);
    assert_int_equal(c->candles.intervals, INTERVAL_BIT(INTERVAL_5m));
    assert_int_equal(c->candles.grace, 120000);
    assert_true(c->redis.enabled);
    assert_int_equal(c->redis.intervals, INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_5m));
    assert_string_equal(c->redis.latest_key, "crypto:{symbol}:{interval}:latest");
    assert_int_equal(c->mongo.retention, 0);
    assert_int_equal(c->checkpoint.linger, 5);
    assert_int_equal(c->checkpoint.max_records, 20000);
    assert_int_equal(c->outbox.max_bytes, 1ll << 30);
    assert_string_equal(c->http.ops_listen, "127.0.0.1:9464");
    assert_string_equal(c->batch.timezone, "Asia/Ho_Chi_Minh");
    assert_int_equal(c->log.level, CONFIG_log_level_info);
    assert_true(config_is_default(c, CONFIG_ID_kafka_brokers));
    config_check(c, &f.problems);
    assert_string_equal(text_get(&f.problems.text), "");
    done(&f);
}

static void every_type_is_read(void **state)
{
    (void)state;
    struct fixture f =
        loaded("data_dir: /var/lib/candled   # a comment\n"
               "symbols: [BTCUSDT, 'ETHUSDT']\n"
               "kafka:\n"
               "  partitions: 12\n"
               "  assignment: ordinal\n"
               "  on_log_reset: new-era\n"
               "  start: 2026-02-01T07:00:00+07:00\n"
               "  properties: {security.protocol: sasl_ssl, \"sasl.mechanism\": PLAIN}\n"
               "redis: {enabled: false, ttl: 36h, intervals:\n  [1m, 1h], sentinels: []}\n"
               "mongo:\n  intervals:\n    - 1m\n    - 4h\n  retention: 2d\n"
               "outbox: {max_bytes: 512MiB}\n"
               "checkpoint: {linger: 0}\n");
    const struct config *c = &f.config;
    assert_string_equal(text_get(&f.problems.text), "");
    assert_string_equal(c->data_dir, "/var/lib/candled");
    assert_int_equal(c->symbols.count, 2);
    assert_string_equal(c->symbols.items[1], "ETHUSDT");
    assert_int_equal(c->kafka.partitions, 12);
    assert_int_equal(c->kafka.assignment, CONFIG_assignment_ordinal);
    assert_int_equal(c->kafka.on_log_reset, CONFIG_log_reset_new_era);
    assert_int_equal(c->kafka.start.kind, CONFIG_START_time);
    assert_int_equal(c->kafka.start.time_ms, 1769904000000ll);
    assert_int_equal(c->kafka.properties.count, 2);
    assert_string_equal(c->kafka.properties.pairs[1].name, "sasl.mechanism");
    assert_string_equal(c->kafka.properties.pairs[1].value, "PLAIN");
    assert_null(c->kafka.properties.pairs[2].name);
    assert_false(c->redis.enabled);
    assert_int_equal(c->redis.ttl, 36 * 3600000ll);
    assert_int_equal(c->redis.intervals, INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_1h));
    assert_int_equal(c->mongo.intervals, INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_4h));
    assert_int_equal(c->mongo.retention, 2 * 86400000ll);
    assert_int_equal(c->outbox.max_bytes, 512ll << 20);
    assert_int_equal(c->checkpoint.linger, 0);
    assert_string_equal(c->origins[CONFIG_ID_kafka_partitions], "x.yaml:4");
    done(&f);
}

static void a_wrong_value_names_file_line_key_and_what_was_expected(void **state)
{
    (void)state;
    expect_problem("kafka:\n  partitions: 0\n",
                   "x.yaml:2: kafka.partitions: found '0', expected a number from 1 to 10000\n");
    expect_problem("kafka: {partitions: 5x}\n",
                   "x.yaml:1: kafka.partitions: found '5x', expected a number from 1 to 10000\n");
    expect_problem("kafka: {partitions: -1}\n",
                   "x.yaml:1: kafka.partitions: found '-1', expected a number from 1 to 10000\n");
    expect_problem("kafka: {partitions: 99999999999999999999}\n",
                   "x.yaml:1: kafka.partitions: found '99999999999999999999', expected a number "
                   "from 1 to 10000\n");
    expect_problem("\n\nredis:\n  ttl: 24\n",
                   "x.yaml:4: redis.ttl: found '24', expected a duration (ms, s, m, h, d) from 1s "
                   "to 3650d\n");
    expect_problem("redis: {ttl: 99999999999999d}\n",
                   "x.yaml:1: redis.ttl: found '99999999999999d', expected a duration (ms, s, m, "
                   "h, d) from 1s to 3650d\n");
    expect_problem("outbox: {max_bytes: 1GB}\n",
                   "x.yaml:1: outbox.max_bytes: found '1GB', expected a size (KiB, MiB, GiB, TiB) "
                   "from 1MiB to 1024TiB\n");
    expect_problem("redis: {enabled: maybe}\n",
                   "x.yaml:1: redis.enabled: found 'maybe', expected true or false\n");
    expect_problem("checkpoint: {sync: fast}\n",
                   "x.yaml:1: checkpoint.sync: found 'fast', expected commit or boot\n");
    expect_problem("kafka: {start: yesterday}\n",
                   "x.yaml:1: kafka.start: found 'yesterday', expected earliest, latest or a time "
                   "such as 2026-02-01T00:00:00Z\n");
    expect_problem(
        "candles: {intervals: [5m, 7m]}\n",
        "x.yaml:1: candles.intervals: found a list (5m, 7m), expected one or more of 1m, "
        "3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d\n");
    expect_problem("kafka: {topic: }\n",
                   "x.yaml:1: kafka.topic: found '', expected a text of 1 to 249 bytes\n");
    expect_problem("kafka: {topic: [a]}\n",
                   "x.yaml:1: kafka.topic: found a list (a), expected a text of 1 to 249 bytes\n");
    expect_problem("kafka: {topic: {a: b}}\n",
                   "x.yaml:1: kafka.topic: found a map, expected a text of 1 to 249 bytes\n");
    expect_problem("kafka: {properties: none}\n",
                   "x.yaml:1: kafka.properties: found 'none', expected a map of up to 200 texts, "
                   "{name: value, ...}\n");
    expect_problem("kafka: {properties: {a: [b]}}\n",
                   "x.yaml:1: kafka.properties.a: expected a text\n");
    expect_problem("kafka: 7\n", "x.yaml:1: kafka: found '7', expected settings under it\n");
    expect_problem("- a\n", "x.yaml:1: expected settings, as `section:` and `key: value`\n");
}

static void a_wrong_value_leaves_the_field_alone(void **state)
{
    (void)state;
    struct fixture f = loaded("kafka: {partitions: many}\nsymbols: ['']\n");
    assert_int_equal(f.problems.count, 2);
    assert_int_equal(f.config.kafka.partitions, 5);
    assert_string_equal(f.config.origins[CONFIG_ID_kafka_partitions], "default");
    done(&f);
}

static void an_unknown_key_is_refused_with_the_nearest_name(void **state)
{
    (void)state;
    expect_problem(
        "kafka:\n  broker: x\n",
        "x.yaml:2: kafka.broker: there is no such setting; did you mean kafka.brokers?\n");
    expect_problem("brokers: x\n",
                   "x.yaml:1: brokers: there is no such setting; did you mean kafka.brokers?\n");
    expect_problem("redsi: {url: 'redis://x'}\n",
                   "x.yaml:1: redsi: there is no such setting; did you mean redis?\n");
    expect_problem(
        "telemetry: on\n",
        "x.yaml:1: telemetry: there is no such setting; `candled config reference` lists "
        "them\n");
    expect_problem("kafka: {topic_file: x}\n",
                   "x.yaml:1: kafka.topic_file: there is no such setting; did you mean "
                   "kafka.topic?\n");
}

static void all_problems_of_a_file_are_told(void **state)
{
    (void)state;
    struct fixture f = loaded("kafka:\n  topik: x\n  partitions: 0\nlog:\n  level: loud\n");
    assert_int_equal(f.problems.count, 3);
    assert_non_null(strstr(text_get(&f.problems.text), "x.yaml:2: kafka.topik"));
    assert_non_null(strstr(text_get(&f.problems.text), "x.yaml:3: kafka.partitions"));
    assert_non_null(strstr(text_get(&f.problems.text), "x.yaml:5: log.level: found 'loud'"));
    done(&f);
}

static void a_key_given_twice_is_refused(void **state)
{
    (void)state;
    expect_problem("kafka: {topic: a}\nlog: {}\nkafka:\n  topic: b\n",
                   "x.yaml:4: kafka.topic: already given by x.yaml:1\n");
    expect_problem("redis:\n  url: redis://a\n  url_file: /nowhere\n",
                   "x.yaml:3: redis.url_file: already given by x.yaml:2\n");
}

static void a_secret_is_read_from_a_file(void **state)
{
    (void)state;
    struct tmp_file secret = tmp_file_of_text("secret", "pass word\r\n\n");
    char yaml[800];
    snprintf(yaml, sizeof(yaml),
             "redis: {password_file: %s}\n"
             "kafka: {properties: {sasl.password_file: %s, sasl.username: me}}\n",
             secret.path, secret.path);
    struct fixture f = loaded(yaml);
    assert_string_equal(text_get(&f.problems.text), "");
    assert_string_equal(f.config.redis.password, "pass word");
    assert_string_equal(f.config.kafka.properties.pairs[0].name, "sasl.password");
    assert_string_equal(f.config.kafka.properties.pairs[0].value, "pass word");
    assert_non_null(strstr(f.config.origins[CONFIG_ID_redis_password], secret.path));
    done(&f);
    tmp_file_remove(&secret);
    expect_problem("redis: {password_file: /nowhere/at/all}\n",
                   "x.yaml:1: redis.password_file: cannot read '/nowhere/at/all': No such file or "
                   "directory\n");
}

static void a_problem_does_not_tell_a_secret(void **state)
{
    (void)state;
    char yaml[1400] = "redis: {password: ";
    size_t size = strlen(yaml);
    memset(yaml + size, 'S', 1100);
    memcpy(yaml + size + 1100, "}\n", 3);
    struct fixture f = loaded(yaml);
    assert_string_equal(text_get(&f.problems.text), "x.yaml:1: redis.password: found '********', "
                                                    "expected a text of 0 to 1023 bytes\n");
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_those_of_the_design),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(a_wrong_value_names_file_line_key_and_what_was_expected),
        cmocka_unit_test(a_wrong_value_leaves_the_field_alone),
        cmocka_unit_test(an_unknown_key_is_refused_with_the_nearest_name),
        cmocka_unit_test(all_problems_of_a_file_are_told),
        cmocka_unit_test(a_key_given_twice_is_refused),
        cmocka_unit_test(a_secret_is_read_from_a_file),
        cmocka_unit_test(a_problem_does_not_tell_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
