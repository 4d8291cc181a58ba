#include "ops/rfc3339.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t parsed(const char *text)
{
    int64_t time_ms = -1;
    assert_int_equal(rfc3339_parse(text, &time_ms), STATUS_OK);
    return time_ms;
}

static void times_are_read_with_offsets_and_fractions(void **state)
{
    (void)state;
    assert_int_equal(parsed("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(parsed("2026-02-01"), 1769904000000);
    assert_int_equal(parsed("2026-02-01T07:00:00+07:00"), 1769904000000);
    assert_int_equal(parsed("2026-01-31T19:30:00-04:30"), 1769904000000);
    assert_int_equal(parsed("2026-02-01T00:00:00.0019Z"), 1769904000001);
    assert_int_equal(parsed("2024-02-29 12:00:00z"), 1709208000000);
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "yesterday",
        "2026-02-30",
        "2026-13-01",
        "2026-02-01T24:00:00Z",
        "2026-02-01T00:00:00",
        "2026",
        "2026-02-01T00:00:00Zx",
        "2026-02-01T00:00:00.Z",
        "2026-02-01T00:00:00+7",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        int64_t time_ms = 7;
        assert_int_equal(rfc3339_parse(wrong[i], &time_ms), STATUS_MALFORMED);
        assert_int_equal(time_ms, 7);
    }
}

static void what_is_printed_is_read_back(void **state)
{
    (void)state;
    static const int64_t times[] = {0, 1769904000000, 1769904000123, -1, 253402300799000};
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        char text[RFC3339_TEXT_MAX];
        rfc3339_print(times[i], text);
        assert_int_equal(parsed(text), times[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_with_offsets_and_fractions),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(what_is_printed_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
