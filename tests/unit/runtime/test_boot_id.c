#include "runtime/boot_id.h"

#include "tests/unit/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void the_kernel_says_the_same_each_time(void **state)
{
    (void)state;
    char first[BOOT_ID_MAX];
    char second[BOOT_ID_MAX];
    assert_int_equal(unsetenv("CANDLED_BOOT_ID"), 0);
    boot_id_read(first);
    boot_id_read(second);
    assert_string_equal(first, second);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(strspn(first, "0123456789abcdef-"), 36);
}

static void the_environment_replaces_it(void **state)
{
    (void)state;
    char id[BOOT_ID_MAX];
    assert_int_equal(setenv("CANDLED_BOOT_ID", "another", 1), 0);
    boot_id_read(id);
    assert_string_equal(id, "another");
}

static void what_is_too_long_is_cut(void **state)
{
    (void)state;
    char given[200];
    char id[BOOT_ID_MAX];
    memset(given, 'x', sizeof(given) - 1);
    given[sizeof(given) - 1] = '\0';
    assert_int_equal(setenv("CANDLED_BOOT_ID", given, 1), 0);
    boot_id_read(id);
    assert_int_equal(strlen(id), BOOT_ID_MAX - 1);
    assert_memory_equal(id, given, BOOT_ID_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_says_the_same_each_time),
        cmocka_unit_test(the_environment_replaces_it),
        cmocka_unit_test(what_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
