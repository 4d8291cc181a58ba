#include "proto/decimal.h"
#include "runtime/rand.h"
#include "tests/unit/proto/decimal_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct decimal decimal_of(const char *text)
{
    struct decimal decimal = {.coefficient = 0};
    if (decimal_parse(slice_of_text(text), &decimal) != STATUS_OK) {
        fail_msg("%s does not parse", text);
    }
    return decimal;
}

static void assert_prints(struct decimal decimal, const char *expected)
{
    char text[DECIMAL_TEXT_MAX];
    size_t size = decimal_print(decimal, text);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
}

static void a_number_prints_with_the_digits_it_was_given(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "1",
        "-3",
        "0.00012",
        "1.500",
        "0.0",
        "93123.45000000",
        "-0.5",
        "0.00000000",
        "10.00",
        "18446744073",
        "9999999999999999.99999999999999",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        assert_prints(decimal_of(texts[i]), texts[i]);
    }
}

static void other_spellings_print_in_the_usual_one(void **state)
{
    (void)state;
    assert_prints(decimal_of("007.10"), "7.10");
    assert_prints(decimal_of("-0"), "0");
    assert_prints(decimal_of("-0.00"), "0.00");
    assert_prints(decimal_of(".5"), "0.5");
    assert_prints(decimal_of("5."), "5");
    assert_false(decimal_is_negative(decimal_of("-0")));
}

static void what_is_no_number_is_malformed_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",    "-",   ".",     "-.",   "+1",
        "1e5", " 1",  "1 ",    "1,5",  "--1",
        "1-1", "0x1", "1.2.3", "..1",  "nan",
        "inf", "1\n", "½",     "1.-1", "99999999999999999999999999999999999999999x",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct decimal decimal = {.coefficient = 42, .scale = 1};
        assert_int_equal(decimal_parse(slice_of_text(texts[i]), &decimal), STATUS_MALFORMED);
        assert_prints(decimal, "4.2");
    }
    struct decimal decimal;
    assert_int_equal(decimal_parse((struct slice){NULL, 0}, &decimal), STATUS_MALFORMED);
    assert_int_equal(decimal_parse((struct slice){"1\0", 2}, &decimal), STATUS_MALFORMED);
}

static void more_digits_than_fit_are_out_of_range(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "10000000000000000",
        "-10000000000000000",
        "0.000000000000001",
        "0.0000000000000010",
        "99999999999999999999999999999999999999999999999999",
        "0.11111111111111111111111111111111111111111111111111",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct decimal decimal = {.coefficient = 42, .scale = 1};
        assert_int_equal(decimal_parse(slice_of_text(texts[i]), &decimal), STATUS_RANGE);
        assert_prints(decimal, "4.2");
    }
}

static void zeros_without_value_do_not_count_as_digits(void **state)
{
    (void)state;
    assert_prints(decimal_of("000000000000000000000000000000001"), "1");
    assert_prints(decimal_of("1.1000000000000000000000000"), "1.10000000000000");
    assert_prints(decimal_of("0.00000000000000000000000000"), "0.00000000000000");
}

static void sums_and_comparisons_agree_with_python(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(decimal_vectors); i++) {
        const struct decimal_vector *vector = &decimal_vectors[i];
        struct decimal sum = decimal_of(vector->a);
        struct decimal b = decimal_of(vector->b);
        int order = decimal_compare(sum, b);

        assert_int_equal((order > 0) - (order < 0), vector->order);
        assert_int_equal(decimal_compare(b, sum), -order);
        assert_int_equal(decimal_add(&sum, b), STATUS_OK);
        assert_prints(sum, vector->sum);
    }
}

enum { NAIVE_DIGITS = 60, NAIVE_SCALE = 14 };

/* A naive number, to check ours against: digits with 14 after the point, the lowest first. */
struct naive {
    unsigned char digits[NAIVE_DIGITS];
};

static struct naive naive_of(const char *text)
{
    struct naive naive = {.digits = {0}};
    const char *point = strchr(text, '.');
    size_t integer_count = point != NULL ? (size_t)(point - text) : strlen(text);
    for (size_t i = 0; i < integer_count; i++) {
        naive.digits[NAIVE_SCALE + integer_count - 1 - i] = (unsigned char)(text[i] - '0');
    }
    for (size_t i = 0; point != NULL && point[1 + i] != '\0'; i++) {
        naive.digits[NAIVE_SCALE - 1 - i] = (unsigned char)(point[1 + i] - '0');
    }
    return naive;
}

static void naive_add(struct naive *sum, const struct naive *addend)
{
    unsigned carry = 0;
    for (size_t i = 0; i < NAIVE_DIGITS; i++) {
        unsigned digit = carry + sum->digits[i] + addend->digits[i];
        sum->digits[i] = (unsigned char)(digit % 10);
        carry = digit / 10;
    }
}

