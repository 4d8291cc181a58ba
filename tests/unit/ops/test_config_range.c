#include "ops/config_range.h"

#include "runtime/base.h"

#include <inttypes.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect_pattern(int64_t min, int64_t max, const char *wanted)
{
    struct text out = {0};
    config_range_add(min, max, &out);
    assert_string_equal(text_get(&out), wanted);
    text_deinit(&out);
}

static void ranges_are_written_as_briefly_as_a_person_would(void **state)
{
    (void)state;
    expect_pattern(0, 0, "0");
    expect_pattern(0, 9, "[0-9]");
    expect_pattern(1, 999, "[1-9][0-9]{0,2}");
    expect_pattern(3, 120, "[3-9]|[1-9][0-9]|1[0-1][0-9]|120");
    expect_pattern(1000, 3600000, "[1-9][0-9]{3,5}|[1-2][0-9]{6}|3[0-5][0-9]{5}|3600000");
}

static bool matches(const regex_t *regex, int64_t number)
{
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, number);
    return regexec(regex, text, 0, NULL, 0) == 0;
}

/* Every number of a neighbourhood around both limits, and what lies between them in steps. */
static void check_range(int64_t min, int64_t max)
{
    struct text pattern = {0};
    regex_t regex;
    text_add(&pattern, "^(");
    config_range_add(min, max, &pattern);
    text_add(&pattern, ")$");
    assert_int_equal(regcomp(&regex, text_get(&pattern), REG_EXTENDED | REG_NOSUB), 0);
    for (int64_t i = -12; i <= 12; i++) {
        assert_int_equal(matches(&regex, min + i),
                         min + i >= min && min + i <= max && min + i >= 0);
        assert_int_equal(matches(&regex, max + i),
                         max + i >= min && max + i <= max && max + i >= 0);
    }
    int64_t step = (max - min) / 37 + 1;
    for (int64_t number = min; number <= max; number += step) {
        assert_true(matches(&regex, number));
    }
    assert_false(matches(&regex, max * 10 + 10));
    regfree(&regex);
    text_deinit(&pattern);
}

static void exactly_the_numbers_of_a_range_match(void **state)
{
    (void)state;
    static const int64_t limits[] = {0, 1, 5, 9, 10, 11, 99, 100, 101, 1023, 60000, 86400000};
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        for (size_t k = i; k < ARRAY_COUNT(limits); k++) {
            check_range(limits[i], limits[k]);
        }
    }
    check_range(1 << 20, 1ll << 50);
    check_range(60000, INT64_C(3153600000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_written_as_briefly_as_a_person_would),
        cmocka_unit_test(exactly_the_numbers_of_a_range_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
