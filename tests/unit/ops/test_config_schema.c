#include "ops/config_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <yyjson.h>

/* tests/chart compares what the schema accepts with what the program accepts; here is its shape. */
struct fixture {
    struct text text;
    yyjson_doc *doc;
    yyjson_val *top; /* "properties" of the whole */
};

static void setup(struct fixture *f)
{
    *f = (struct fixture){.doc = NULL};
    config_schema(&f->text);
    f->doc = yyjson_read(f->text.bytes, f->text.size, 0);
    assert_non_null(f->doc);
    f->top = yyjson_obj_get(yyjson_doc_get_root(f->doc), "properties");
    assert_non_null(f->top);
}

static void teardown(struct fixture *f)
{
    yyjson_doc_free(f->doc);
    text_deinit(&f->text);
}

static yyjson_val *schema_of(const struct fixture *f, const struct config_setting *s)
{
    if (s->section == NULL) {
        return yyjson_obj_get(f->top, s->key);
    }
    yyjson_val *section = yyjson_obj_get(f->top, s->section);
    return yyjson_obj_get(yyjson_obj_get(section, "properties"), s->key);
}

static void every_setting_has_a_type_a_default_and_its_manual(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = config_setting(id);
        yyjson_val *schema = schema_of(&f, s);
        assert_non_null(schema);
        assert_non_null(yyjson_obj_get(schema, "type"));
        assert_non_null(yyjson_obj_get(schema, "default"));
        const char *description = yyjson_get_str(yyjson_obj_get(schema, "description"));
        assert_non_null(description);
        assert_memory_equal(description, s->help, strlen(s->help));
    }
    teardown(&f);
}

static void no_section_takes_an_unknown_key(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    assert_true(
        yyjson_is_false(yyjson_obj_get(yyjson_doc_get_root(f.doc), "additionalProperties")));
#define S(section, rows, help)                                                                     \
    assert_true(                                                                                   \
        yyjson_is_false(yyjson_obj_get(yyjson_obj_get(f.top, #section), "additionalProperties")));
    CONFIG_SECTIONS(S)
#undef S
    teardown(&f);
}

static void what_may_be_secret_has_a_file_beside_it_and_nothing_else_has(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = config_setting(id);
        char name[128];
        snprintf(name, sizeof(name), "%s_file", s->key);
        struct config_setting file = *s;
        file.key = name;
        bool may_be_file = s->secrecy == CONFIG_SECRECY_url || s->secrecy == CONFIG_SECRECY_all;
        assert_int_equal(schema_of(&f, &file) != NULL, may_be_file);
    }
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_has_a_type_a_default_and_its_manual),
        cmocka_unit_test(no_section_takes_an_unknown_key),
        cmocka_unit_test(what_may_be_secret_has_a_file_beside_it_and_nothing_else_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
