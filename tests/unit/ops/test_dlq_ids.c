#include "ops/dlq_ids.h"

#include "tests/unit/cmocka.h"

#include <stdio.h>

enum { IDS = 20000 };

static void print_id(char id[64], int number)
{
    snprintf(id, 64, "crypto_kline_1m/%d/%d", number % 5, number);
}

static void an_id_is_new_once(void **state)
{
    (void)state;
    struct dlq_ids ids = {.count = 0};
    char id[64];
    assert_false(dlq_ids_has(&ids, "x"));
    for (int i = 0; i < IDS; i++) {
        print_id(id, i);
        assert_false(dlq_ids_has(&ids, id));
        assert_true(dlq_ids_add(&ids, id));
        assert_false(dlq_ids_add(&ids, id));
    }
    for (int i = 0; i < IDS; i++) {
        print_id(id, i);
        assert_true(dlq_ids_has(&ids, id));
    }
    assert_int_equal(ids.count, IDS);
    dlq_ids_deinit(&ids);
    assert_int_equal(ids.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_new_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
