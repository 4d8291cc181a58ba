#include "actors/edge/mongo_document.h"

#include "runtime/slice.h"
#include "tests/unit/cmocka.h"

static struct decimal decimal(const char *text)
{
    struct decimal parsed;
    assert_int_equal(decimal_parse(slice_of_text(text), &parsed), STATUS_OK);
    return parsed;
}

static struct candle sample(void)
{
    return (struct candle){
        .symbol = "BTCUSDT",
        .interval = INTERVAL_5m,
        .open_ms = 1738368000000,
        .updated_ms = 1738368300001,
        .open = decimal("1.10"),
        .high = decimal("9999999999999999.99999999999999"),
        .low = decimal("0.00000000000001"),
        .close = decimal("2"),
        .volume = decimal("0"),
        .quote_volume = decimal("0.00"),
        .taker_buy_volume = decimal("3.0"),
        .taker_buy_quote_volume = decimal("4"),
        .trades = 5,
        .minutes = 4,
        .trade_ids = TRADE_IDS_known,
        .first_trade_id = 0,
        .last_trade_id = 8,
        .missing_trades = 0,
        .revision = revision_of(1, 41),
    };
}

static void assert_json(const bson_t *document, const char *wanted)
{
    char *json = bson_as_relaxed_extended_json(document, NULL);
    assert_string_equal(json, wanted);
    bson_free(json);
}

static void the_filter_matches_what_is_older_or_knows_no_revision(void **state)
{
    (void)state;
    struct candle candle = sample();
    bson_t filter = BSON_INITIALIZER;
    mongo_document_filter(&candle, &filter);
    assert_json(&filter, "{ \"_id\" : \"BTCUSDT:5m:1738368000000\", \"revision\" : { \"$not\" : { "
                         "\"$gte\" : 281474976710698 } } }");
    bson_destroy(&filter);
}

/* An upsert that finds nothing makes the same. */
static void the_whole_is_the_id_and_what_an_update_sets(void **state)
{
    (void)state;
    struct candle candle = sample();
    bson_t whole = BSON_INITIALIZER, update = BSON_INITIALIZER, wanted = BSON_INITIALIZER;
    bson_iter_t set, fields;
    BSON_APPEND_UTF8(&wanted, "_id", "BTCUSDT:5m:1738368000000");
    assert_true(mongo_document_whole(&candle, &whole));
    assert_true(mongo_document_update(&candle, &update));
    assert_true(bson_iter_init_find(&set, &update, "$set") && bson_iter_recurse(&set, &fields));
    while (bson_iter_next(&fields)) {
        assert_true(bson_append_iter(&wanted, NULL, -1, &fields));
    }
    assert_true(bson_equal(&whole, &wanted));
    bson_destroy(&whole);
    bson_destroy(&update);
    bson_destroy(&wanted);
}

static void every_digit_is_kept(void **state)
{
    (void)state;
    struct candle candle = sample();
    bson_t update = BSON_INITIALIZER;
    assert_true(mongo_document_update(&candle, &update));
    assert_json(
        &update,
        "{ \"$set\" : { \"symbol\" : \"BTCUSDT\", \"interval\" : \"5m\", "
        "\"openTime\" : { \"$date\" : \"2025-02-01T00:00:00Z\" }, "
        "\"closeTime\" : { \"$date\" : \"2025-02-01T00:04:59.999Z\" }, "
        "\"open\" : { \"$numberDecimal\" : \"1.10\" }, "
        "\"high\" : { \"$numberDecimal\" : \"9999999999999999.99999999999999\" }, "
        "\"low\" : { \"$numberDecimal\" : \"1E-14\" }, "
        "\"close\" : { \"$numberDecimal\" : \"2\" }, "
        "\"volume\" : { \"$numberDecimal\" : \"0\" }, "
        "\"quoteVolume\" : { \"$numberDecimal\" : \"0.00\" }, \"trades\" : 5, "
        "\"takerBuyVolume\" : { \"$numberDecimal\" : \"3.0\" }, "
        "\"takerBuyQuoteVolume\" : { \"$numberDecimal\" : \"4\" }, \"minutes\" : 4, "
        "\"complete\" : false, \"firstTradeId\" : 0, \"lastTradeId\" : 8, \"missingTrades\" : 0, "
        "\"revision\" : 281474976710698, "
        "\"updatedAt\" : { \"$date\" : \"2025-02-01T00:05:00.001Z\" } } }");
    bson_destroy(&update);
}

static void what_is_unknown_is_null(void **state)
{
    (void)state;
    static const char *const names[] = {"$set.firstTradeId", "$set.lastTradeId",
                                        "$set.missingTrades"};
    struct candle candle = sample();
    bson_t update = BSON_INITIALIZER;

    candle.trade_ids = TRADE_IDS_unknown;
    candle.missing_trades = -1;
    assert_true(mongo_document_update(&candle, &update));
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        bson_iter_t iter;
        bson_iter_t found;
        assert_true(bson_iter_init(&iter, &update));
        assert_true(bson_iter_find_descendant(&iter, names[i], &found));
        assert_true(BSON_ITER_HOLDS_NULL(&found));
    }
    bson_destroy(&update);
}

static void a_number_that_does_not_fit_is_said_so(void **state)
{
    (void)state;
    struct candle candle = sample();
    bson_t update = BSON_INITIALIZER;

    candle.volume.coefficient = 1;
    for (int i = 0; i < 35; i++) {
        candle.volume.coefficient *= 10;
    }
    candle.volume.coefficient += 1; /* 36 digits, none of which may be dropped */
    assert_false(mongo_document_update(&candle, &update));
    bson_destroy(&update);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_filter_matches_what_is_older_or_knows_no_revision),
        cmocka_unit_test(the_whole_is_the_id_and_what_an_update_sets),
        cmocka_unit_test(every_digit_is_kept),
        cmocka_unit_test(what_is_unknown_is_null),
        cmocka_unit_test(a_number_that_does_not_fit_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
