#include "actors/edge/sink_health.h"

#include "tests/unit/cmocka.h"
#include "tests/unit/runtime/capture.h"

#include <string.h>

static size_t lines_of(const char *text, const char *event)
{
    size_t count = 0;
    while ((text = strstr(text, event)) != NULL) {
        count++;
        text++;
    }
    return count;
}

/* Runs the steps and keeps what they logged. */
static void captured(void (*steps)(struct sink_health *health), char *text, size_t size)
{
    struct sink_health health;
    struct capture capture;

    capture_start(&capture);
    sink_health_init(&health, "redis", "redis://host:1/0");
    steps(&health);
    (void)capture_stop(&capture, text, size);
}

static void fail_often(struct sink_health *health)
{
    assert_false(sink_health_is_up(health));
    assert_true(sink_health_set_up(health));
    assert_false(sink_health_set_up(health));
    assert_true(sink_health_is_up(health));
    assert_true(sink_health_set_down(health, "refused", "", 0));
    for (int64_t i = 1; i < 100; i++) {
        assert_false(sink_health_set_down(health, "refused", "", i * 5000));
    }
    assert_true(sink_health_set_up(health));
    assert_true(sink_health_set_down(health, "refused", "", 600000));
}

static void a_change_is_one_line(void **state)
{
    (void)state;
    char text[8192];
    captured(fail_often, text, sizeof(text));
    assert_int_equal(lines_of(text, "event=sink_up"), 2);
    assert_int_equal(lines_of(text, "event=sink_down"), 2);
    assert_int_equal(lines_of(text, "address=redis://host:1/0"), 4);
}

static void fail_differently(struct sink_health *health)
{
    (void)sink_health_set_down(health, "refused", "", 0);
    (void)sink_health_set_down(health, "reset", "", 1000);
    (void)sink_health_set_down(health, "refused", "", 2000);
    (void)sink_health_set_down(health, "NOAUTH", "set a password", 3000);
    (void)sink_health_set_down(health, "reset", "", 62999);
    (void)sink_health_set_down(health, "reset", "", 63000);
}

static void another_reason_is_told_at_once_only_when_something_can_be_done_about_it(void **state)
{
    (void)state;
    char text[8192];
    captured(fail_differently, text, sizeof(text));
    assert_int_equal(lines_of(text, "event=sink_down"), 3);
    assert_int_equal(lines_of(text, "error=refused"), 1);
    assert_int_equal(lines_of(text, "advice=\"set a password\""), 1);
    assert_int_equal(lines_of(text, "error=reset"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_one_line),
        cmocka_unit_test(another_reason_is_told_at_once_only_when_something_can_be_done_about_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
