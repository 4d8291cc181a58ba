#include "ops/log_start.h"

#include "tests/unit/cmocka.h"
#include "tests/unit/ops/fake_log.h"
#include "tests/unit/runtime/capture.h"

#include <string.h>

enum { DAYS_2 = 2 * 24 * 60 };

struct fixture {
    struct kafka_log log;
    struct log_start start;
    char told[4000];
};

/* A log of two days, cut at its beginning. */
static int setup(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    fake_log_init(&f.log, 1);
    f.log.begin = 100;
    f.log.end = DAYS_2;
    *state = &f;
    return 0;
}

static void find(struct fixture *f, int64_t acked)
{
    struct candle_rules rules = {.intervals = INTERVAL_BIT(INTERVAL_5m), .grace_ms = 2 * MINUTE_MS};
    const struct log_start_options options = {.rules = rules_with_limits(rules, 60 * MINUTE_MS)};
    const struct kafka_log_commit commit = {acked, 0, acked, 0};
    struct capture capture;

    capture_start(&capture);
    enum status status = log_start_find(&f->log, 0, &options, &commit, &f->start);
    (void)capture_stop(&capture, f->told, sizeof(f->told));
    assert_int_equal(status, STATUS_OK);
}

static void assert_told(const struct fixture *f, const char *fields)
{
    const char *line = strstr(f->told, "event=commit_outside");
    assert_non_null(line);
    assert_non_null(strstr(line, fields));
    assert_null(strstr(line + 1, "event=commit_outside"));
}

static void a_commit_within_the_log_is_taken_without_a_word(void **state)
{
    struct fixture *f = *state;
    static const int64_t commits[] = {1000, DAYS_2, 100};
    for (size_t i = 0; i < ARRAY_COUNT(commits); i++) {
        find(f, commits[i]);
        assert_int_equal(f->start.quiet_until, commits[i]);
        assert_null(strstr(f->told, "commit_outside"));
    }
}

static void a_commit_past_the_logs_end_is_told(void **state)
{
    struct fixture *f = *state;
    find(f, DAYS_2 + 7);
    assert_int_equal(f->start.quiet_until, DAYS_2);
    assert_true(f->start.offset < DAYS_2 - 60);
    assert_told(f, "partition=0 committed=2887 log_begin=100 log_end=2880 taken=2880 next_offset=");
}

static void a_commit_before_the_logs_beginning_is_told(void **state)
{
    struct fixture *f = *state;
    find(f, 40);
    assert_int_equal(f->start.offset, 100);
    assert_int_equal(f->start.floor_ms, META_FLOOR_DUE);
    assert_told(f, "partition=0 committed=40 log_begin=100 log_end=2880 taken=100 next_offset=100");
}

static void the_first_kline_is_found_behind_much_garbage(void **state)
{
    struct fixture *f = *state;
    int64_t event_ms;
    assert_int_equal(log_start_first_event_time(&f->log, 0, 100, &event_ms), STATUS_OK);
    assert_int_equal(event_ms, fake_log_open_ms(100) + MINUTE_MS - 1);
    f->log.garbage_end = 1000;
    assert_int_equal(log_start_first_event_time(&f->log, 0, 100, &event_ms), STATUS_OK);
    assert_true(event_ms >= fake_log_open_ms(1000) && event_ms < fake_log_open_ms(2000));
    f->log.garbage_end = DAYS_2;
    assert_int_equal(log_start_first_event_time(&f->log, 0, 100, &event_ms), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_commit_within_the_log_is_taken_without_a_word, setup),
        cmocka_unit_test_setup(a_commit_past_the_logs_end_is_told, setup),
        cmocka_unit_test_setup(a_commit_before_the_logs_beginning_is_told, setup),
        cmocka_unit_test_setup(the_first_kline_is_found_behind_much_garbage, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
