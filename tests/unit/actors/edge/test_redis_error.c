#include "actors/edge/redis_error.h"

#include "tests/unit/cmocka.h"

static void only_what_is_about_a_candle_is_refused(void **state)
{
    (void)state;
    assert_int_equal(redis_error_of("WRONGTYPE Operation against a key"), REDIS_ERROR_refused);
    assert_int_equal(redis_error_of("ERR something else"), REDIS_ERROR_refused);
    assert_int_equal(redis_error_of("READONLY You can't write"), REDIS_ERROR_unavailable);
    assert_int_equal(redis_error_of("LOADING"), REDIS_ERROR_unavailable);
    assert_int_equal(redis_error_of("NOSCRIPT No matching script"), REDIS_ERROR_no_script);
}

static void a_script_puts_err_in_front_of_the_code(void **state)
{
    (void)state;
    assert_int_equal(redis_error_of("ERR READONLY You can't write"), REDIS_ERROR_unavailable);
    assert_int_equal(redis_error_of("ERR OOM command not allowed"), REDIS_ERROR_unavailable);
}

static void a_right_that_a_script_lacks_may_be_given(void **state)
{
    (void)state;
    const char *texts[] = {
        "ERR ERR The user executing the script can't run this command or subcommand",
        "ERR The user executing the script can't access at least one of the keys",
        "NOPERM ACL failure in script: User candled has no permissions",
        "ERR ACL failure in script: User candled has no permissions",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(redis_error_of(texts[i]), REDIS_ERROR_unavailable);
        assert_string_not_equal(redis_error_advice(texts[i]), "");
    }
}

static void a_code_is_a_whole_word(void **state)
{
    (void)state;
    assert_int_equal(redis_error_of("BUSYKEY Target key name"), REDIS_ERROR_refused);
    assert_int_equal(redis_error_of("BUS"), REDIS_ERROR_refused);
    assert_int_equal(redis_error_of(""), REDIS_ERROR_refused);
}

static void advice_is_given_where_there_is_some(void **state)
{
    (void)state;
    assert_string_not_equal(redis_error_advice("MOVED 1 host:1"), "");
    assert_string_not_equal(redis_error_advice("WRONGPASS invalid"), "");
    assert_string_equal(redis_error_advice("WRONGTYPE"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_about_a_candle_is_refused),
        cmocka_unit_test(a_script_puts_err_in_front_of_the_code),
        cmocka_unit_test(a_right_that_a_script_lacks_may_be_given),
        cmocka_unit_test(a_code_is_a_whole_word),
        cmocka_unit_test(advice_is_given_where_there_is_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
