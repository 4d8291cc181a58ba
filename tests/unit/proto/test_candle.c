#include "proto/candle.h"
#include "proto/json_reader.h"
#include "proto/msgpack_writer.h"
#include "runtime/rand.h"
#include "tests/unit/proto/hostile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct decimal decimal_of(const char *text)
{
    struct decimal decimal = {.coefficient = 0};
    assert_int_equal(decimal_parse(slice_of_text(text), &decimal), STATUS_OK);
    return decimal;
}

static struct candle a_candle(void)
{
    return (struct candle){
        .symbol = "BTCUSDT",
        .interval = INTERVAL_5m,
        .open_ms = 1628952300000,
        .event_ms = 1628952359999,
        .updated_ms = 1628952600013,
        .open = decimal_of("46123.10000000"),
        .high = decimal_of("46200.00000000"),
        .low = decimal_of("46100.50000000"),
        .close = decimal_of("46150.00000001"),
        .volume = decimal_of("12.34500000"),
        .quote_volume = decimal_of("569000.12345678"),
        .taker_buy_volume = decimal_of("0.00012"),
        .taker_buy_quote_volume = decimal_of("5.53"),
        .trades = 321,
        .minutes = 5,
        .is_complete = true,
        .is_emitted = true,
        .trade_ids = TRADE_IDS_known,
        .first_trade_id = 1000,
        .last_trade_id = 1320,
        .missing_trades = 0,
        .revision = revision_of(2, 4711),
    };
}

static void assert_decimals_equal(struct decimal a, struct decimal b)
{
    assert_int_equal(a.scale, b.scale);
    assert_true(a.coefficient == b.coefficient);
}

static void assert_candles_equal(const struct candle *a, const struct candle *b)
{
    assert_string_equal(a->symbol, b->symbol);
    assert_int_equal(a->interval, b->interval);
    assert_int_equal(a->window_minutes, b->window_minutes);
    assert_true(series_same(&a->derived, &b->derived));
    assert_true(a->open_ms == b->open_ms);
    assert_true(a->event_ms == b->event_ms);
    assert_true(a->updated_ms == b->updated_ms);
    assert_decimals_equal(a->open, b->open);
    assert_decimals_equal(a->high, b->high);
    assert_decimals_equal(a->low, b->low);
    assert_decimals_equal(a->close, b->close);
    assert_decimals_equal(a->volume, b->volume);
    assert_decimals_equal(a->quote_volume, b->quote_volume);
    assert_decimals_equal(a->taker_buy_volume, b->taker_buy_volume);
    assert_decimals_equal(a->taker_buy_quote_volume, b->taker_buy_quote_volume);
    assert_true(a->trades == b->trades);
    assert_true(a->minutes == b->minutes);
    assert_int_equal(a->is_complete, b->is_complete);
    assert_int_equal(a->is_fill, b->is_fill);
    assert_int_equal(a->is_emitted, b->is_emitted);
    assert_int_equal(a->has_unknown_ids, b->has_unknown_ids);
    assert_int_equal(a->trade_ids, b->trade_ids);
    assert_true(a->first_trade_id == b->first_trade_id);
    assert_true(a->last_trade_id == b->last_trade_id);
    assert_true(a->missing_trades == b->missing_trades);
    assert_true(a->revision == b->revision);
}

static int64_t random_integer(struct rand *rand)
{
    return (int64_t)(rand_next(rand) >> rand_below(rand, 64));
}

static struct decimal random_decimal(struct rand *rand)
{
    uint128 bits = (uint128)rand_next(rand) << 64 | rand_next(rand);
    bits >>= rand_below(rand, 128);
    int128 coefficient = (int128)bits;
    return (struct decimal){
        .coefficient = rand_chance(rand, 50) ? -(coefficient / 2) : coefficient,
        .scale = (uint8_t)rand_below(rand, DECIMAL_SCALE_MAX + 1),
    };
}

static struct derived random_derived(struct rand *rand)
{
    struct derived derived = {.count = (uint8_t)rand_below(rand, SERIES_MAX + 1)};
    for (size_t i = 0; i < derived.count; i++) {
        derived.series[i] = (struct series){SERIES_ema, (uint8_t)(2 + rand_below(rand, 99))};
        derived.is_known[i] = rand_chance(rand, 70);
        if (derived.is_known[i]) {
            derived.values[i] = (int128)rand_below(rand, 9999999999999999) * 100000000000000 +
                                (int128)rand_below(rand, 100000000000000);
        }
    }
    return derived;
}

