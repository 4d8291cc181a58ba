#include "tests/unit/actors/partition_fixture.h"

static void a_kline_with_another_key_than_its_symbol_halts_the_partition(void **state)
{
    (void)state;
    const struct slice keys[] = {{NULL, 0}, slice_of_text("B"), slice_of_text("AA")};
    for (size_t i = 0; i < 3; i++) {
        struct fixture *f = open_fixture_with(true, META_NO_TIME);
        struct record records[3] = {f->record, f->record, f->record};
        records[0].key = slice_of_text("A");
        records[1].key = keys[i];
        records[1].offset = 1;
        records[2].key = records[0].key;
        records[2].offset = 2;
        run(f);
        tell_records(f, records, 3);
        run(f);
        assert_int_equal(checkpoint_in_the_air(f)->meta->next_offset, 1); /* what came before */
        assert_int_equal(f->halted, STATUS_OK);
        commit(f);
        assert_int_equal(f->halted, STATUS_UNKEYED);
        assert_int_equal(f->source.count, 1); /* nothing more is asked */
        assert_int_equal(f->writer.count, 1);
        close_fixture(f);
    }
}

static void a_topic_of_one_partition_needs_no_keys(void **state)
{
    (void)state;
    struct fixture *f = open_fixture();
    run(f);
    tell_record(f);
    run(f);
    commit(f);
    assert_int_equal(f->halted, STATUS_OK);
    assert_int_equal(store_meta(f->store)->next_offset, 1);
    close_fixture(f);
}

static void garbage_without_a_key_is_a_dead_letter_and_no_halt(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_with(true, META_NO_TIME);
    f->record.value = slice_of_text("nonsense");
    run(f);
    tell_record(f);
    run(f);
    assert_true(holds_dead_letter(checkpoint_in_the_air(f)->batch));
    assert_int_equal(f->halted, STATUS_OK);
    close_fixture(f);
}

/* Event time is the first minute's end; the grace of the rules is 0. */
static void no_window_that_opens_before_the_floor_is_emitted(void **state)
{
    (void)state;
    const struct {
        int64_t floor_ms;
        int64_t emitted; /* the minute that opens at 0 */
        int64_t stored_ms;
    } cases[] = {
        {META_NO_TIME, 1, META_NO_TIME},
        {META_FLOOR_DUE, 0, MINUTE_MS},
        {0, 1, 0},
        {1, 0, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture *f = open_fixture_with(false, cases[i].floor_ms);
        run(f);
        tell_record(f);
        run(f);
        const struct checkpoint *checkpoint = checkpoint_in_the_air(f);
        assert_int_equal(checkpoint->meta->floor_ms, cases[i].stored_ms);
        assert_int_equal(count_candles_owed(checkpoint->batch), cases[i].emitted);
        commit(f);
        assert_int_equal(store_meta(f->store)->floor_ms, cases[i].stored_ms);
        close_fixture(f);
    }
}

/* It proves something of a window an hour before it, and that one misses trades of the hour before
 * it. */
static void the_latest_minute_that_is_admitted_finds_all_that_it_changes(void **state)
{
    (void)state;
    enum { WINDOW = 100, AN_HOUR = 60, LATE = 5 };
    struct fixture *f = open_fixture();
    run(f);
    tell_minute(f, 0, WINDOW - 50, 1);
    commit(f);
    tell_minute(f, 1, WINDOW + 3, 14); /* 11 to 13 were in minutes that are not there */
    commit(f);
    tell_minute(f, 2, WINDOW + 3 + AN_HOUR + LATE, 34);
    assert_int_equal(window_owed(f, INTERVAL_5m, WINDOW).minutes, 1);
    assert_int_equal(window_owed(f, INTERVAL_5m, WINDOW).missing_trades, 3);
    commit(f);
    tell_minute(f, 3, WINDOW + 3 + AN_HOUR, 24);
    assert_false(holds_dead_letter(checkpoint_in_the_air(f)->batch));
    assert_int_equal(window_owed(f, INTERVAL_5m, WINDOW).minutes, 2);
    assert_int_equal(window_owed(f, INTERVAL_5m, WINDOW).missing_trades, 3);
    commit(f);
    close_fixture(f);
}

/* Minutes of the window were swept by the retention before. */
static void a_minute_whose_window_is_gone_in_part_is_late_however_much_is_kept_since(void **state)
{
    (void)state;
    enum { WINDOW = 100, SOON = 3 * 60, LATER = 10 * 60 };
    struct candle_rules rules = fixture_rules();
    struct fixture *f = open_fixture();
    run(f);
    for (int64_t i = 0; i < 5; i++) {
        if (i != 2) {
            tell_minute(f, i, WINDOW + i, i * 10 + 1);
            commit(f);
        }
    }
    tell_minute(f, 5, WINDOW + SOON, 1000);
    commit(f);
    restart_partition(f, rules_with_limits(rules, 24 * 60 * MINUTE_MS));
    tell_minute(f, 6, WINDOW + SOON + 1, 1010);
    assert_int_equal(count_candles_owed(checkpoint_in_the_air(f)->batch), 1);
    commit(f);
    for (int64_t i = 0; i < 2; i++) { /* what was stored before goes as it would have gone */
        tell_minute(f, 7 + 2 * i, WINDOW + 2, 21);
        assert_true(holds_dead_letter(checkpoint_in_the_air(f)->batch));
        assert_int_equal(count_candles_owed(checkpoint_in_the_air(f)->batch), 0);
        commit(f);
        tell_minute(f, 8 + 2 * i, WINDOW + LATER, 5000);
        commit(f);
    }
    tell_minute(f, 11, WINDOW + SOON + 3 * 60, 3000); /* it is kept by the new one */
    assert_false(holds_dead_letter(checkpoint_in_the_air(f)->batch));
    commit(f);
    close_fixture(f);
}

/* An old minute that is sent again now: its own event time says how old it is. */
static void a_minute_is_late_by_its_own_event_time_too(void **state)
{
    (void)state;
    for (int64_t extra_ms = 0; extra_ms < 2; extra_ms++) {
        struct candle_rules rules = fixture_rules();
        struct fixture *f = open_fixture();
        struct kline kline = one_kline();
        kline.event_ms = MINUTE_MS - 1 + rules.late_ms + extra_ms;
        f->record.value.size = kline_print_json(&kline, f->json);
        f->record.timestamp_ms = kline.event_ms;
        run(f);
        tell_record(f);
        run(f);
        assert_int_equal(holds_dead_letter(checkpoint_in_the_air(f)->batch), extra_ms == 1);
        commit(f);
        close_fixture(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kline_with_another_key_than_its_symbol_halts_the_partition),
        cmocka_unit_test(a_topic_of_one_partition_needs_no_keys),
        cmocka_unit_test(garbage_without_a_key_is_a_dead_letter_and_no_halt),
        cmocka_unit_test(no_window_that_opens_before_the_floor_is_emitted),
        cmocka_unit_test(the_latest_minute_that_is_admitted_finds_all_that_it_changes),
        cmocka_unit_test(a_minute_whose_window_is_gone_in_part_is_late_however_much_is_kept_since),
        cmocka_unit_test(a_minute_is_late_by_its_own_event_time_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
