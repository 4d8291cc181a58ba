#include "ops/rekey_seen.h"

#include "tests/unit/cmocka.h"

static void what_was_found_covers_all_before_it_on_the_same_way(void **state)
{
    (void)state;
    struct rekey_seen *seen = rekey_seen_create(3, 2);
    rekey_seen_note(seen, 1, 0, 10);
    rekey_seen_note(seen, 1, 0, 7);
    assert_true(rekey_seen_has(seen, 1, 0, 10));
    assert_true(rekey_seen_has(seen, 1, 0, 0));
    assert_false(rekey_seen_has(seen, 1, 0, 11));
    assert_false(rekey_seen_has(seen, 1, 1, 0));
    assert_false(rekey_seen_has(seen, 0, 0, 0));
    rekey_seen_destroy(&seen);
    assert_null(seen);
}

static void the_first_record_counts_too(void **state)
{
    (void)state;
    struct rekey_seen *seen = rekey_seen_create(1, 1);
    assert_false(rekey_seen_has(seen, 0, 0, 0));
    rekey_seen_note(seen, 0, 0, 0);
    assert_true(rekey_seen_has(seen, 0, 0, 0));
    assert_false(rekey_seen_has(seen, 0, 0, 1));
    rekey_seen_destroy(&seen);
}

static void the_highest_of_a_partition_is_over_all_targets(void **state)
{
    (void)state;
    struct rekey_seen *seen = rekey_seen_create(2, 3);
    assert_int_equal(rekey_seen_max(seen, 0), -1);
    rekey_seen_note(seen, 0, 2, 5);
    rekey_seen_note(seen, 0, 1, 9);
    assert_int_equal(rekey_seen_max(seen, 0), 9);
    assert_int_equal(rekey_seen_max(seen, 1), -1);
    rekey_seen_destroy(&seen);
}

static void headers_that_cannot_be_are_ignored(void **state)
{
    (void)state;
    struct rekey_seen *seen = rekey_seen_create(2, 2);
    rekey_seen_note(seen, -1, 0, 5);
    rekey_seen_note(seen, 2, 0, 5);
    rekey_seen_note(seen, 0, 0, -5);
    rekey_seen_note(seen, 0, 0, INT64_MAX);
    assert_int_equal(rekey_seen_max(seen, 0), -1);
    assert_int_equal(rekey_seen_max(seen, 1), -1);
    rekey_seen_destroy(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_found_covers_all_before_it_on_the_same_way),
        cmocka_unit_test(the_first_record_counts_too),
        cmocka_unit_test(the_highest_of_a_partition_is_over_all_targets),
        cmocka_unit_test(headers_that_cannot_be_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
