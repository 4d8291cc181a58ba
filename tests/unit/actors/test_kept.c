#include "actors/kept.h"

#include "state/meta_fields.h"
#include "tests/unit/cmocka.h"

#define HOUR_MS INT64_C(3600000)
#define NOON_MS (INT64_C(1000) * 24 * HOUR_MS + 12 * HOUR_MS)

static struct candle_rules rules_of(interval_set intervals, int64_t retention_ms)
{
    return rules_with_limits((struct candle_rules){.intervals = intervals, .grace_ms = 120000},
                             retention_ms);
}

static struct meta meta_at(int64_t stream_time_ms, const struct candle_rules *rules)
{
    struct meta meta = meta_fields_default();
    meta.stream_time_ms = stream_time_ms;
    kept_note_rules(&meta, rules);
    return meta;
}

static void nothing_is_short_while_no_less_was_kept(void **state)
{
    (void)state;
    struct candle_rules rules = rules_of(INTERVAL_BIT(INTERVAL_5m), 24 * HOUR_MS);
    struct candle_rules less = rules_of(INTERVAL_BIT(INTERVAL_5m), HOUR_MS);
    struct meta meta = meta_at(NOON_MS, &rules); /* a state from before it was noted, too */
    kept_note_rules(&meta, &rules);
    kept_note_rules(&meta, &less);
    assert_true(meta.short_until_ms == META_NO_TIME);
    assert_false(kept_misses(&meta, &less, 0, NOON_MS));
    assert_true(kept_told_from_ms(&meta, &less, INTERVAL_5m) == META_NO_TIME);
    assert_int_equal(meta.keep_ms, less.keep_ms);
}

/* What was stored before is admitted as it was before, what comes after by the new retention. */
static void more_is_admitted_of_what_is_stored_from_then_on(void **state)
{
    (void)state;
    struct candle_rules before = rules_of(INTERVAL_BIT(INTERVAL_5m), 24 * HOUR_MS);
    struct candle_rules rules = rules_of(INTERVAL_BIT(INTERVAL_5m), 240 * HOUR_MS);
    struct meta meta = meta_at(NOON_MS, &before);
    kept_note_rules(&meta, &rules);
    for (int64_t hours = 0; hours < 100; hours++) {
        int64_t now_ms = NOON_MS + hours * HOUR_MS;
        assert_false(kept_misses(&meta, &rules, now_ms - before.late_ms, now_ms));
        assert_int_equal(kept_misses(&meta, &rules, now_ms - before.keep_ms, now_ms),
                         now_ms - before.keep_ms < NOON_MS + 2 * PROOF_MS);
        assert_false(kept_misses(&meta, &rules, NOON_MS + 3 * HOUR_MS, now_ms));
        int64_t gone_ms = now_ms - before.keep_ms - MINUTE_MS; /* the newest that was swept */
        assert_int_equal(kept_from_ms(&meta, &rules, now_ms),
                         gone_ms < NOON_MS ? gone_ms + 1 : NOON_MS);
    }
}

/* Today's window of a longer interval is told when all of it is there until it ends; and no minute
 * that comes in time is refused for its sake. */
static void a_longer_interval_begins_with_a_window_that_is_whole(void **state)
{
    (void)state;
    interval_set both = (interval_set)(INTERVAL_BIT(INTERVAL_5m) | INTERVAL_BIT(INTERVAL_1d));
    int64_t day_ms = interval_open_ms(INTERVAL_1d, NOON_MS);
    for (int64_t retention_ms = HOUR_MS; retention_ms <= 24 * HOUR_MS;
         retention_ms += 23 * HOUR_MS) {
        struct candle_rules before = rules_of(INTERVAL_BIT(INTERVAL_5m), retention_ms);
        struct candle_rules rules = rules_of(both, retention_ms);
        struct meta meta = meta_at(NOON_MS, &before);
        kept_note_rules(&meta, &rules);
        bool is_told = kept_told_from_ms(&meta, &rules, INTERVAL_1d) <= day_ms;
        assert_int_equal(is_told, retention_ms == 24 * HOUR_MS);
        assert_true(kept_told_from_ms(&meta, &rules, INTERVAL_1d) <= day_ms + 24 * HOUR_MS);
        assert_true(kept_told_from_ms(&meta, &rules, INTERVAL_5m) < NOON_MS - retention_ms);
        for (int64_t i = 0; i < 48 * 60; i++) {
            int64_t minute_ms = NOON_MS + i * MINUTE_MS;
            assert_false(kept_misses(&meta, &rules, minute_ms, minute_ms + HOUR_MS));
        }
    }
}

static void who_raises_it_twice_has_what_was_kept_least(void **state)
{
    (void)state;
    struct candle_rules first = rules_of(INTERVAL_BIT(INTERVAL_5m), 24 * HOUR_MS);
    struct candle_rules second = rules_of(INTERVAL_BIT(INTERVAL_5m), 48 * HOUR_MS);
    struct candle_rules third = rules_of(INTERVAL_BIT(INTERVAL_5m), 72 * HOUR_MS);
    for (int64_t hours = 1; hours <= 100; hours += 99) { /* soon; when all of the first is gone */
        struct meta meta = meta_at(NOON_MS, &first);
        kept_note_rules(&meta, &second);
        meta.stream_time_ms += hours * HOUR_MS;
        kept_note_rules(&meta, &third);
        assert_int_equal(meta.short_keep_ms, hours == 1 ? first.keep_ms : second.keep_ms);
        assert_int_equal(meta.short_until_ms, NOON_MS + hours * HOUR_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_short_while_no_less_was_kept),
        cmocka_unit_test(more_is_admitted_of_what_is_stored_from_then_on),
        cmocka_unit_test(a_longer_interval_begins_with_a_window_that_is_whole),
        cmocka_unit_test(who_raises_it_twice_has_what_was_kept_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