static struct candle random_candle(struct rand *rand)
{
    struct candle candle = {
        .interval = (enum interval)rand_below(rand, INTERVAL_COUNT),
        .open_ms = random_integer(rand),
        .event_ms = -random_integer(rand) / 2,
        .updated_ms = random_integer(rand),
        .open = random_decimal(rand),
        .high = random_decimal(rand),
        .low = random_decimal(rand),
        .close = random_decimal(rand),
        .volume = random_decimal(rand),
        .quote_volume = random_decimal(rand),
        .taker_buy_volume = random_decimal(rand),
        .taker_buy_quote_volume = random_decimal(rand),
        .trades = random_integer(rand),
        .minutes = random_integer(rand),
        .is_complete = rand_chance(rand, 50),
        .is_fill = rand_chance(rand, 50),
        .is_emitted = rand_chance(rand, 50),
        .has_unknown_ids = rand_chance(rand, 50),
        .trade_ids = (enum trade_ids)rand_below(rand, 3),
        .first_trade_id = random_integer(rand),
        .last_trade_id = random_integer(rand),
        .missing_trades = -1,
        .revision = random_integer(rand),
        .window_minutes = rand_chance(rand, 50) ? 1380 + (int64_t)rand_below(rand, 121) : 0,
    };
    if (rand_chance(rand, 50)) {
        candle.derived = random_derived(rand);
    }
    size_t size = rand_below(rand, SYMBOL_BYTES_MAX + 1);
    for (size_t i = 0; i < size; i++) {
        candle.symbol[i] = (char)(1 + rand_below(rand, 127));
    }
    return candle;
}

static void any_candle_survives_storage(void **state)
{
    (void)state;
    struct rand rand = {.state = 5};
    for (int i = 0; i < 5000; i++) {
        struct candle candle = random_candle(&rand);
        struct candle decoded;
        unsigned char bytes[CANDLE_ENCODED_MAX];
        size_t size = candle_encode(&candle, bytes);
        assert_int_equal(candle_decode((struct slice){bytes, size}, &decoded), STATUS_OK);
        assert_candles_equal(&candle, &decoded);
    }
}

/* Stores outlive programs: these bytes were written once, and must be read by every later one. */
static void the_stored_form_of_format_1_stays(void **state)
{
    (void)state;
    static const char stored[] =
        "dc002101a742544355534454a2356d"                         /* 33 elements, 1, BTCUSDT, 5m */
        "cf0000017b451f89e0cf0000017b4520743fcf0000017b45241dcd" /* times */
        "08cf00000431e319618008cf00000433ad757800"               /* scale 8, 4612310000000; … */
        "08cf000004315c64848008cf00000432836f8601"               /* low, close */
        "08ce4994f9a008cf000033c01106094e050c02cd0229"           /* volumes */
        "cd014105c3c2c3c201cd03e8cd052800cf0002000000001268";    /* 321, 5, true, false, … */
    struct candle candle = a_candle();
    unsigned char bytes[CANDLE_ENCODED_MAX];
    char hex[2 * CANDLE_ENCODED_MAX + 1];
    size_t size = candle_encode(&candle, bytes);
    for (size_t i = 0; i < size; i++) {
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }

    assert_string_equal(hex, stored);
    assert_true(size < 180);
}

static void fields_of_a_newer_writer_are_passed_over(void **state)
{
    (void)state;
    struct candle candle = a_candle();
    struct candle decoded;
    unsigned char bytes[CANDLE_ENCODED_MAX];
    candle.window_minutes = 5; /* has the tail, behind which newer fields will be */
    size_t size = candle_encode(&candle, bytes);

    assert_int_equal(bytes[0], 0xdc);
    bytes[2]++; /* one element more: a map of a list */
    memcpy(bytes + size, "\x81\xa1z\x92\x01\x02", 6);
    assert_int_equal(candle_decode((struct slice){bytes, size + 6}, &decoded), STATUS_OK);
    assert_candles_equal(&candle, &decoded);
    assert_int_equal(candle_decode((struct slice){bytes, size + 5}, &decoded), STATUS_MALFORMED);
}

