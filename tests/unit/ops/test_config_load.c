#include "ops/config_load.h"

#include "tests/unit/ops/tmp_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void expect_refused(const struct config_sources *sources, const char *problem)
{
    struct config config;
    struct config_problems problems = {{0}, 0};
    assert_int_equal(config_load(sources, &config, &problems), STATUS_BAD_CONFIG);
    assert_string_equal(text_get(&problems.text), problem);
    text_deinit(&problems.text);
}

static void set_beats_environment_beats_file_beats_default(void **state)
{
    (void)state;
    struct tmp_file file =
        tmp_file_of_text("c.yaml", "kafka: {topic: file, group: file, instance_id: file}\n");
    const char *const defaults[] = {"kafka.brokers=embedded", "kafka.topic=command", NULL};
    const char *const environment[] = {"HOME=/somewhere", "CANDLED_KAFKA__GROUP=environment",
                                       "CANDLED_KAFKA__INSTANCE_ID=environment",
                                       "CANDLED_DATA_DIR=/environment", NULL};
    const char *const sets[] = {"kafka.instance_id=first", "kafka.instance_id=set"};
    struct config_sources sources = {.file = file.path,
                                     .defaults = defaults,
                                     .command = "run",
                                     .environment = environment,
                                     .sets = sets,
                                     .set_count = 2};
    struct config config;
    struct config_problems problems = {{0}, 0};

    assert_int_equal(config_load(&sources, &config, &problems), STATUS_OK);
    assert_string_equal(config.kafka.brokers, "embedded");
    assert_string_equal(config.origins[CONFIG_ID_kafka_brokers], "default of candled run");
    assert_true(config_is_default(&config, CONFIG_ID_kafka_brokers));
    assert_string_equal(config.kafka.topic, "file");
    assert_string_equal(config.kafka.group, "environment");
    assert_string_equal(config.origins[CONFIG_ID_kafka_group], "environment CANDLED_KAFKA__GROUP");
    assert_string_equal(config.kafka.instance_id, "set");
    assert_string_equal(config.origins[CONFIG_ID_kafka_instance_id], "--set");
    assert_string_equal(config.data_dir, "/environment");
    assert_string_equal(config.file, file.path);
    assert_false(config_is_default(&config, CONFIG_ID_data_dir));
    config_deinit(&config);
    tmp_file_remove(&file);
}

