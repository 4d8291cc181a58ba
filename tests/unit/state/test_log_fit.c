#include "runtime/base.h"
#include "state/meta_fields.h"
#include "state/recovery.h"
#include "tests/unit/cmocka.h"

static const struct record_fingerprint ours = {1000, 320, 0xabcd, true};
static const struct record_fingerprint other_time = {1001, 320, 0xabcd, true};
static const struct record_fingerprint other_size = {1000, 321, 0xabcd, true};
static const struct record_fingerprint other_bytes = {1000, 320, 0xabce, true};
static const struct record_fingerprint unknown = {.is_known = false};

static void the_log_is_judged_by_its_ends_and_by_the_record_before(void **state)
{
    (void)state;
    static const struct {
        const char *story;
        int64_t next_offset;
        const struct record_fingerprint *remembered;
        int64_t log_begin;
        int64_t log_end;
        const struct record_fingerprint *before;
        enum log_fit fit;
    } cases[] = {
        {"nothing was read", -1, &unknown, 0, 0, NULL, LOG_FIT_fits},
        {"nothing was read of a log that is old", -1, &unknown, 500, 900, NULL, LOG_FIT_fits},
        {"the log goes on", 10, &ours, 0, 20, &ours, LOG_FIT_fits},
        {"all is read", 10, &ours, 0, 10, &ours, LOG_FIT_fits},
        {"nothing came before the first", 0, &unknown, 0, 20, NULL, LOG_FIT_fits},
        {"an empty log, from its beginning", 0, &unknown, 0, 0, NULL, LOG_FIT_fits},
        {"another time", 10, &ours, 0, 20, &other_time, LOG_FIT_differs},
        {"another size", 10, &ours, 0, 20, &other_size, LOG_FIT_differs},
        {"other bytes", 10, &ours, 0, 20, &other_bytes, LOG_FIT_differs},
        {"a quiet topic: retention took all", 10, &ours, 10, 10, NULL, LOG_FIT_unverified},
        {"retention took the record before", 10, &ours, 10, 20, NULL, LOG_FIT_unverified},
        {"compaction took the record before", 10, &ours, 3, 20, NULL, LOG_FIT_unverified},
        {"it was looked up and not found", 10, &ours, 3, 20, &unknown, LOG_FIT_unverified},
        {"we remember none", 10, &unknown, 3, 20, &ours, LOG_FIT_unverified},
        {"recreated, and empty", 10, &ours, 0, 0, NULL, LOG_FIT_ends_before},
        {"cut by one", 10, &ours, 0, 9, NULL, LOG_FIT_ends_before},
        {"cut, although a record is told", 10, &ours, 0, 9, &ours, LOG_FIT_ends_before},
        {"one record too late", 10, &ours, 11, 20, NULL, LOG_FIT_begins_after},
        {"too late, and all is gone", 10, &ours, 11, 11, NULL, LOG_FIT_begins_after},
        {"too late for the first", 0, &unknown, 1, 20, NULL, LOG_FIT_begins_after},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct meta meta = meta_fields_default();
        meta.next_offset = cases[i].next_offset;
        meta.fingerprint = *cases[i].remembered;
        enum log_fit fit =
            log_fit_judge(&meta, cases[i].log_begin, cases[i].log_end, cases[i].before);
        if (fit != cases[i].fit) {
            fail_msg("%s: %s instead of %s", cases[i].story, log_fit_name(fit),
                     log_fit_name(cases[i].fit));
        }
    }
}

static void two_of_them_let_the_state_go_on(void **state)
{
    (void)state;
    int good = 0;
    for (int i = 0; i < LOG_FIT_COUNT; i++) {
        good += log_fit_is_good((enum log_fit)i);
        assert_non_null(log_fit_text((enum log_fit)i));
    }
    assert_int_equal(good, 2);
    assert_true(log_fit_is_good(LOG_FIT_fits));
    assert_true(log_fit_is_good(LOG_FIT_unverified));
    assert_string_equal(log_fit_name(LOG_FIT_begins_after), "begins_after");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_is_judged_by_its_ends_and_by_the_record_before),
        cmocka_unit_test(two_of_them_let_the_state_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
