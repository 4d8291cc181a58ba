#include "ops/json_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect(const char *line, const char *frame)
{
    struct slice found = {0};
    if (frame == NULL) {
        assert_false(json_frame_find(slice_of_text(line), &found));
        return;
    }
    assert_true(json_frame_find(slice_of_text(line), &found));
    assert_true(slice_equals(found, slice_of_text(frame)));
}

static void the_frame_is_found_byte_for_byte(void **state)
{
    (void)state;
    expect("{\"recv\":1.5,\"frame\":{\"a\": [1, {\"}\":2}]}}", "{\"a\": [1, {\"}\":2}]}");
    expect("{ \"kind\" : \"x,}\" , \"frame\" : {\"b\\\"\":1},\"note\":\"n\"}", "{\"b\\\"\":1}");
    expect("{\"frame\":null}", "null");
}

static void a_line_without_one_is_left_alone(void **state)
{
    (void)state;
    expect("{\"e\":\"kline\",\"k\":{\"frame\":1}}", NULL);
    expect("{\"frame\":{\"a\":1}", NULL);
    expect("{\"frame\"", NULL);
    expect("{\"a\":\"", NULL);
    expect("{\"a\":\"\\", NULL);
    expect("{}", NULL);
    expect("[]", NULL);
    expect("", NULL);
    expect("garbage", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frame_is_found_byte_for_byte),
        cmocka_unit_test(a_line_without_one_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