static void what_a_file_says_is_no_default_however_the_file_is_called(void **state)
{
    (void)state;
    char folder[] = "/tmp/candled-config-XXXXXX";
    char old_folder[4096];
    const char *const defaults[] = {"redis.enabled=false", "mongo.enabled=false", NULL};
    struct config_sources sources = {
        .file = "default.yaml", .defaults = defaults, .command = "run"};
    struct config config;
    struct config_problems problems = {{0}, 0};

    assert_non_null(getcwd(old_folder, sizeof(old_folder)));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    FILE *file = fopen("default.yaml", "w");
    assert_non_null(file);
    assert_true(fputs("redis: {enabled: true}\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(config_load(&sources, &config, &problems), STATUS_OK);
    assert_string_equal(config.origins[CONFIG_ID_redis_enabled], "default.yaml:1");
    assert_false(config_is_default(&config, CONFIG_ID_redis_enabled));
    assert_true(config_is_default(&config, CONFIG_ID_mongo_enabled));
    config_deinit(&config);
    assert_int_equal(unlink("default.yaml"), 0);
    assert_int_equal(chdir(old_folder), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void lists_and_maps_come_from_the_environment_and_set_too(void **state)
{
    (void)state;
    const char *const environment[] = {
        "CANDLED_SYMBOLS=BTCUSDT, ETHUSDT",
        "CANDLED_CANDLES__INTERVALS=[5m, 15m]",
        "CANDLED_KAFKA__PROPERTIES={fetch.min.bytes: 1, sasl.username: 'e: f'}",
        "CANDLED_KAFKA__PROPERTIES__SECURITY_PROTOCOL=ssl",
        NULL,
    };
    const char *const sets[] = {"kafka.properties.fetch.min.bytes=7", "redis.intervals=1m"};
    struct config_sources sources = {
        .file = "/dev/null", .environment = environment, .sets = sets, .set_count = 2};
    struct config config;
    struct config_problems problems = {{0}, 0};

    assert_int_equal(config_load(&sources, &config, &problems), STATUS_OK);
    assert_int_equal(config.symbols.count, 2);
    assert_string_equal(config.symbols.items[1], "ETHUSDT");
    assert_int_equal(config.candles.intervals,
                     INTERVAL_BIT(INTERVAL_5m) | INTERVAL_BIT(INTERVAL_15m));
    assert_int_equal(config.redis.intervals, INTERVAL_BIT(INTERVAL_1m));
    assert_int_equal(config.kafka.properties.count, 3);
    assert_string_equal(config.kafka.properties.pairs[0].value, "7");
    assert_string_equal(config.kafka.properties.pairs[1].value, "e: f");
    assert_string_equal(config.kafka.properties.pairs[2].name, "security.protocol");
    config_deinit(&config);
}

static void a_variable_that_is_no_setting_is_refused_or_ignored(void **state)
{
    (void)state;
    /* As Kubernetes puts them there for a service called candled. */
    const char *const harmless[] = {"CANDLED_SERVICE_HOST=10.0.0.1", "CANDLED_PORT=tcp://x", "X",
                                    NULL};
    const char *const unknown[] = {"CANDLED_KAFKA__TOPIK=x", NULL};
    const char *const wrong[] = {"CANDLED_KAFKA__PARTITIONS=none", NULL};
    struct config_sources sources = {.file = "/dev/null", .environment = harmless};
    struct config config;
    struct config_problems problems = {{0}, 0};

    assert_int_equal(config_load(&sources, &config, &problems), STATUS_OK);
    config_deinit(&config);
    sources.environment = unknown;
    expect_refused(&sources, "environment CANDLED_KAFKA__TOPIK: kafka.topik: there is no such "
                             "setting; did you mean kafka.topic?\n");
    sources.environment = wrong;
    expect_refused(&sources, "environment CANDLED_KAFKA__PARTITIONS: kafka.partitions: found "
                             "'none', expected a number from 1 to 10000\n");
}

static void a_set_without_a_value_is_refused(void **state)
{
    (void)state;
    const char *const sets[] = {"kafka.topic", "redis.intervals=[1m", "log.level=loud"};
    struct config_sources sources = {.file = "/dev/null", .sets = sets, .set_count = 1};
    expect_refused(&sources, "--set: found 'kafka.topic', expected section.key=value\n");
    sources.sets = &sets[2];
    expect_refused(&sources, "--set: log.level: found 'loud', expected debug, info, warning or "
                             "error\n");
}

static void a_file_that_is_not_there_is_a_problem(void **state)
{
    (void)state;
    struct config_sources sources = {.file = "/nowhere/candled.yaml"};
    expect_refused(&sources, "/nowhere/candled.yaml: cannot be read: No such file or directory\n");
}

static void yaml_that_does_not_parse_names_its_line(void **state)
{
    (void)state;
    struct tmp_file file = tmp_file_of_text("c.yaml", "kafka:\n  topic: a\n  group: *b\n");
    struct config_sources sources = {.file = file.path};
    char problem[300];
    snprintf(problem, sizeof(problem), "%s:3: aliases (*name) are not supported\n", file.path);
    expect_refused(&sources, problem);
    tmp_file_remove(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_beats_environment_beats_file_beats_default),
        cmocka_unit_test(what_a_file_says_is_no_default_however_the_file_is_called),
        cmocka_unit_test(lists_and_maps_come_from_the_environment_and_set_too),
        cmocka_unit_test(a_variable_that_is_no_setting_is_refused_or_ignored),
        cmocka_unit_test(a_set_without_a_value_is_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_a_problem),
        cmocka_unit_test(yaml_that_does_not_parse_names_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
