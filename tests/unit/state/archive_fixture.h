/* What the tests of backups share: a folder that goes away with a store in it, and a day to write.
 */
#ifndef CANDLED_TESTS_UNIT_STATE_ARCHIVE_FIXTURE_H
#define CANDLED_TESTS_UNIT_STATE_ARCHIVE_FIXTURE_H

#include "runtime/base.h"
#include "state/archive.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOPIC "klines"
#define ZONE "Asia/Ho_Chi_Minh"
#define DATE "2025-11-20"

static const int64_t day_open_ms = 1763571600000; /* 2025-11-19T17:00Z */

/* A folder of its own, a store in it, and a file to write to. */
struct setting {
    char folder[64];
    char path[128];
    struct object_store *store;
    struct archive_day day;
};

static inline int setup(void **state)
{
    static struct setting s;
    char shared[128];
    char url[160];
    char error[200];
    s = (struct setting){.folder = "/tmp/candled-archive-XXXXXX"};
    assert_non_null(mkdtemp(s.folder));
    (void)snprintf(s.path, sizeof(s.path), "%s/day.avro", s.folder);
    (void)snprintf(shared, sizeof(shared), "%s/shared", s.folder);
    (void)snprintf(url, sizeof(url), "file://%s", shared);
    assert_int_equal(mkdir(shared, 0700), 0);
    assert_int_equal(object_store_open(url, &s.store, error, sizeof(error)), STATUS_OK);
    assert_int_equal(archive_day_init(&s.day, TOPIC, ZONE, DATE, day_open_ms,
                                      day_open_ms + 1440 * (int64_t)MINUTE_MS),
                     STATUS_OK);
    *state = &s;
    return 0;
}

static inline int teardown(void **state)
{
    struct setting *s = *state;
    char command[128];
    object_store_close(&s->store);
    (void)snprintf(command, sizeof(command), "rm -r %s", s->folder);
    return system(command);
}

static inline struct decimal decimal(const char *text)
{
    struct decimal decimal;
    assert_int_equal(decimal_parse(slice_of_text(text), &decimal), STATUS_OK);
    return decimal;
}

/* No two fields alike. */
static inline struct candle a_minute(const char *symbol, int64_t minute)
{
    struct candle candle = {
        .interval = INTERVAL_1m,
        .open_ms = day_open_ms + minute * MINUTE_MS,
        .event_ms = day_open_ms + minute * MINUTE_MS + 60123,
        .updated_ms = day_open_ms + minute * MINUTE_MS + 60124,
        .open = decimal("91234.50000000"),
        .high = decimal("91300"),
        .low = decimal("0.00000001"),
        .close = decimal("91234.5"),
        .volume = decimal("9999999999999999.12345678901234"),
        .quote_volume = decimal("1.500"),
        .taker_buy_volume = decimal("0"),
        .taker_buy_quote_volume = decimal("0.000"),
        .trades = 77,
        .minutes = 1,
        .is_complete = true,
        .is_emitted = true,
        .trade_ids = TRADE_IDS_known,
        .first_trade_id = INT64_C(5000000000),
        .last_trade_id = INT64_C(5000000076),
        .missing_trades = 3,
        .revision = revision_of(2, 1000 + minute),
    };
    (void)snprintf(candle.symbol, sizeof(candle.symbol), "%s", symbol);
    return candle;
}

/* Minutes 0 to count - 1 of BTCUSDT, but not `hole`. */
static inline struct archive_manifest write_day(const struct setting *s, int64_t count,
                                                int64_t hole)
{
    struct archive_writer *writer;
    struct archive_manifest manifest;
    assert_int_equal(archive_writer_create(&s->day, s->path, &writer), STATUS_OK);
    for (int64_t i = 0; i < count; i++) {
        struct candle candle = a_minute("BTCUSDT", i);
        if (i != hole) {
            assert_int_equal(archive_writer_add(writer, &candle), STATUS_OK);
        }
    }
    assert_int_equal(archive_writer_finish(writer, &manifest), STATUS_OK);
    archive_writer_destroy(&writer);
    return manifest;
}

#endif
