#include "tests/unit/cmocka.h"

#include "actors/core/fold.h"
#include "ops/batch_grid.h"
#include "ops/batch_merge.h"
#include "runtime/log.h"

#include <string.h>

enum { DAY_MINUTES = 30, IDS_A_MINUTE = 10 };

static const int64_t FROM_MS = INT64_C(1764000000000);
static const int64_t TO_MS = INT64_C(1764000000000) + (int64_t)DAY_MINUTES * MINUTE_MS;

static struct batch_grid grid;
static struct candle_rules rules;

static int set_up(void **state)
{
    (void)state;
    interval_set intervals = (interval_set)(INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_5m));
    rules = rules_with_limits((struct candle_rules){.intervals = INTERVAL_BIT(INTERVAL_5m),
                                                    .grace_ms = 120000,
                                                    .idle_ms = 30000,
                                                    .uses_trade_ids = true},
                              3600000);
    log_configure(LOG_LEVEL_error, false);
    batch_grid_init(&grid, &rules, FROM_MS, TO_MS, intervals);
    batch_grid_reset(&grid, "A");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    batch_grid_deinit(&grid);
    return 0;
}

static struct kline kline_of(int64_t minute, bool has_ids)
{
    struct kline kline = {
        .symbol = "A",
        .symbol_size = 1,
        .is_closed = true,
        .trade_ids = has_ids ? TRADE_IDS_known : TRADE_IDS_unknown,
        .open_ms = FROM_MS + minute * MINUTE_MS,
        .event_ms = FROM_MS + minute * MINUTE_MS + 60500,
        .trades = IDS_A_MINUTE,
        .first_trade_id = has_ids ? 1000 + minute * IDS_A_MINUTE : -1,
        .last_trade_id = has_ids ? 1000 + minute * IDS_A_MINUTE + IDS_A_MINUTE - 1 : -1,
    };
    assert_int_equal(decimal_parse(slice_of_text("1.5"), &kline.open), STATUS_OK);
    kline.high = kline.low = kline.close = kline.volume = kline.open;
    kline.quote_volume = kline.taker_buy_volume = kline.taker_buy_quote_volume = kline.open;
    return kline;
}

/* Of the backup, with a revision of its own; of the exchange without one. */
static void put(int64_t minute, int64_t offset)
{
    struct kline kline = kline_of(minute, offset >= 0);
    int64_t revision = offset >= 0 ? revision_of(2, offset) : 0;
    struct candle candle = fold_minute(&kline, revision, true);
    candle.is_emitted = true;
    batch_grid_put(&grid, &candle, offset >= 0 ? BATCH_archive : BATCH_rest);
}

/* The backup's own fill after the minute before: what proved it lies outside the day. */
static void put_fill(int64_t minute, int64_t offset)
{
    const struct candle *before = &grid.minutes.items[60 + minute - 1].candle;
    struct candle fill =
        fold_fill(before, FROM_MS + minute * MINUTE_MS, revision_of(2, offset), FROM_MS);
    fill.is_emitted = true;
    batch_grid_put(&grid, &fill, BATCH_archive);
}

static const struct candle *window_at(size_t index)
{
    assert_true(index < grid.windows[INTERVAL_5m].count);
    return &grid.windows[INTERVAL_5m].items[index].candle;
}

static void a_window_has_the_revision_of_the_minute_that_came_last(void **state)
{
    static const int64_t offsets[] = {100, 130, 190, 150, 160}; /* the third one came late */
    (void)state;
    for (int64_t i = 0; i < 5; i++) {
        put(i, offsets[i]);
    }
    assert_int_equal(batch_merge(&grid, &rules), STATUS_OK);
    assert_int_equal(grid.windows[INTERVAL_5m].count, 1);
    assert_int_equal(window_at(0)->revision, revision_of(2, 190));
    assert_int_equal(window_at(0)->updated_ms, FROM_MS + 2 * MINUTE_MS + 60500);
    assert_true(window_at(0)->is_complete);
    assert_int_equal(window_at(0)->trades, 5 * IDS_A_MINUTE);
    assert_int_equal(window_at(0)->missing_trades, 0);
}

static void one_minute_of_the_exchange_takes_the_revision_away(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 10; i++) {
        put(i, i == 7 ? -1 : 100 + i);
    }
    assert_int_equal(batch_merge(&grid, &rules), STATUS_OK);
    assert_int_equal(window_at(0)->revision, revision_of(2, 104));
    assert_int_equal(window_at(1)->revision, 0);
    assert_true(window_at(1)->is_complete);
    assert_int_equal(window_at(1)->missing_trades, -1);
}

static void a_hole_that_trade_ids_prove_empty_is_filled_as_ever(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 5; i++) {
        put(i, i == 2 ? -1 : 100 + i);
    }
    grid.minutes.items[60 + 2].origin = BATCH_nowhere;
    grid.minutes.items[60 + 3].candle.first_trade_id = 1000 + 2 * IDS_A_MINUTE;
    assert_int_equal(batch_merge(&grid, &rules), STATUS_OK);
    assert_true(window_at(0)->is_complete);
    assert_int_equal(window_at(0)->minutes, 5);
}

static void a_fill_at_the_end_of_the_day_needs_no_second_proof(void **state)
{
    (void)state;
    for (int64_t i = DAY_MINUTES - 5; i < DAY_MINUTES - 1; i++) {
        put(i, 100 + i);
    }
    put_fill(DAY_MINUTES - 1, 300);
    assert_int_equal(batch_merge(&grid, &rules), STATUS_OK);
    assert_int_equal(grid.windows[INTERVAL_5m].count, 1);
    assert_true(window_at(0)->is_complete);
    assert_int_equal(window_at(0)->minutes, 5);
    assert_int_equal(window_at(0)->missing_trades, 0);
    assert_int_equal(window_at(0)->trades, 4 * IDS_A_MINUTE);
    assert_int_equal(window_at(0)->revision, revision_of(2, 300));
}

static void windows_with_holes_are_told_as_incomplete(void **state)
{
    (void)state;
    put(0, 10);
    put(1, 11);
    assert_int_equal(batch_merge(&grid, &rules), STATUS_OK);
    assert_int_equal(grid.windows[INTERVAL_5m].count, 1);
    assert_false(window_at(0)->is_complete);
    assert_int_equal(window_at(0)->minutes, 2);
}

static void what_lost_its_head_with_the_log_has_no_revision(void **state)
{
    (void)state;
    for (int64_t i = 3; i < 10; i++) {
        put(i, 100 + i);
        grid.minutes.items[60 + i].origin = BATCH_torn;
    }
    assert_int_equal(batch_merge(&grid, &rules), STATUS_OK);
    assert_false(window_at(0)->is_complete);
    assert_int_equal(window_at(0)->revision, 0);
    assert_true(window_at(1)->is_complete);
    assert_int_equal(window_at(1)->revision, revision_of(2, 109));
}

static void nothing_makes_nothing(void **state)
{
    (void)state;
    assert_int_equal(batch_merge(&grid, &rules), STATUS_OK);
    assert_int_equal(grid.windows[INTERVAL_5m].count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_window_has_the_revision_of_the_minute_that_came_last,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_minute_of_the_exchange_takes_the_revision_away, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_hole_that_trade_ids_prove_empty_is_filled_as_ever, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_fill_at_the_end_of_the_day_needs_no_second_proof, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(windows_with_holes_are_told_as_incomplete, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_lost_its_head_with_the_log_has_no_revision, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_makes_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