static void another_format_and_bytes_too_many_are_malformed(void **state)
{
    (void)state;
    struct candle candle = a_candle();
    struct candle decoded;
    unsigned char bytes[CANDLE_ENCODED_MAX] = {0};
    size_t size = candle_encode(&candle, bytes);

    assert_int_equal(candle_decode((struct slice){bytes, size + 1}, &decoded), STATUS_MALFORMED);
    bytes[3] = 2;
    assert_int_equal(candle_decode((struct slice){bytes, size}, &decoded), STATUS_MALFORMED);
    assert_int_equal(candle_decode((struct slice){NULL, 0}, &decoded), STATUS_MALFORMED);
}

static void decode_variant(struct slice bytes, void *context)
{
    struct candle decoded;
    size_t *failed_count = context;
    if (candle_decode(bytes, &decoded) != STATUS_OK) {
        *failed_count += 1;
        return;
    }
    /* It is valid then: it can be stored and printed. */
    unsigned char again[CANDLE_ENCODED_MAX];
    char text[CANDLE_JSON_MAX];
    struct candle decoded_again;
    size_t size = candle_encode(&decoded, again);
    assert_int_equal(candle_decode((struct slice){again, size}, &decoded_again), STATUS_OK);
    assert_candles_equal(&decoded, &decoded_again);
    if (decoded.open_ms < INT64_MAX / 2) {
        assert_true(candle_print_json(&decoded, text) < CANDLE_JSON_MAX);
    }
}

static void torn_and_flipped_bytes_never_make_an_invalid_candle(void **state)
{
    (void)state;
    struct candle candle = a_candle();
    struct candle decoded;
    unsigned char bytes[CANDLE_ENCODED_MAX];
    candle.volume.coefficient = (int128)1 << 90;
    candle.window_minutes = 1380;
    candle.derived = (struct derived){.count = 2,
                                      .series = {{SERIES_vwap, 0}, {SERIES_sma, 20}},
                                      .is_known = {true, false},
                                      .values = {4612512345678901234, 0}};
    size_t size = candle_encode(&candle, bytes);
    size_t failed_count = 0;

    hostile_variants((struct slice){bytes, size}, decode_variant, &failed_count);
    assert_true(failed_count > size);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(candle_decode((struct slice){bytes, cut}, &decoded), STATUS_MALFORMED);
    }
}

static void the_json_has_the_names_readers_expect(void **state)
{
    (void)state;
    struct candle candle = a_candle();
    char text[CANDLE_JSON_MAX];
    size_t size = candle_print_json(&candle, text);
    assert_string_equal(
        text, "{\"symbol\":\"BTCUSDT\",\"interval\":\"5m\",\"openTime\":1628952300000,"
              "\"closeTime\":1628952599999,\"open\":46123.10000000,\"high\":46200.00000000,"
              "\"low\":46100.50000000,\"close\":46150.00000001,\"volume\":12.34500000,"
              "\"quoteVolume\":569000.12345678,\"trades\":321,\"takerBuyVolume\":0.00012,"
              "\"takerBuyQuoteVolume\":5.53,\"minutes\":5,\"complete\":true,"
              "\"firstTradeId\":1000,\"lastTradeId\":1320,\"missingTrades\":0,"
              "\"revision\":562949953426024,\"x\":true,\"updatedAt\":1628952600013}");
    assert_int_equal(size, strlen(text));
}

static void unknown_trade_fields_print_as_null(void **state)
{
    (void)state;
    struct candle candle = a_candle();
    char text[CANDLE_JSON_MAX];
    candle.trade_ids = TRADE_IDS_unknown;
    candle.missing_trades = -1;
    candle.is_complete = false;
    candle_print_json(&candle, text);
    assert_non_null(strstr(text, "\"complete\":false,\"firstTradeId\":null,\"lastTradeId\":null,"
                                 "\"missingTrades\":null,\"revision\""));
}

