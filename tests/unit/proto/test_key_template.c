#include "proto/key_template.h"

#include "proto/kline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct key_template parsed(const char *text)
{
    struct key_template template;
    char error[160] = "";
    if (key_template_parse(text, &template, error, sizeof(error)) != STATUS_OK) {
        fail_msg("%s: %s", text, error);
    }
    return template;
}

static void placeholders_are_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *template;
        const char *key;
    } rows[] = {
        {"crypto:{symbol}:{interval}:{openTime}", "crypto:BTCUSDT:5m:1628952360000"},
        {"crypto:{symbol}:{interval}:index", "crypto:BTCUSDT:5m:index"},
        {"{openTime}{openTime}", "16289523600001628952360000"},
        {"candles", "candles"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct key_template template = parsed(rows[i].template);
        char key[KEY_MAX];
        size_t size = key_template_render(&template, "BTCUSDT", "5m", 1628952360000, key);
        assert_string_equal(key, rows[i].key);
        assert_int_equal(size, strlen(key));
    }
}

static void a_template_knows_what_is_in_it(void **state)
{
    (void)state;
    struct key_template template = parsed("crypto:{symbol}:{openTime}");
    assert_true(key_template_has(&template, KEY_PART_symbol));
    assert_true(key_template_has(&template, KEY_PART_open_time));
    assert_true(key_template_has(&template, KEY_PART_text));
    assert_false(key_template_has(&template, KEY_PART_interval));
}

static void a_bad_template_is_refused_with_its_fault(void **state)
{
    (void)state;
    char long_text[KEY_TEMPLATE_TEXT_MAX + 1];
    memset(long_text, 'a', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    const struct {
        const char *template;
        const char *fault;
    } rows[] = {
        {"", "0 bytes"},
        {long_text, "256 bytes"},
        {"{Symbol}", "'{Symbol}' is none of"},
        {"a{symbol", "'{symbol' is none of"},
        {"a}b", "'}b' is none of"},
        {"{{symbol}}", "'{{symbol}}' is none of"},
        {"{opentime}", "'{opentime}' is none of"},
        {"a{interval}a{interval}a{interval}a{interval}a{interval}a{interval}a{interval}a{interval}"
         "a",
         "more than 16 parts"},
        {"{symbol}{symbol}{symbol}{symbol}{symbol}{symbol}{symbol}{symbol}{symbol}{symbol}",
         "up to 640 bytes"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct key_template template = {.part_count = 99};
        char error[160] = "";
        assert_int_equal(key_template_parse(rows[i].template, &template, error, sizeof(error)),
                         STATUS_BAD_CONFIG);
        assert_non_null(strstr(error, rows[i].fault));
        assert_int_equal(template.part_count, 99);
    }
}

static void the_longest_key_fits(void **state)
{
    (void)state;
    struct key_template template =
        parsed("{symbol}{symbol}{symbol}{symbol}{symbol}{symbol}{symbol}{symbol}{symbol}-{openTime}"
               "{openTime}");
    char symbol[SYMBOL_BYTES_MAX + 1];
    char key[KEY_MAX];
    memset(symbol, 'S', SYMBOL_BYTES_MAX);
    symbol[SYMBOL_BYTES_MAX] = '\0';
    assert_int_equal(key_template_render(&template, symbol, "15m", INT64_MIN, key),
                     9 * 64 + 1 + 40);
    assert_int_equal(strlen(key), 9 * 64 + 1 + 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_are_replaced),
        cmocka_unit_test(a_template_knows_what_is_in_it),
        cmocka_unit_test(a_bad_template_is_refused_with_its_fault),
        cmocka_unit_test(the_longest_key_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
