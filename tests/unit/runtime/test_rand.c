#include "runtime/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The reference output of SplitMix64 for the seed 1234567: seeds that failed once must stay good.
 */
static void a_seed_gives_the_same_numbers_everywhere(void **state)
{
    (void)state;
    struct rand rand = {.state = 1234567};
    assert_true(rand_next(&rand) == UINT64_C(6457827717110365317));
    assert_true(rand_next(&rand) == UINT64_C(3203168211198807973));
    assert_true(rand_next(&rand) == UINT64_C(9817491932198370423));
}

static void numbers_stay_below_the_bound_and_reach_all_of_it(void **state)
{
    (void)state;
    struct rand rand = {.state = 1};
    unsigned seen = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t number = rand_below(&rand, 10);
        assert_true(number < 10);
        seen |= 1u << number;
    }
    assert_int_equal(seen, 0x3ff);
    assert_int_equal(rand_below(&rand, 1), 0);
}

static void a_chance_is_a_percentage(void **state)
{
    (void)state;
    struct rand rand = {.state = 2};
    int hits = 0;
    for (int i = 0; i < 10000; i++) {
        assert_false(rand_chance(&rand, 0));
        assert_true(rand_chance(&rand, 100));
        hits += rand_chance(&rand, 30);
    }
    assert_in_range(hits, 2800, 3200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_gives_the_same_numbers_everywhere),
        cmocka_unit_test(numbers_stay_below_the_bound_and_reach_all_of_it),
        cmocka_unit_test(a_chance_is_a_percentage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
