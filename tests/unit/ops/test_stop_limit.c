#include "ops/stop_limit.h"

#include "tests/unit/cmocka.h"

#include <sys/wait.h>
#include <unistd.h>

enum { SHORT_MS = 20, LONG_MS = 3600000, CODE = 7 };

static int code_of(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_clean_up_that_hangs_is_ended(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct stop_limit limit;
        stop_limit_begin(&limit, SHORT_MS, CODE);
        for (;;) {
            pause();
        }
    }
    assert_int_equal(code_of(child), CODE);
}

static void one_that_ends_by_itself_is_left_alone(void **state)
{
    (void)state;
    struct stop_limit limit;
    stop_limit_begin(&limit, LONG_MS, CODE);
    assert_true(limit.is_running);
    stop_limit_end(&limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_up_that_hangs_is_ended),
        cmocka_unit_test(one_that_ends_by_itself_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
