#include "proto/eight.h"
#include "runtime/rand.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

/* Every byte in every place, among seven others that are as wanted. */
static void one_byte_of_another_kind_is_seen_in_any_place(void **state)
{
    (void)state;
    for (size_t place = 0; place < 8; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char digits[8] = {'0', '9', '5', '1', '8', '0', '9', '3'};
            char plain[8] = {'a', ' ', '~', '0', '!', '#', '[', ']'};
            digits[place] = (char)byte;
            plain[place] = (char)byte;
            assert_int_equal(eight_are_digits(eight_load(digits)), is_digit((char)byte));
            assert_int_equal(eight_digits(eight_load(digits)), is_digit((char)byte) ? 8 : place);
            assert_int_equal(eight_are_plain(eight_load(plain)), is_plain((unsigned char)byte));
        }
    }
}

/* A borrow of one byte must not reach the next one. */
static void any_bytes_are_judged_one_by_one(void **state)
{
    (void)state;
    struct rand rand = {.state = 7};
    static const char few[] = "\"!\\[0/9:\x1f \x7f\x80";
    for (int i = 0; i < 200000; i++) {
        char text[8];
        bool are_digits = true;
        bool are_plain = true;
        size_t digits = 0;
        for (size_t at = 0; at < 8; at++) {
            text[at] = few[rand_below(&rand, sizeof(few) - 1)];
            are_digits = are_digits && is_digit(text[at]);
            digits += are_digits;
            are_plain = are_plain && is_plain((unsigned char)text[at]);
        }
        assert_int_equal(eight_are_digits(eight_load(text)), are_digits);
        assert_int_equal(eight_are_plain(eight_load(text)), are_plain);
        assert_int_equal(eight_digits(eight_load(text)), digits);
    }
}

static void eight_digits_are_a_number(void **state)
{
    (void)state;
    struct rand rand = {.state = 8};
    for (int i = 0; i < 100000; i++) {
        char text[9];
        uint64_t number = i == 0 ? 0 : i == 1 ? 99999999 : rand_below(&rand, 100000000);
        snprintf(text, sizeof(text), "%08u", (unsigned)number);
        assert_int_equal(eight_value(eight_load(text)), number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_byte_of_another_kind_is_seen_in_any_place),
        cmocka_unit_test(any_bytes_are_judged_one_by_one),
        cmocka_unit_test(eight_digits_are_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
