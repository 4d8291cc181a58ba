#include "tests/unit/cmocka.h"

#include "actors/edge/mongo_ledger_document.h"

#include <stdio.h>
#include <string.h>

static struct ledger_hole room[LEDGER_HOLES_MAX];

static struct ledger_day some_day(const struct ledger_hole *holes, size_t count)
{
    return (struct ledger_day){
        .topic = "crypto_kline_1m",
        .zone = "Asia/Ho_Chi_Minh",
        .date = "2026-02-01",
        .state = LEDGER_partial,
        .from_ms = INT64_C(1769878800000),
        .to_ms = INT64_C(1769965200000),
        .symbols = 3,
        .expected = 4320,
        .minutes = 4310,
        .log_minutes = 4300,
        .archive_minutes = 7,
        .rest_minutes = 3,
        .candles = 5000,
        .pending = 1,
        .refused = 2,
        .was_asked = true,
        .intervals = (interval_set)(INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_1d)),
        .backup = "crypto_kline_1m/Asia/Ho_Chi_Minh/2026-02-01.avro",
        .finished_ms = INT64_C(1769970000123),
        .holes = holes,
        .hole_count = count,
    };
}

static void a_day_comes_back_as_it_was_written(void **state)
{
    const struct ledger_hole holes[] = {{"AUSDT", 1769878800000, 1769879100000},
                                        {"BUSDT", 1769879160000, 1769879460000}};
    struct ledger_day day = some_day(holes, ARRAY_COUNT(holes));
    struct ledger_day found;
    bson_t document = BSON_INITIALIZER;
    bson_iter_t at;
    (void)state;

    mongo_ledger_document_write(&day, &document);
    assert_true(bson_iter_init_find(&at, &document, "_id"));
    assert_string_equal(bson_iter_utf8(&at, NULL), "crypto_kline_1m:Asia/Ho_Chi_Minh:2026-02-01");
    assert_true(bson_iter_init_find(&at, &document, "holeMinutes"));
    assert_int_equal(bson_iter_as_int64(&at), 10);
    mongo_ledger_document_read(&document, &found, room);
    assert_string_equal(found.topic, day.topic);
    assert_string_equal(found.zone, day.zone);
    assert_string_equal(found.date, day.date);
    assert_string_equal(found.backup, day.backup);
    assert_int_equal(found.state, day.state);
    assert_int_equal(found.from_ms, day.from_ms);
    assert_int_equal(found.to_ms, day.to_ms);
    assert_int_equal(found.symbols, day.symbols);
    assert_int_equal(found.expected, day.expected);
    assert_int_equal(found.minutes, day.minutes);
    assert_int_equal(found.log_minutes, day.log_minutes);
    assert_int_equal(found.archive_minutes, day.archive_minutes);
    assert_int_equal(found.rest_minutes, day.rest_minutes);
    assert_int_equal(found.candles, day.candles);
    assert_int_equal(found.pending, day.pending);
    assert_int_equal(found.refused, day.refused);
    assert_int_equal(found.finished_ms, day.finished_ms);
    assert_int_equal(found.intervals, day.intervals);
    assert_true(found.was_asked);
    assert_int_equal(found.hole_count, 2);
    for (size_t i = 0; i < ARRAY_COUNT(holes); i++) {
        assert_string_equal(found.holes[i].symbol, holes[i].symbol);
        assert_int_equal(found.holes[i].from_ms, holes[i].from_ms);
        assert_int_equal(found.holes[i].to_ms, holes[i].to_ms);
    }
    bson_destroy(&document);
}

static void a_document_holds_so_many_holes_and_no_more(void **state)
{
    static struct ledger_hole holes[LEDGER_HOLES_MAX + 5];
    struct ledger_day found;
    bson_t document = BSON_INITIALIZER;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(holes); i++) {
        (void)snprintf(holes[i].symbol, sizeof(holes[i].symbol), "S%zu", i);
    }
    struct ledger_day day = some_day(holes, ARRAY_COUNT(holes));
    mongo_ledger_document_write(&day, &document);
    mongo_ledger_document_read(&document, &found, room);
    assert_int_equal(found.hole_count, LEDGER_HOLES_MAX);
    assert_string_equal(found.holes[LEDGER_HOLES_MAX - 1].symbol, "S999");
    bson_destroy(&document);
}

static void a_strange_document_is_a_missing_day(void **state)
{
    struct ledger_day found;
    bson_t document = BSON_INITIALIZER;
    (void)state;
    BSON_APPEND_INT32(&document, "topic", 1);
    BSON_APPEND_UTF8(&document, "state", "perfect");
    BSON_APPEND_UTF8(&document, "minutes", "many");
    BSON_APPEND_INT32(&document, "holes", 3);
    BSON_APPEND_BOOL(&document, "intervals", true);
    mongo_ledger_document_read(&document, &found, room);
    assert_int_equal(found.state, LEDGER_missing);
    assert_string_equal(found.topic, "");
    assert_int_equal(found.minutes, 0);
    assert_int_equal(found.hole_count, 0);
    assert_int_equal(found.intervals, 0);
    assert_false(found.was_asked);
    bson_destroy(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_comes_back_as_it_was_written),
        cmocka_unit_test(a_document_holds_so_many_holes_and_no_more),
        cmocka_unit_test(a_strange_document_is_a_missing_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
