#include "ops/yaml_file.h"

#include "ops/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct yaml_file parsed(const char *text)
{
    struct yaml_file file;
    struct yaml_file_error error;
    assert_int_equal(yaml_file_parse(slice_of_text(text), &file, &error), STATUS_OK);
    return file;
}

static void expect_refused(const char *text, size_t line, const char *why)
{
    struct yaml_file file;
    struct yaml_file_error error;
    assert_int_equal(yaml_file_parse(slice_of_text(text), &file, &error), STATUS_MALFORMED);
    assert_int_equal(error.line, line);
    assert_non_null(strstr(error.text, why));
}

static void block_and_flow_give_the_same_nodes(void **state)
{
    (void)state;
    struct yaml_file block = parsed("a:\n  b: 1\n  c:\n    - x\n    - 'y'\n");
    struct yaml_file flow = parsed("{a: {b: 1, c: [x, \"y\"]}} # said shortly\n");
    assert_int_equal(block.count, 6);
    assert_int_equal(flow.count, 6);
    for (size_t i = 0; i < block.count; i++) {
        assert_int_equal(block.nodes[i].kind, flow.nodes[i].kind);
        assert_int_equal(block.nodes[i].depth, flow.nodes[i].depth);
        if (block.nodes[i].text != NULL) {
            assert_string_equal(block.nodes[i].text, flow.nodes[i].text);
        }
    }
    assert_string_equal(block.nodes[3].key, "c");
    assert_int_equal(block.nodes[5].line, 5);
    assert_true(block.nodes[4].is_plain);
    assert_false(block.nodes[5].is_plain);
    assert_int_equal(yaml_file_after(&block, 3), 6);
    assert_int_equal(yaml_file_after(&block, 2), 3);
    yaml_file_deinit(&block);
    yaml_file_deinit(&flow);
}

static void an_empty_text_has_no_nodes(void **state)
{
    (void)state;
    struct yaml_file file = parsed("# nothing\n\n");
    assert_int_equal(file.count, 0);
    yaml_file_deinit(&file);
}

static void what_a_configuration_does_not_need_is_refused(void **state)
{
    (void)state;
    expect_refused("a: &x 1\nb: *x\n", 1, "anchors");
    expect_refused("a: 1\nb: *x\n", 2, "aliases");
    expect_refused("a: !!int 1\n", 1, "tags");
    expect_refused("a: 1\n---\nb: 2\n", 2, "second document");
    expect_refused("? [a]\n: 1\n", 1, "key");
    expect_refused("a: \"x\\0y\"\n", 1, "zero byte");
    expect_refused("a: [[[[[[[[1]]]]]]]]\n", 1, "deeply");
    expect_refused("a: [1\nb: 2\n", 2, "");
    expect_refused("a:\n\t- 1\n", 2, "token");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_and_flow_give_the_same_nodes),
        cmocka_unit_test(an_empty_text_has_no_nodes),
        cmocka_unit_test(what_a_configuration_does_not_need_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
