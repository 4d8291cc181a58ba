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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kline_with_another_key_than_its_symbol_halts_the_partition),
        cmocka_unit_test(a_topic_of_one_partition_needs_no_keys),
        cmocka_unit_test(garbage_without_a_key_is_a_dead_letter_and_no_halt),
        cmocka_unit_test(no_window_that_opens_before_the_floor_is_emitted),
        cmocka_unit_test(the_latest_minute_that_is_admitted_finds_all_that_it_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
