#include "runtime/backoff.h"

#include "runtime/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_delay_stays_below_its_exponential_ceiling(void **state)
{
    (void)state;
    static const int64_t ceilings_ms[] = {100, 200, 400, 800, 1000, 1000};
    int64_t largest_ms[ARRAY_COUNT(ceilings_ms)] = {0};

    for (uint64_t seed = 0; seed < 5000; seed++) {
        struct backoff backoff;
        backoff_init(&backoff, 100, 1000, seed);
        for (size_t i = 0; i < ARRAY_COUNT(ceilings_ms); i++) {
            int64_t delay_ms = backoff_next_ms(&backoff);
            assert_in_range(delay_ms, 1, ceilings_ms[i]);
            if (delay_ms > largest_ms[i]) {
                largest_ms[i] = delay_ms;
            }
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(ceilings_ms); i++) {
        assert_true(largest_ms[i] > ceilings_ms[i] * 98 / 100); /* the whole range is used */
    }
}

static void delays_are_spread_evenly(void **state)
{
    (void)state;
    enum { DRAWS = 20000, QUARTERS = 4 };
    int counts[QUARTERS + 1] = {0};
    struct backoff backoff;
    backoff_init(&backoff, 1000, 1000, 1);
    for (int i = 0; i < DRAWS; i++) {
        counts[backoff_next_ms(&backoff) / 251]++;
    }
    for (int i = 0; i < QUARTERS; i++) {
        assert_in_range(counts[i], DRAWS / 5, DRAWS * 3 / 10);
    }
}

static void ten_thousand_failures_do_not_overflow(void **state)
{
    (void)state;
    static const int64_t maxima_ms[] = {1, 30000, INT64_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(maxima_ms); i++) {
        struct backoff backoff;
        backoff_init(&backoff, 1, maxima_ms[i], i);
        for (int attempt = 0; attempt < 10000; attempt++) {
            assert_in_range(backoff_next_ms(&backoff), 1, maxima_ms[i]);
        }
        backoff.attempts = UINT32_MAX;
        assert_in_range(backoff_next_ms(&backoff), 1, maxima_ms[i]);
        assert_int_equal(backoff.attempts, UINT32_MAX);
    }
}

static void success_makes_the_next_delay_short_again(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 10, 60000, 3);
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 20; i++) {
            (void)backoff_next_ms(&backoff);
        }
        backoff_reset(&backoff);
        assert_in_range(backoff_next_ms(&backoff), 1, 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delay_stays_below_its_exponential_ceiling),
        cmocka_unit_test(delays_are_spread_evenly),
        cmocka_unit_test(ten_thousand_failures_do_not_overflow),
        cmocka_unit_test(success_makes_the_next_delay_short_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
