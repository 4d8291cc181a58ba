#include "state/archive.h"

#include "tests/unit/state/archive_fixture.h"

#include <sys/wait.h>

static struct candle an_hour(void)
{
    struct candle candle = a_minute("BTCUSDT", 0);
    candle.interval = INTERVAL_1h;
    candle.minutes = 60;
    candle.has_unknown_ids = true;
    candle.is_complete = false;
    candle.trade_ids = TRADE_IDS_unknown;
    candle.first_trade_id = -1;
    candle.last_trade_id = -1;
    candle.missing_trades = -1;
    /* The sum of an hour of the largest volumes: more digits than a kline may have. */
    for (int i = 0; i < 59; i++) {
        assert_int_equal(decimal_add(&candle.volume, decimal("9999999999999999.12345678901234")),
                         STATUS_OK);
    }
    return candle;
}

/* Of a zone whose clock is set forward that day, with series, one of them not known. */
static struct candle a_short_day(void)
{
    struct candle candle = a_minute("BTCUSDT", 0);
    candle.interval = INTERVAL_1d;
    candle.window_minutes = 1380;
    candle.minutes = 1380;
    candle.derived = (struct derived){
        .count = 3,
        .is_known = {true, false, true},
        .series = {{SERIES_vwap, 0}, {SERIES_sma, 20}, {SERIES_ema, 12}},
        .values = {INT64_C(123456789012345678), 0, INT64_C(5000000000000)},
    };
    return candle;
}

static void check_same(const struct candle *a, const struct candle *b)
{
    unsigned char bytes_a[CANDLE_ENCODED_MAX];
    unsigned char bytes_b[CANDLE_ENCODED_MAX];
    size_t size = candle_encode(a, bytes_a);
    assert_int_equal(candle_encode(b, bytes_b), size);
    assert_memory_equal(bytes_a, bytes_b, size);
}

static void a_candle_comes_back_with_every_field_and_digit(void **state)
{
    struct setting *s = *state;
    struct archive_writer *writer;
    struct archive_reader *reader;
    struct archive_manifest manifest;
    struct candle again;
    struct candle candles[] = {a_minute("BTCUSDT", 0), a_minute("币安人生USDT", 1439), an_hour(),
                               a_short_day()};
    candles[1].is_fill = true;
    candles[1].trade_ids = TRADE_IDS_none;

    assert_int_equal(archive_writer_create(&s->day, s->path, &writer), STATUS_OK);
    for (size_t i = 0; i < ARRAY_COUNT(candles); i++) {
        assert_int_equal(archive_writer_add(writer, &candles[i]), STATUS_OK);
    }
    assert_int_equal(archive_writer_finish(writer, &manifest), STATUS_OK);
    archive_writer_destroy(&writer);
    archive_manifest_deinit(&manifest);

    assert_int_equal(archive_reader_open(s->path, &reader), STATUS_OK);
    for (size_t i = 0; i < ARRAY_COUNT(candles); i++) {
        assert_int_equal(archive_reader_next(reader, &again), STATUS_OK);
        check_same(&candles[i], &again);
    }
    assert_int_equal(archive_reader_next(reader, &again), STATUS_NOT_FOUND);
    archive_reader_close(&reader);
}

static void the_manifest_counts_each_symbol_and_names_its_holes(void **state)
{
    struct setting *s = *state;
    struct archive_writer *writer;
    struct archive_manifest manifest;
    assert_int_equal(archive_writer_create(&s->day, s->path, &writer), STATUS_OK);
    archive_writer_expect(writer, "ADAUSDT");
    for (int64_t i = 1439; i > 0; i--) { /* backwards, and without the first minute */
        struct candle candle = a_minute("BTCUSDT", i);
        if (i != 700 && i != 701) {
            assert_int_equal(archive_writer_add(writer, &candle), STATUS_OK);
        }
    }
    struct candle hour = an_hour();
    assert_int_equal(archive_writer_add(writer, &hour), STATUS_OK);
    assert_int_equal(archive_writer_finish(writer, &manifest), STATUS_OK);
    archive_writer_destroy(&writer);

    assert_int_equal(manifest.candles, 1438);
    assert_int_equal(manifest.minutes, 1437);
    assert_int_equal(manifest.symbol_count, 2);
    assert_string_equal(manifest.symbols[0].symbol, "ADAUSDT");
    assert_int_equal(manifest.symbols[0].minutes, 0);
    assert_int_equal(manifest.symbols[0].first_open_ms, -1);
    assert_int_equal(manifest.symbols[1].candles, 1438);
    assert_int_equal(manifest.symbols[1].minutes, 1437);
    assert_int_equal(manifest.symbols[1].first_open_ms, day_open_ms + MINUTE_MS);
    assert_int_equal(manifest.symbols[1].last_open_ms, day_open_ms + 1439 * (int64_t)MINUTE_MS);
    assert_int_equal(manifest.hole_count, 3);
    assert_string_equal(manifest.holes[0].symbol, "ADAUSDT");
    assert_int_equal(manifest.holes[0].minutes, 1440);
    assert_int_equal(manifest.holes[1].open_ms, day_open_ms);
    assert_int_equal(manifest.holes[1].minutes, 1);
    assert_int_equal(manifest.holes[2].open_ms, day_open_ms + 700 * (int64_t)MINUTE_MS);
    assert_int_equal(manifest.holes[2].minutes, 2);
    archive_manifest_deinit(&manifest);
}

