#include "proto/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The names are metric labels and header values: others filter by them. */
static void names_are_those_of_the_table(void **state)
{
    (void)state;
    assert_string_equal(reason_name(REASON_none), "none");
    assert_string_equal(reason_name(REASON_not_json), "not_json");
    assert_string_equal(reason_name(REASON_rejected), "rejected");
    assert_string_equal(reason_text(REASON_wrong_interval), "the interval is not 1m");
}

static void every_reason_has_its_own_name_and_text(void **state)
{
    (void)state;
    for (int i = 0; i < REASON_COUNT; i++) {
        assert_true(strlen(reason_text((enum reason)i)) > 0);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(reason_name((enum reason)i), reason_name((enum reason)j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_table),
        cmocka_unit_test(every_reason_has_its_own_name_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
