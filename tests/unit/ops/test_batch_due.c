#include "ops/batch_due.h"

#include "actors/edge/mongo_ledger.h"
#include "ops/cron.h"
#include "ops/rfc3339.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

#define DAYS(n) ((int64_t)(n)*86400000)

/* At 00:30 in Saigon; now is 2026-11-21 18:00 there, so the 20th is the last day that is owed. */
struct setting {
    struct zone *zone;
    struct cron cron;
    struct batch_due due;
};

static int64_t time_of(const char *text)
{
    int64_t time_ms;
    assert_int_equal(rfc3339_parse(text, &time_ms), STATUS_OK);
    return time_ms;
}

static int setup(void **state)
{
    static struct setting s;
    char error[100];
    s = (struct setting){.zone = NULL};
    assert_int_equal(zone_load("Asia/Ho_Chi_Minh", &s.zone), STATUS_OK);
    assert_int_equal(cron_parse("30 0 * * *", &s.cron, error, sizeof(error)), STATUS_OK);
    batch_due_init(&s.due, &s.cron, s.zone, time_of("2026-11-21T11:00:00Z"), DAYS(10));
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct setting *s = *state;
    batch_due_deinit(&s->due);
    zone_destroy(&s->zone);
    return 0;
}

static void take(struct setting *s, const char *date, enum ledger_state ledger_state,
                 int64_t pending, bool was_asked)
{
    struct ledger_day day = {.state = ledger_state, .pending = pending, .was_asked = was_asked};
    (void)snprintf(day.date, sizeof(day.date), "%s", date);
    batch_due_take(&s->due, &day);
}

/* "2026-11-18..2026-11-19 2026-11-20..2026-11-20 " */
static void check_owed(const struct setting *s, const char *wanted)
{
    char found[400] = "";
    size_t index = 0;
    struct zone_date from;
    struct zone_date to;
    while (batch_due_next(&s->due, &index, &from, &to)) {
        char first[ZONE_DATE_TEXT_MAX];
        char last[ZONE_DATE_TEXT_MAX];
        zone_date_print(from, first);
        zone_date_print(to, last);
        size_t size = strlen(found);
        (void)snprintf(found + size, sizeof(found) - size, "%s%s..%s", size == 0 ? "" : " ", first,
                       last);
    }
    assert_string_equal(found, wanted);
}

static void an_empty_ledger_owes_the_last_day_only(void **state)
{
    check_owed(*state, "2026-11-20..2026-11-20");
}

static void days_that_were_missed_are_owed_from_the_first_known_on(void **state)
{
    struct setting *s = *state;
    take(s, "2026-11-13", LEDGER_done, 0, true);
    take(s, "2026-11-14", LEDGER_done, 0, true);
    take(s, "2026-11-17", LEDGER_done, 0, true);
    check_owed(s, "2026-11-15..2026-11-16 2026-11-18..2026-11-20");
}

static void nothing_is_owed_when_all_is_done(void **state)
{
    struct setting *s = *state;
    take(s, "2026-11-19", LEDGER_done, 0, true);
    take(s, "2026-11-20", LEDGER_done, 0, true);
    check_owed(s, "");
}

static void what_lies_further_back_than_allowed_is_left_alone(void **state)
{
    struct setting *s = *state;
    take(s, "2026-11-09", LEDGER_partial, 5, false);
    take(s, "2026-11-10", LEDGER_done, 0, true); /* ten days before the last one */
    check_owed(s, "2026-11-11..2026-11-20");
}

static void after_a_long_outage_all_days_are_owed_that_catch_up_reaches(void **state)
{
    struct setting *s = *state;
    take(s, "2026-01-01", LEDGER_done, 0, true);
    take(s, "2026-01-02", LEDGER_partial, 5, false);
    check_owed(s, "2026-11-10..2026-11-20");
    take(s, "2026-11-20", LEDGER_done, 0, true); /* somebody ran it by hand */
    check_owed(s, "2026-11-10..2026-11-19");
}

static void a_day_with_holes_is_tried_again_when_that_may_help(void **state)
{
    struct setting *s = *state;
    take(s, "2026-11-12", LEDGER_partial, 1, true); /* too long ago */
    take(s, "2026-11-13", LEDGER_done, 0, true);
    take(s, "2026-11-14", LEDGER_partial, 0, false); /* the exchange was away */
    take(s, "2026-11-15", LEDGER_partial, 0, true);  /* nobody has them */
    take(s, "2026-11-16", LEDGER_partial, 2, true);  /* windows that were not over */
    take(s, "2026-11-17", LEDGER_done, 0, true);
    take(s, "2026-11-18", LEDGER_done, 0, true);
    take(s, "2026-11-19", LEDGER_done, 0, true);
    take(s, "2026-11-20", LEDGER_done, 0, true);
    check_owed(s, "2026-11-14..2026-11-14 2026-11-16..2026-11-16");
}

static void a_day_of_which_candles_were_refused_is_tried_again(void **state)
{
    struct setting *s = *state;
    struct ledger_day day = {.state = LEDGER_partial, .date = "2026-11-19", .was_asked = true};
    day.refused = 1;
    batch_due_take(&s->due, &day);
    take(s, "2026-11-20", LEDGER_done, 0, true);
    check_owed(s, "2026-11-19..2026-11-19");
}

static void a_day_with_minutes_of_the_exchange_is_tried_again_for_a_week(void **state)
{
    static const char *const dates[] = {"2026-11-13", "2026-11-14"};
    struct setting *s = *state;
    for (size_t i = 0; i < ARRAY_COUNT(dates); i++) {
        struct ledger_day day = {.state = LEDGER_done, .was_asked = true, .rest_minutes = 5};
        (void)snprintf(day.date, sizeof(day.date), "%s", dates[i]);
        batch_due_take(&s->due, &day);
    }
    for (int day = 15; day <= 20; day++) {
        char date[LEDGER_DATE_MAX];
        (void)snprintf(date, sizeof(date), "2026-11-%02d", day);
        take(s, date, LEDGER_done, 0, true);
    }
    check_owed(s, "2026-11-14..2026-11-14");
}

static void a_day_is_owed_only_when_the_schedule_has_fired_after_it(void **state)
{
    struct setting *s = *state;
    batch_due_deinit(&s->due); /* 00:29 in Saigon: the 21st is over, its run comes in a minute */
    batch_due_init(&s->due, &s->cron, s->zone, time_of("2026-11-21T17:29:00Z"), DAYS(10));
    check_owed(s, "2026-11-20..2026-11-20");
    batch_due_deinit(&s->due);
    batch_due_init(&s->due, &s->cron, s->zone, time_of("2026-11-21T17:30:00Z"), DAYS(10));
    check_owed(s, "2026-11-21..2026-11-21");
    batch_due_deinit(&s->due); /* without a schedule: when the day is over */
    batch_due_init_now(&s->due, s->zone, time_of("2026-11-21T17:00:00Z"), DAYS(10));
    check_owed(s, "2026-11-21..2026-11-21");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(an_empty_ledger_owes_the_last_day_only),
        CASE(days_that_were_missed_are_owed_from_the_first_known_on),
        CASE(nothing_is_owed_when_all_is_done),
        CASE(what_lies_further_back_than_allowed_is_left_alone),
        CASE(after_a_long_outage_all_days_are_owed_that_catch_up_reaches),
        CASE(a_day_with_holes_is_tried_again_when_that_may_help),
        CASE(a_day_of_which_candles_were_refused_is_tried_again),
        CASE(a_day_with_minutes_of_the_exchange_is_tried_again_for_a_week),
        CASE(a_day_is_owed_only_when_the_schedule_has_fired_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
