#include "runtime/status.h"

#include "runtime/base.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const enum status all[] = {
#define X(name, class, text) STATUS_##name,
    STATUS_TABLE(X)
#undef X
};

static void success_is_zero(void **state)
{
    (void)state;
    assert_int_equal(STATUS_OK, 0);
    assert_string_equal(status_text(STATUS_OK), "ok");
}

static void each_status_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        assert_true(strlen(status_text(all[i])) > 0);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(status_text(all[i]), status_text(all[j]));
        }
    }
}

static void the_class_says_what_to_do(void **state)
{
    (void)state;
    assert_int_equal(status_class_of(STATUS_NOT_FOUND), STATUS_CLASS_NONE);
    assert_int_equal(status_class_of(STATUS_DISK_FULL), STATUS_CLASS_RETRY);
    assert_int_equal(status_class_of(STATUS_MALFORMED), STATUS_CLASS_REFUSE);
    assert_int_equal(status_class_of(STATUS_CORRUPT), STATUS_CLASS_FATAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_is_zero),
        cmocka_unit_test(each_status_has_a_text_of_its_own),
        cmocka_unit_test(the_class_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
