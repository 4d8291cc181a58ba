#include "ops/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_bar_tells_share_count_and_time_left(void **state)
{
    (void)state;
    struct progress progress;
    struct text out = {0};
    progress_init(&progress, false, "replaying", 1000, 0);
    progress_print(&progress, 250, 12, 4000, &out);
    assert_string_equal(text_get(&out),
                        "replaying [======>                 ]  25 %  12 records  12 s left");
    text_deinit(&out);
    progress_print(&progress, 2000, 99, 1000, &out);
    assert_string_equal(text_get(&out), "replaying [========================] 100 %  99 records");
    text_deinit(&out);
    progress_init(&progress, false, "reading", 0, 0);
    progress_print(&progress, 250, 12, 4000, &out);
    assert_string_equal(text_get(&out), "reading  12 records");
    text_deinit(&out);
}

static void without_a_terminal_nothing_is_drawn(void **state)
{
    (void)state;
    struct progress progress;
    progress_init(&progress, false, "replaying", 1000, 0);
    assert_null(progress.out);
    progress_step(&progress, 1, 1, 1000);
    progress_deinit(&progress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bar_tells_share_count_and_time_left),
        cmocka_unit_test(without_a_terminal_nothing_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
