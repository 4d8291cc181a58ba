#include "actors/core/feed_budget.h"

#include "tests/unit/cmocka.h"

static void units_are_spent_within_a_window_and_come_back_after_it(void **state)
{
    struct feed_budget budget;
    (void)state;
    feed_budget_init(&budget, 10, 1000);
    assert_true(feed_budget_allows(&budget, 10, 5));
    feed_budget_use(&budget, 8, 5);
    assert_false(feed_budget_allows(&budget, 3, 1004));
    assert_true(feed_budget_allows(&budget, 2, 1004));
    assert_true(feed_budget_allows(&budget, 10, 1005));
}

static void what_the_exchange_counts_holds_when_it_is_more(void **state)
{
    struct feed_budget budget;
    (void)state;
    feed_budget_init(&budget, 10, 1000);
    feed_budget_use(&budget, 4, 0);
    feed_budget_told_used(&budget, 2, 0);
    assert_true(feed_budget_allows(&budget, 6, 0));
    feed_budget_told_used(&budget, 9, 0);
    assert_false(feed_budget_allows(&budget, 2, 0));
}

static void a_wait_ends_when_the_longest_that_was_told_is_over(void **state)
{
    struct feed_budget budget;
    (void)state;
    feed_budget_init(&budget, 10, 1000);
    feed_budget_wait(&budget, 500, 0);
    feed_budget_wait(&budget, 100, 0);
    assert_false(feed_budget_allows(&budget, 1, 499));
    assert_true(feed_budget_allows(&budget, 1, 500));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_spent_within_a_window_and_come_back_after_it),
        cmocka_unit_test(what_the_exchange_counts_holds_when_it_is_more),
        cmocka_unit_test(a_wait_ends_when_the_longest_that_was_told_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
