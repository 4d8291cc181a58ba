#include "tests/unit/cmocka.h"

#include "ops/batch_symbols.h"

#include <stdio.h>
#include <string.h>

static void each_name_stands_there_once_and_in_order(void **state)
{
    struct batch_symbols symbols = {.count = 0};
    char name[16];
    (void)state;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "S%02d", (i * 37) % 100);
        batch_symbols_add(&symbols, name);
    }
    assert_int_equal(symbols.count, 100);
    for (size_t i = 1; i < symbols.count; i++) {
        assert_true(strcmp(symbols.names[i - 1], symbols.names[i]) < 0);
    }
    batch_symbols_deinit(&symbols);
    assert_int_equal(symbols.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_name_stands_there_once_and_in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
