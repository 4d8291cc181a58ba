#include "ops/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_distance_counts_slips_of_the_fingers(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance("kafka", "kafka"), 0);
    assert_int_equal(suggest_distance("kakfa", "kafka"), 1); /* swapped */
    assert_int_equal(suggest_distance("kafk", "kafka"), 1);
    assert_int_equal(suggest_distance("kaffka", "kafka"), 1);
    assert_int_equal(suggest_distance("kefka", "kafka"), 1);
    assert_int_equal(suggest_distance("Ops-Listen", "ops_listen"), 0);
    assert_int_equal(suggest_distance("", "abc"), 3);
    assert_int_equal(suggest_distance("kitten", "sitting"), 3);
}

static void what_is_far_is_not_suggested(void **state)
{
    (void)state;
    struct suggest suggest;
    suggest_init(&suggest, "shrad");
    suggest_consider(&suggest, "replay");
    assert_null(suggest.best);
    suggest_consider(&suggest, "shard");
    suggest_consider(&suggest, "state");
    assert_string_equal(suggest.best, "shard");
}

static void a_very_long_word_is_no_slip(void **state)
{
    (void)state;
    static const char word[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_true(suggest_distance(word, "a") == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_distance_counts_slips_of_the_fingers),
        cmocka_unit_test(what_is_far_is_not_suggested),
        cmocka_unit_test(a_very_long_word_is_no_slip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