static void a_day_in_a_zone_closes_when_it_ends(void **state)
{
    (void)state;
    struct candle candle = a_candle();
    char text[CANDLE_JSON_MAX];
    candle.interval = INTERVAL_1d;
    candle.open_ms = 1774738800000; /* 2026-03-29 in Berlin has 23 hours */
    candle.window_minutes = 1380;
    assert_int_equal(candle_minutes(&candle), 1380);
    candle_print_json(&candle, text);
    assert_non_null(strstr(text, "\"openTime\":1774738800000,\"closeTime\":1774821599999,"));
    candle.window_minutes = 0;
    assert_int_equal(candle_close_ms(&candle), 1774738800000 + 86400000 - 1);
}

static void derived_series_are_fields_of_their_own(void **state)
{
    (void)state;
    struct candle candle = a_candle();
    char text[CANDLE_JSON_MAX];
    candle.derived = (struct derived){
        .count = 3,
        .series = {{SERIES_vwap, 0}, {SERIES_sma, 20}, {SERIES_ema, 12}},
        .is_known = {true, false, true},
        .values = {4612512345678901234, 0, 4600000000000000000},
    };
    candle_print_json(&candle, text);
    assert_non_null(strstr(text, "\"updatedAt\":1628952600013,\"vwap\":46125.12345678901234,"
                                 "\"sma20\":null,\"ema12\":46000}"));
}

/* The longest of everything, and a symbol of nothing but escapes. */
static void the_largest_candle_fits_its_buffers_and_is_json(void **state)
{
    (void)state;
    struct decimal lowest = {.coefficient = (int128)((uint128)1 << 127), .scale = 14};
    struct candle candle = a_candle();
    memset(candle.symbol, 1, SYMBOL_BYTES_MAX);
    candle.interval = INTERVAL_15m;
    candle.open = candle.high = candle.low = candle.close = lowest;
    candle.volume = candle.quote_volume = lowest;
    candle.taker_buy_volume = candle.taker_buy_quote_volume = lowest;
    candle.open_ms = candle.event_ms = candle.updated_ms = INT64_MIN;
    candle.trades = candle.minutes = candle.revision = INT64_MIN;
    candle.first_trade_id = candle.last_trade_id = INT64_MIN;
    candle.missing_trades = INT64_MAX;
    candle.window_minutes = 1500;
    candle.derived.count = SERIES_MAX;
    for (size_t i = 0; i < SERIES_MAX; i++) {
        candle.derived.series[i] = (struct series){SERIES_ema, 100};
        candle.derived.is_known[i] = true;
        candle.derived.values[i] = (int128)9999999999999999 * 100000000000000 + 99999999999999;
    }

    unsigned char bytes[CANDLE_ENCODED_MAX];
    char text[CANDLE_JSON_MAX];
    struct candle decoded;
    size_t size = candle_encode(&candle, bytes);
    assert_int_equal(candle_decode((struct slice){bytes, size}, &decoded), STATUS_OK);
    assert_candles_equal(&candle, &decoded);

    size = candle_print_json(&candle, text);
    struct json_reader *reader = json_reader_create();
    struct value root;
    char error[100];
    assert_int_equal(
        json_reader_read(reader, (struct slice){text, size}, &root, error, sizeof(error)),
        STATUS_OK);
    json_reader_destroy(&reader);
}

static void a_revision_orders_by_era_and_then_by_offset(void **state)
{
    (void)state;
    assert_true(revision_of(0, 0) == 1);
    assert_true(revision_of(1, 0) > revision_of(0, (1ll << REVISION_OFFSET_BITS) - 2));
    assert_true(revision_of(15, 0) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_candle_survives_storage),
        cmocka_unit_test(the_stored_form_of_format_1_stays),
        cmocka_unit_test(fields_of_a_newer_writer_are_passed_over),
        cmocka_unit_test(another_format_and_bytes_too_many_are_malformed),
        cmocka_unit_test(torn_and_flipped_bytes_never_make_an_invalid_candle),
        cmocka_unit_test(the_json_has_the_names_readers_expect),
        cmocka_unit_test(unknown_trade_fields_print_as_null),
        cmocka_unit_test(a_day_in_a_zone_closes_when_it_ends),
        cmocka_unit_test(derived_series_are_fields_of_their_own),
        cmocka_unit_test(the_largest_candle_fits_its_buffers_and_is_json),
        cmocka_unit_test(a_revision_orders_by_era_and_then_by_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