static void random_number(struct rand *rand, char text[40])
{
    size_t integer_count = 1 + rand_below(rand, DECIMAL_INTEGER_DIGITS_MAX);
    size_t fraction_count = rand_below(rand, DECIMAL_SCALE_MAX + 1);
    size_t size = 0;
    for (size_t i = 0; i < integer_count; i++) {
        /* no leading zero, so that the text is the usual one */
        text[size++] = (char)('0' + (i == 0 && integer_count > 1 ? 1 + rand_below(rand, 9)
                                                                 : rand_below(rand, 10)));
    }
    if (fraction_count > 0) {
        text[size++] = '.';
    }
    for (size_t i = 0; i < fraction_count; i++) {
        text[size++] = (char)('0' + rand_below(rand, 10));
    }
    text[size] = '\0';
}

static void any_number_survives_parsing_and_printing(void **state)
{
    (void)state;
    struct rand rand = {.state = 7};
    for (int i = 0; i < 20000; i++) {
        char text[41] = "-";
        random_number(&rand, text + 1);
        assert_prints(decimal_of(text + 1), text + 1);
        if (strpbrk(text, "123456789") != NULL) {
            assert_prints(decimal_of(text), text);
        }
    }
}

static void sums_over_a_day_agree_with_naive_arithmetic(void **state)
{
    (void)state;
    struct rand rand = {.state = 11};
    for (int day = 0; day < 20; day++) {
        struct decimal sum = {.coefficient = 0};
        struct naive naive_sum = {.digits = {0}};
        for (int minute = 0; minute < 1440; minute++) {
            char text[40];
            random_number(&rand, text);
            struct naive naive = naive_of(text);
            naive_add(&naive_sum, &naive);
            assert_int_equal(decimal_add(&sum, decimal_of(text)), STATUS_OK);
        }
        char text[DECIMAL_TEXT_MAX];
        decimal_print(sum, text);
        struct naive naive = naive_of(text);
        assert_memory_equal(&naive, &naive_sum, sizeof(naive));
    }
}

static void a_day_of_the_largest_numbers_can_be_summed(void **state)
{
    (void)state;
    struct decimal sum = {.coefficient = 0};
    for (int minute = 0; minute < 1440; minute++) {
        assert_int_equal(decimal_add(&sum, decimal_of("9999999999999999.99999999999999")),
                         STATUS_OK);
    }
    assert_prints(sum, "14399999999999999999.99999999998560");
}

static void a_sum_beyond_34_digits_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct decimal sum = {.coefficient = 1};
    for (int i = 0; i < 33; i++) {
        sum.coefficient *= 10; /* 34 digits */
    }
    struct decimal nine_times = sum;
    nine_times.coefficient = sum.coefficient * 9 - 1;
    struct decimal whole = sum;
    assert_int_equal(decimal_add(&whole, nine_times), STATUS_OK);
    assert_prints(whole, "9999999999999999999999999999999999");
    assert_int_equal(decimal_add(&whole, decimal_of("1")), STATUS_RANGE);
    assert_prints(whole, "9999999999999999999999999999999999");
    assert_int_equal(decimal_add(&whole, decimal_of("0.1")), STATUS_RANGE);
    assert_prints(whole, "9999999999999999999999999999999999");
}

static void comparing_never_overflows(void **state)
{
    (void)state;
    struct decimal huge = {.coefficient = (int128)(~(uint128)0 >> 1)};
    struct decimal lowest = {.coefficient = -huge.coefficient - 1};
    struct decimal tiny = decimal_of("0.00000000000001");

    assert_true(decimal_compare(huge, tiny) > 0);
    assert_true(decimal_compare(tiny, huge) < 0);
    assert_true(decimal_compare(lowest, tiny) < 0);
    assert_true(decimal_compare(tiny, lowest) > 0);
    assert_prints(huge, "170141183460469231731687303715884105727");
    assert_prints(lowest, "-170141183460469231731687303715884105728");
    lowest.scale = DECIMAL_SCALE_MAX;
    assert_prints(lowest, "-1701411834604692317316873.03715884105728");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_prints_with_the_digits_it_was_given),
        cmocka_unit_test(other_spellings_print_in_the_usual_one),
        cmocka_unit_test(what_is_no_number_is_malformed_and_changes_nothing),
        cmocka_unit_test(more_digits_than_fit_are_out_of_range),
        cmocka_unit_test(zeros_without_value_do_not_count_as_digits),
        cmocka_unit_test(sums_and_comparisons_agree_with_python),
        cmocka_unit_test(any_number_survives_parsing_and_printing),
        cmocka_unit_test(sums_over_a_day_agree_with_naive_arithmetic),
        cmocka_unit_test(a_day_of_the_largest_numbers_can_be_summed),
        cmocka_unit_test(a_sum_beyond_34_digits_is_refused_and_changes_nothing),
        cmocka_unit_test(comparing_never_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