static void a_candle_of_another_day_is_refused(void **state)
{
    struct setting *s = *state;
    struct archive_writer *writer;
    struct candle before = a_minute("BTCUSDT", -1);
    struct candle after = a_minute("BTCUSDT", 1440);
    assert_int_equal(archive_writer_create(&s->day, s->path, &writer), STATUS_OK);
    assert_int_equal(archive_writer_add(writer, &before), STATUS_RANGE);
    assert_int_equal(archive_writer_add(writer, &after), STATUS_RANGE);
    archive_writer_destroy(&writer);
    assert_int_equal(access(s->path, F_OK), -1); /* what was not finished is not left behind */
}

/* Antarctica/Casey has had days of 27 hours. */
static void a_long_day_has_room_and_one_that_is_too_long_is_refused(void **state)
{
    struct setting *s = *state;
    struct archive_writer *writer;
    struct archive_manifest manifest;
    struct candle last = a_minute("BTCUSDT", 1619);
    s->day.next_ms = s->day.open_ms + 1620 * (int64_t)MINUTE_MS;
    assert_int_equal(archive_writer_create(&s->day, s->path, &writer), STATUS_OK);
    assert_int_equal(archive_writer_add(writer, &last), STATUS_OK);
    assert_int_equal(archive_writer_finish(writer, &manifest), STATUS_OK);
    assert_int_equal(manifest.holes[0].minutes, 1619);
    archive_manifest_deinit(&manifest);
    archive_writer_destroy(&writer);
    s->day.next_ms = s->day.open_ms + (ARCHIVE_DAY_MINUTES_MAX + 1) * (int64_t)MINUTE_MS;
    assert_int_equal(archive_writer_create(&s->day, s->path, &writer), STATUS_RANGE);
}

static void a_day_whose_parts_make_no_key_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        const char *zone;
        const char *date;
    } cases[] = {
        {"", ZONE, DATE},          {TOPIC, "", DATE},           {TOPIC, "../UTC", DATE},
        {TOPIC, ZONE, "2025-1-2"}, {TOPIC, ZONE, "2025-11-2x"}, {TOPIC, "/UTC", DATE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct archive_day day;
        assert_int_equal(archive_day_init(&day, cases[i].topic, cases[i].zone, cases[i].date, 0, 1),
                         STATUS_MALFORMED);
    }
}

/* What reading a file to its end comes to: in a process of its own, because avro-c 1.11 does not
 * free what it has of a file that it refuses to open. */
static enum status read_elsewhere(const char *path)
{
    int code;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct archive_reader *reader;
        struct candle candle;
        enum status status = archive_reader_open(path, &reader);
        while (status == STATUS_OK) {
            status = archive_reader_next(reader, &candle);
        }
        _exit((int)status);
    }
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    return (enum status)WEXITSTATUS(code);
}

static void a_file_that_is_cut_or_foreign_is_corrupt(void **state)
{
    struct setting *s = *state;
    struct archive_manifest manifest = write_day(s, 1440, -1);
    assert_int_equal(read_elsewhere(s->path), STATUS_NOT_FOUND); /* it is good to its end */

    assert_int_equal(truncate(s->path, manifest.size_bytes - 100), 0);
    assert_int_equal(read_elsewhere(s->path), STATUS_CORRUPT);
    assert_int_equal(truncate(s->path, 10), 0);
    assert_int_equal(read_elsewhere(s->path), STATUS_CORRUPT);
    assert_int_equal(truncate(s->path, 0), 0);
    assert_int_equal(read_elsewhere(s->path), STATUS_CORRUPT);
    struct archive_reader *reader;
    assert_int_equal(unlink(s->path), 0);
    assert_int_equal(archive_reader_open(s->path, &reader), STATUS_NOT_FOUND);
    archive_manifest_deinit(&manifest);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_candle_comes_back_with_every_field_and_digit),
        CASE(the_manifest_counts_each_symbol_and_names_its_holes),
        CASE(a_candle_of_another_day_is_refused),
        CASE(a_long_day_has_room_and_one_that_is_too_long_is_refused),
        CASE(a_day_whose_parts_make_no_key_is_malformed),
        CASE(a_file_that_is_cut_or_foreign_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
