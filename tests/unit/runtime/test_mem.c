#include "runtime/mem.h"

#include "tests/unit/runtime/expect_abort.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void new_memory_is_zero(void **state)
{
    (void)state;
    static const char zeros[300];
    char *bytes = mem_new(100, 3);
    assert_memory_equal(bytes, zeros, sizeof(zeros));
    mem_free(bytes);
    mem_free(NULL);
}

static void memory_keeps_its_content_when_it_grows(void **state)
{
    (void)state;
    char *bytes = mem_resize(NULL, 6, 1);
    memcpy(bytes, "candle", 6);
    bytes = mem_resize(bytes, 1000, 1000);
    assert_memory_equal(bytes, "candle", 6);
    mem_free(bytes);
}

/* volatile: the compiler must not see that the product is too large. */
static volatile size_t half_of_all = SIZE_MAX / 2 + 1;

static void ask_for_more_than_there_is(void *context)
{
    (void)context;
    mem_free(mem_resize(NULL, half_of_all, 2));
}

static void a_size_that_overflows_ends_the_process(void **state)
{
    (void)state;
    assert_true(aborts(ask_for_more_than_there_is, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zero),
        cmocka_unit_test(memory_keeps_its_content_when_it_grows),
        cmocka_unit_test(a_size_that_overflows_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
