#include "proto/kline.h"

#include "proto/interval.h"
#include "runtime/rand.h"
#include "tests/unit/proto/hostile.h"
#include "tests/unit/proto/kline_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_prints(struct decimal decimal, const char *expected)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_print(decimal, text);
    assert_string_equal(text, expected);
}

static void every_field_arrives(void **state)
{
    struct kline kline = decoded(*state, slice_of_text(RAW));
    assert_string_equal(kline.symbol, "FTMUSDT");
    assert_int_equal(kline.symbol_size, 7);
    assert_true(kline.is_closed);
    assert_true(kline.open_ms == 1628952360000);
    assert_true(kline.event_ms == 1628952396573);
    assert_prints(kline.open, "0.34064000");
    assert_prints(kline.high, "0.34070000");
    assert_prints(kline.low, "0.33934000");
    assert_prints(kline.close, "0.33993000");
    assert_prints(kline.volume, "208601.00000000");
    assert_prints(kline.quote_volume, "70846.76968900");
    assert_prints(kline.taker_buy_volume, "156046.30000000");
    assert_prints(kline.taker_buy_quote_volume, "52984.16932200");
    assert_int_equal(kline.trades, 78);
    assert_int_equal(kline.trade_ids, TRADE_IDS_known);
    assert_int_equal(kline.first_trade_id, 38248833);
    assert_int_equal(kline.last_trade_id, 38248910);
}

static void all_four_shapes_give_the_same_kline(void **state)
{
    struct kline raw = decoded(*state, slice_of_text(RAW));
    struct kline wrapped = decoded(*state, slice_of_text(WRAPPED));
    struct kline bare = decoded(*state, slice_of_text(BARE));
    unsigned char bytes[KLINE_ENCODED_MAX];
    struct kline packed = decoded(*state, (struct slice){bytes, kline_encode(&raw, bytes)});

    assert_klines_equal(&raw, &wrapped);
    assert_klines_equal(&raw, &packed);
    bare.event_ms = raw.event_ms; /* it has none of its own: the next test */
    assert_klines_equal(&raw, &bare);
}

static void symbols_may_be_in_any_script_up_to_64_bytes(void **state)
{
    static const char *const symbols[] = {
        "X",
        "币安人生USDT",
        "A-B_C.D/E\\\"F",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL",
    };
    for (size_t i = 0; i < ARRAY_COUNT(symbols); i++) {
        struct kline kline = decoded(*state, slice_of_text(RAW));
        kline.symbol_size = (uint8_t)strlen(symbols[i]);
        memcpy(kline.symbol, symbols[i], strlen(symbols[i]) + 1);
        unsigned char bytes[KLINE_ENCODED_MAX];
        char text[KLINE_JSON_MAX];
        struct kline packed = decoded(*state, (struct slice){bytes, kline_encode(&kline, bytes)});
        struct kline printed =
            decoded(*state, (struct slice){text, kline_print_json(&kline, text)});
        assert_klines_equal(&kline, &packed);
        assert_klines_equal(&kline, &printed);
    }
}

static void an_empty_value_is_empty(void **state)
{
    struct kline kline;
    char error[KLINE_ERROR_MAX] = "";
    assert_int_equal(kline_decode(*state, (struct slice){NULL, 0}, &kline, error), REASON_empty);
    assert_int_equal(kline_decode(*state, (struct slice){"", 0}, &kline, error), REASON_empty);
    assert_string_equal(error, "the record has no value");
}

static void large_garbage_is_refused_and_the_next_kline_is_read(void **state)
{
    enum { SIZE = 1200000 };
    static const char *const fillers[] = {"[",
                                          "{\"k\":",
                                          "{\"k\":{\"t\":",
                                          "\x91",
                                          "\x81\x01",
                                          "9",
                                          "\"",
                                          "\xdd\xff\xff\xff\xff",
                                          "\xdf\xff\xff\xff\xff",
                                          " ",
                                          "\xff"};
    char *garbage = malloc(SIZE);
    for (size_t i = 0; i < ARRAY_COUNT(fillers); i++) {
        for (size_t at = 0; at < SIZE; at++) {
            garbage[at] = fillers[i][at % strlen(fillers[i])];
        }
        assert_int_equal(reason_of(*state, garbage, SIZE),
                         REASON_not_json + (fillers[i][0] == '9'));
        decoded(*state, slice_of_text(RAW));
    }
    memset(garbage, 'x', SIZE);
    memcpy(garbage, "{\"s\":\"", 6);
    memcpy(garbage + SIZE - 5, "\"   }", 5);
    assert_int_equal(reason_of(*state, garbage, SIZE), REASON_not_a_kline);
    memcpy(garbage, "{\"t\":\"", 6);
    assert_int_equal(reason_of(*state, garbage, SIZE), REASON_missing_field);
    free(garbage);
}

