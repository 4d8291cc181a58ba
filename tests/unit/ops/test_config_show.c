#include "ops/config_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const secrets[] = {
    "redis.url=redis://me:SECRET@host:6379/0",
    "redis.password=SECRET",
    "mongo.uri=mongodb://me:SEC@RET@a,b/?tls=true&tlsCertificateKeyFilePassword=SECRET",
    "snapshots.url=s3://bucket/x?secret_key=SECRET&endpoint=e",
    "kafka.properties={sasl.password: SECRET, ssl.key.pem: SECRET, sasl.username: me}",
};

static void set_secrets(struct config *config)
{
    struct config_problems problems = {{0}, 0};
    config_init(config);
    for (size_t i = 0; i < ARRAY_COUNT(secrets); i++) {
        config_load_set(config, secrets[i], "--set", &problems);
    }
    assert_int_equal(problems.count, 0);
}

static void no_secret_is_shown(void **state)
{
    (void)state;
    struct config config;
    struct text yaml = {0};
    struct text json = {0};
    set_secrets(&config);
    config_show(&config, &yaml);
    config_show_json(&config, &json);
    assert_null(strstr(text_get(&yaml), "SEC"));
    assert_null(strstr(text_get(&yaml), "RET@"));
    assert_null(strstr(text_get(&json), "SEC"));
    assert_non_null(strstr(text_get(&yaml), "\"redis://me:********@host:6379/0\""));
    assert_non_null(strstr(text_get(&yaml), "tls=true&tlsCertificateKeyFilePassword=********"));
    assert_non_null(strstr(text_get(&yaml), "sasl.username: me"));
    assert_non_null(strstr(text_get(&yaml), "secret_key=********&endpoint=e"));
    text_deinit(&yaml);
    text_deinit(&json);
    config_deinit(&config);
}

static void what_is_shown_can_be_read_back(void **state)
{
    (void)state;
    struct config config;
    struct config again;
    struct config_problems problems = {{0}, 0};
    struct text first = {0};
    struct text second = {0};
    config_init(&config);
    config_load_set(&config, "kafka.topic=null", "--set", &problems);
    config_load_set(&config, "kafka.instance_id=a \"b\" # c", "--set", &problems);
    config_load_set(&config, "symbols=A,B-C", "--set", &problems);
    config_load_set(&config, "kafka.properties={a: 'b, c'}", "--set", &problems);
    config_show(&config, &first);
    config_init(&again);
    config_load_yaml(&again, "x", slice_of_text(text_get(&first)), &problems);
    assert_string_equal(text_get(&problems.text), "");
    assert_string_equal(again.kafka.instance_id, "a \"b\" # c");
    assert_string_equal(again.kafka.properties.pairs[0].value, "b, c");
    assert_int_equal(again.symbols.count, 2);
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = config_setting(id);
        s->type->print(s, config_field_const(&config, s), CONFIG_STYLE_yaml, &first);
        s->type->print(s, config_field_const(&again, s), CONFIG_STYLE_yaml, &second);
    }
    assert_non_null(strstr(text_get(&first), text_get(&second)));
    text_deinit(&first);
    text_deinit(&second);
    config_deinit(&config);
    config_deinit(&again);
}

static void the_manual_is_a_file_that_loads(void **state)
{
    (void)state;
    struct config config;
    struct config_problems problems = {{0}, 0};
    struct text manual = {0};
    config_manual(&manual);
    config_init(&config);
    config_load_yaml(&config, "manual", slice_of_text(text_get(&manual)), &problems);
    config_check(&config, &problems);
    assert_string_equal(text_get(&problems.text), "");
    assert_string_equal(config.redis.key, "crypto:{symbol}:{interval}:{openTime}");
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        assert_false(config_is_default(&config, id)); /* no setting is left out */
    }
    text_deinit(&manual);
    config_deinit(&config);
}

static void the_markdown_names_every_setting(void **state)
{
    (void)state;
    struct text manual = {0};
    config_manual_markdown(&manual);
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        char name[100];
        snprintf(name, sizeof(name), "| `%s` |", config_setting(id)->name);
        assert_non_null(strstr(text_get(&manual), name));
    }
    text_deinit(&manual);
}

static void the_manual_in_the_repository_is_the_one_that_is_made(void **state)
{
    (void)state;
    const char *root = getenv("CANDLED_ROOT");
    struct text manual = {0};
    char path[600];
    char found[65536];
    if (root == NULL) {
        skip();
    }
    snprintf(path, sizeof(path), "%s/docs/configuration.md", root);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    found[fread(found, 1, sizeof(found) - 1, file)] = '\0';
    fclose(file);
    config_manual_markdown(&manual);
    /* Else: candled config reference --markdown > docs/configuration.md */
    assert_string_equal(found, text_get(&manual));
    text_deinit(&manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_is_shown),
        cmocka_unit_test(what_is_shown_can_be_read_back),
        cmocka_unit_test(the_manual_is_a_file_that_loads),
        cmocka_unit_test(the_markdown_names_every_setting),
        cmocka_unit_test(the_manual_in_the_repository_is_the_one_that_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
