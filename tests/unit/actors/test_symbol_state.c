#include "tests/unit/actors/partition_fixture.h"

/* Told are minutes and all intervals of the rules. */
static struct candle_rules rules_of(interval_set intervals)
{
    return rules_with_limits(
        (struct candle_rules){.intervals = intervals,
                              .outputs = (interval_set)(intervals | INTERVAL_BIT(INTERVAL_1m)),
                              .grace_ms = 2 * MINUTE_MS,
                              .uses_trade_ids = true},
        60 * MINUTE_MS);
}

static interval_set with_5m(enum interval interval)
{
    return (interval_set)(INTERVAL_BIT(INTERVAL_5m) | INTERVAL_BIT(interval));
}

/* Minutes that lie side by side, each in a checkpoint of its own; the last one stays in the air. */
static void tell_minutes(struct fixture *f, int64_t first, int64_t last)
{
    for (int64_t minute = first; minute <= last; minute++) {
        if (minute > first) {
            commit(f);
        }
        tell_minute(f, minute, minute, minute * 10 + 1);
    }
}

/* It moves time; no symbol hears of it. */
static void tell_time(struct fixture *f, int64_t offset, int64_t minute)
{
    struct kline kline = one_kline();
    kline.open_ms = minute * MINUTE_MS;
    kline.event_ms = kline.open_ms;
    kline.is_closed = false;
    f->record.value.size = kline_print_json(&kline, f->json);
    f->record.offset = offset;
    f->record.timestamp_ms = kline.event_ms;
    tell_record(f);
    run(f);
}

static void a_window_that_was_whole_before_its_interval_came_is_told(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_by_rules(rules_of(INTERVAL_BIT(INTERVAL_5m)));
    run(f);
    tell_minutes(f, 0, 14);
    commit(f);
    restart_partition(f, rules_of(with_5m(INTERVAL_15m)));
    tell_time(f, 15, 17);
    assert_int_equal(window_owed(f, INTERVAL_15m, 0).minutes, 15);
    assert_true(window_owed(f, INTERVAL_15m, 0).is_complete);
    assert_int_equal(revision_offset(window_owed(f, INTERVAL_15m, 0).revision), 14);
    commit(f);
    close_fixture(f);
}

static void a_new_interval_knows_of_trades_that_were_missing_before_it_came(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_by_rules(rules_of(INTERVAL_BIT(INTERVAL_5m)));
    run(f);
    tell_minute(f, 0, 1, 1);
    commit(f);
    tell_minute(f, 1, 2, 15); /* 11 to 14 are missing */
    commit(f);
    restart_partition(f, rules_of(with_5m(INTERVAL_15m)));
    tell_minute(f, 2, 3, 25);
    commit(f);
    tell_time(f, 3, 17);
    assert_int_equal(window_owed(f, INTERVAL_15m, 0).minutes, 3);
    assert_int_equal(window_owed(f, INTERVAL_15m, 0).missing_trades, 4);
    commit(f);
    close_fixture(f);
}

static void a_window_whose_interval_was_away_holds_what_came_meanwhile(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_by_rules(rules_of(with_5m(INTERVAL_15m)));
    run(f);
    tell_minutes(f, 0, 2);
    commit(f);
    restart_partition(f, rules_of(INTERVAL_BIT(INTERVAL_5m)));
    tell_minutes(f, 3, 5);
    commit(f);
    restart_partition(f, rules_of(with_5m(INTERVAL_15m)));
    tell_minutes(f, 6, 14);
    assert_int_equal(window_owed(f, INTERVAL_15m, 0).minutes, 15);
    commit(f);
    close_fixture(f);
}

/* The checkpoint that says by which rules the state is holds no window by others. */
static void a_symbol_that_was_silent_between_two_starts_is_by_the_new_rules_too(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_by_rules(rules_of(with_5m(INTERVAL_15m)));
    run(f);
    tell_minutes(f, 0, 2);
    commit(f);
    restart_partition(f, rules_of(INTERVAL_BIT(INTERVAL_5m)));
    tell_minutes(f, 3, 5);
    commit(f);
    restart_partition(f, rules_of(with_5m(INTERVAL_15m)));
    f->record.value = slice_of_text("nonsense");
    f->record.offset = 6;
    tell_record(f);
    run(f);
    commit(f);
    f->record.value = (struct slice){f->json, 0};
    restart_partition(f, rules_of(with_5m(INTERVAL_15m)));
    tell_minute(f, 7, 6, 61);
    commit(f);
    tell_time(f, 8, 17);
    assert_int_equal(window_owed(f, INTERVAL_15m, 0).minutes, 7);
    commit(f);
    close_fixture(f);
}

/* Of two hours the first minutes would be gone before they end: 65 minutes were admitted. */
static void the_first_window_of_a_longer_interval_is_told_when_all_of_it_stays(void **state)
{
    (void)state;
    const struct {
        enum interval interval;
        int64_t told; /* minutes; -1: it is not */
    } cases[] = {{INTERVAL_1h, 3}, {INTERVAL_2h, -1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture *f = open_fixture_by_rules(rules_of(INTERVAL_BIT(INTERVAL_5m)));
        run(f);
        tell_minutes(f, 0, 1);
        commit(f);
        restart_partition(f, rules_of(with_5m(cases[i].interval)));
        tell_minute(f, 2, 2, 21);
        commit(f);
        tell_time(f, 3, 150);
        assert_int_equal(window_owed(f, cases[i].interval, 0).minutes, cases[i].told);
        assert_int_equal(window_owed(f, INTERVAL_5m, 0).minutes, 3);
        commit(f);
        close_fixture(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_that_was_whole_before_its_interval_came_is_told),
        cmocka_unit_test(a_new_interval_knows_of_trades_that_were_missing_before_it_came),
        cmocka_unit_test(a_window_whose_interval_was_away_holds_what_came_meanwhile),
        cmocka_unit_test(the_first_window_of_a_longer_interval_is_told_when_all_of_it_stays),
        cmocka_unit_test(a_symbol_that_was_silent_between_two_starts_is_by_the_new_rules_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
