#include "proto/utf8.h"
#include "runtime/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void text_in_any_script_is_valid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "BTCUSDT", "币安人生USDT", "ÄÖ", "\xf0\x9f\x90\xb6", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        assert_true(utf8_is_valid(slice_of_text(texts[i])));
    }
}

static void broken_overlong_and_surrogate_sequences_are_not(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\x80",
        "\xff",
        "a\xc3",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xed\xa0\x80",
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80",
        "\xe2\x82",
        "\xe2\x28\xa1",
        "\xf5\x80\x80\x80",
        "\xe2\x82\x28",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        assert_false(utf8_is_valid(slice_of_text(texts[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_in_any_script_is_valid),
        cmocka_unit_test(broken_overlong_and_surrogate_sequences_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