static void a_large_value_with_a_kline_in_it_is_read(void **state)
{
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE);
    size_t size = strlen(RAW);
    memset(text, ' ', SIZE);
    memcpy(text + SIZE - size, RAW, size);
    struct kline raw = decoded(*state, slice_of_text(RAW));
    struct kline large = decoded(*state, (struct slice){text, SIZE});
    assert_klines_equal(&raw, &large);
    free(text);
}

static struct decimal random_amount(struct rand *rand)
{
    return (struct decimal){
        .coefficient = (int128)(rand_next(rand) >> rand_below(rand, 64)) / 4,
        .scale = (uint8_t)(4 + rand_below(rand, DECIMAL_SCALE_MAX - 3)),
    };
}

static struct kline random_kline(struct rand *rand)
{
    struct decimal low = random_amount(rand);
    struct kline kline = {
        .symbol = "SIMUSDT",
        .symbol_size = 7,
        .is_closed = rand_chance(rand, 50),
        .trade_ids = TRADE_IDS_unknown,
        .open_ms = (int64_t)rand_below(rand, 1666666666) * MINUTE_MS,
        .event_ms = (int64_t)rand_below(rand, 100000000000000),
        .open = low,
        .high = low,
        .low = low,
        .close = low,
        .volume = random_amount(rand),
        .quote_volume = random_amount(rand),
        .taker_buy_volume = random_amount(rand),
        .taker_buy_quote_volume = random_amount(rand),
        .trades = (int64_t)rand_below(rand, 1000000),
        .first_trade_id = -1,
        .last_trade_id = -1,
    };
    kline.high.coefficient += (int128)rand_below(rand, 1000);
    if (kline.trades == 0) {
        kline.trade_ids = TRADE_IDS_none;
    } else if (rand_chance(rand, 70)) {
        kline.trade_ids = TRADE_IDS_known;
        kline.first_trade_id = (int64_t)rand_below(rand, 1000000000);
        kline.last_trade_id = kline.first_trade_id + kline.trades - 1;
    }
    return kline;
}

static void any_kline_survives_both_encodings(void **state)
{
    struct rand rand = {.state = 3};
    for (int i = 0; i < 5000; i++) {
        struct kline kline = random_kline(&rand);
        unsigned char bytes[KLINE_ENCODED_MAX];
        char text[KLINE_JSON_MAX];
        struct kline packed = decoded(*state, (struct slice){bytes, kline_encode(&kline, bytes)});
        struct kline printed =
            decoded(*state, (struct slice){text, kline_print_json(&kline, text)});
        assert_klines_equal(&kline, &packed);
        assert_klines_equal(&kline, &printed);
    }
}

static void the_largest_kline_fits_its_buffers(void **state)
{
    struct decimal largest = {.scale = DECIMAL_SCALE_MAX};
    assert_int_equal(decimal_parse(slice_of_text("9999999999999999.99999999999999"), &largest), 0);
    struct kline kline = {
        .symbol_size = SYMBOL_BYTES_MAX,
        .trade_ids = TRADE_IDS_known,
        .open_ms = 99999999960000,
        .event_ms = 99999999999999,
        .open = largest,
        .high = largest,
        .low = largest,
        .close = largest,
        .volume = largest,
        .quote_volume = largest,
        .taker_buy_volume = largest,
        .taker_buy_quote_volume = largest,
        .trades = 999999999999999,
        .first_trade_id = 0,
        .last_trade_id = 999999999999999,
    };
    unsigned char bytes[KLINE_ENCODED_MAX];
    char text[KLINE_JSON_MAX];
    memset(kline.symbol, '"', SYMBOL_BYTES_MAX);
    struct kline packed = decoded(*state, (struct slice){bytes, kline_encode(&kline, bytes)});
    struct kline printed = decoded(*state, (struct slice){text, kline_print_json(&kline, text)});
    assert_klines_equal(&kline, &packed);
    assert_klines_equal(&kline, &printed);
}

