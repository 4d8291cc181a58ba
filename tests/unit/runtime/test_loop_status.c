#include "runtime/loop_status.h"

#include "tests/unit/runtime/capture.h"

#include <string.h>
#include <uv.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char output[4096];

static enum status translate(int uv_code)
{
    struct capture capture;
    capture_start(&capture);
    enum status status = loop_status(uv_code, "uv_listen");
    (void)capture_stop(&capture, output, sizeof(output));
    return status;
}

static void success_is_silent(void **state)
{
    (void)state;
    assert_int_equal(translate(0), STATUS_OK);
    assert_int_equal(translate(17), STATUS_OK); /* some calls return a count */
    assert_string_equal(output, "");
}

static void a_failure_is_logged_in_the_words_of_libuv(void **state)
{
    (void)state;
    assert_int_equal(translate(UV_EMFILE), STATUS_IO);
    assert_non_null(strstr(output, "event=loop_call_failed"));
    assert_non_null(strstr(output, "call=uv_listen error=\"too many open files\"\n"));
    assert_int_equal(translate(UV_ETIMEDOUT), STATUS_TIMED_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_is_silent),
        cmocka_unit_test(a_failure_is_logged_in_the_words_of_libuv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
