#include "ops/feed_sim.h"

#include "proto/interval.h"
#include "proto/kline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { EVENTS = 60000, START_SECOND = 1769904030 };

static struct feed_sim *created(uint64_t seed, size_t symbol_count)
{
    struct feed_sim_options options = {
        .seed = seed, .start_ms = START_SECOND * 1000ll, .symbol_count = symbol_count};
    return feed_sim_create(&options);
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    struct feed_sim *a = created(42, 0);
    struct feed_sim *b = created(42, 0);
    struct feed_sim *other = created(43, 0);
    bool differs = false;
    for (int i = 0; i < 3000; i++) {
        struct feed_record from_a;
        struct feed_record from_b;
        struct feed_record from_other;
        feed_sim_next(a, &from_a);
        feed_sim_next(b, &from_b);
        feed_sim_next(other, &from_other);
        assert_true(slice_equals(from_a.value, from_b.value));
        assert_int_equal(from_a.event_ms, from_b.event_ms);
        differs = differs || !slice_equals(from_a.value, from_other.value);
    }
    assert_true(differs);
    feed_sim_destroy(&a);
    feed_sim_destroy(&b);
    feed_sim_destroy(&other);
}

/* What the shard proves gaps by: ids without a hole, across minutes without a trade. */
static void every_event_is_a_valid_kline_and_trade_ids_are_contiguous(void **state)
{
    (void)state;
    struct feed_sim *sim = created(7, 3);
    struct kline_decoder *decoder = kline_decoder_create();
    int64_t next_ids[3] = {1000, 1000, 1000};
    int64_t next_opens[3] = {0};
    int64_t last_ms = 0;
    size_t closed = 0;
    size_t empty = 0;
    for (int i = 0; i < EVENTS; i++) {
        struct feed_record record;
        struct kline kline;
        char why[KLINE_ERROR_MAX];
        feed_sim_next(sim, &record);
        assert_int_equal(kline_decode(decoder, record.value, &kline, why), REASON_none);
        assert_memory_equal(kline.symbol, "SIM", 3);
        assert_true(slice_equals(record.key, slice_of_text(kline.symbol)));
        assert_true(record.event_ms >= last_ms);
        assert_int_equal(kline.event_ms, record.event_ms);
        last_ms = record.event_ms;
        size_t which = strcmp(kline.symbol, "SIMBTC") == 0   ? 0
                       : strcmp(kline.symbol, "SIMETH") == 0 ? 1
                                                             : 2;
        if (!kline.is_closed) {
            continue;
        }
        closed++;
        assert_true(next_opens[which] == 0 || kline.open_ms == next_opens[which]);
        next_opens[which] = kline.open_ms + MINUTE_MS;
        assert_true(record.event_ms >= kline.open_ms + MINUTE_MS);
        if (kline.trades == 0) {
            empty++;
            assert_int_equal(kline.trade_ids, TRADE_IDS_none);
        } else {
            assert_int_equal(kline.first_trade_id, next_ids[which]);
            assert_int_equal(kline.last_trade_id, next_ids[which] + kline.trades - 1);
            next_ids[which] = kline.last_trade_id + 1;
        }
    }
    assert_true(closed > 1500);
    assert_true(empty > 10);
    assert_true(empty < closed / 10);
    kline_decoder_destroy(&decoder);
    feed_sim_destroy(&sim);
}

static void there_can_be_more_symbols_than_names(void **state)
{
    (void)state;
    struct feed_sim *sim = created(1, 40);
    bool has_numbered = false;
    for (int i = 0; i < 400; i++) {
        struct feed_record record;
        feed_sim_next(sim, &record);
        has_numbered = has_numbered || slice_equals(record.key, slice_of_text("SIM0040"));
    }
    assert_true(has_numbered);
    feed_sim_destroy(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(every_event_is_a_valid_kline_and_trade_ids_are_contiguous),
        cmocka_unit_test(there_can_be_more_symbols_than_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