static void the_printed_event_is_the_one_the_exchange_sent(void **state)
{
    struct kline kline = decoded(*state, slice_of_text(RAW));
    char text[KLINE_JSON_MAX];
    size_t size = kline_print_json(&kline, text);
    assert_string_equal(text, RAW);
    assert_int_equal(size, strlen(RAW));
}

static void decode_variant(struct slice bytes, void *context)
{
    struct kline kline;
    char error[KLINE_ERROR_MAX];
    if (kline_decode(context, bytes, &kline, error) == REASON_none) {
        unsigned char encoded[KLINE_ENCODED_MAX];
        struct kline again =
            decoded(context, (struct slice){encoded, kline_encode(&kline, encoded)});
        assert_klines_equal(&kline, &again);
    }
}

static void torn_and_flipped_bytes_never_make_an_invalid_kline(void **state)
{
    struct kline kline = decoded(*state, slice_of_text(RAW));
    unsigned char bytes[KLINE_ENCODED_MAX];
    size_t size = kline_encode(&kline, bytes);
    hostile_variants((struct slice){bytes, size}, decode_variant, *state);
    hostile_variants(slice_of_text(WRAPPED), decode_variant, *state);
    hostile_variants(slice_of_text(BARE), decode_variant, *state);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_not_equal(reason_of(*state, bytes, cut), REASON_none);
    }
}

/* Takes the frame out of {"recv":…,"frame":FRAME} and counts the empty minutes. */
static size_t decode_recorded(struct kline_decoder *decoder, const char *path, size_t *empty_count)
{
    FILE *file = fopen(path, "r");
    char line[4096];
    size_t count = 0;
    if (file == NULL) {
        fail_msg("%s: cannot be read", path);
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        char *frame = strstr(line, "\"frame\":");
        char *end = strrchr(line, '}');
        assert_non_null(frame);
        assert_non_null(end);
        frame += strlen("\"frame\":");
        struct kline kline = decoded(decoder, (struct slice){frame, (size_t)(end - frame)});
        assert_int_not_equal(kline.trade_ids, TRADE_IDS_unknown);
        *empty_count += kline.trade_ids == TRADE_IDS_none;
        char text[KLINE_JSON_MAX];
        kline_print_json(&kline, text);
        *strchr(strstr(frame, "\"B\":\""), '\0') = '\0';
        assert_non_null(strstr(text, "\"B\":"));
        assert_memory_equal(text, strstr(frame, "{\"e\":"),
                            (size_t)(strstr(text, "\"B\":") - text));
        count++;
    }
    fclose(file);
    return count;
}

/* CANDLED_SHARED: the folder of recorded market data, which is not shipped. */
static void recorded_frames_of_four_exchanges_are_read(void **state)
{
    static const struct {
        const char *file;
        size_t count;
        size_t empty_count;
    } rows[] = {
        {"binance-spot", 19, 0}, {"binance-us", 5, 0}, {"binance-tr", 4, 3}, {"binance-um", 27, 0}};
    const char *folder = getenv("CANDLED_SHARED");
    if (folder == NULL) {
        print_message("CANDLED_SHARED is not set: no recorded frames\n");
        skip();
    }
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char path[4096];
        size_t empty_count = 0;
        snprintf(path, sizeof(path), "%s/ws/%s.kline_1m.jsonl", folder, rows[i].file);
        assert_int_equal(decode_recorded(*state, path, &empty_count), rows[i].count);
        assert_int_equal(empty_count, rows[i].empty_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_arrives),
        cmocka_unit_test(all_four_shapes_give_the_same_kline),
        cmocka_unit_test(symbols_may_be_in_any_script_up_to_64_bytes),
        cmocka_unit_test(an_empty_value_is_empty),
        cmocka_unit_test(large_garbage_is_refused_and_the_next_kline_is_read),
        cmocka_unit_test(a_large_value_with_a_kline_in_it_is_read),
        cmocka_unit_test(any_kline_survives_both_encodings),
        cmocka_unit_test(the_largest_kline_fits_its_buffers),
        cmocka_unit_test(the_printed_event_is_the_one_the_exchange_sent),
        cmocka_unit_test(torn_and_flipped_bytes_never_make_an_invalid_kline),
        cmocka_unit_test(recorded_frames_of_four_exchanges_are_read),
    };
    return cmocka_run_group_tests(tests, create_decoder, destroy_decoder);
}
