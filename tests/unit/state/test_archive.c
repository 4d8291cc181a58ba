#include "state/archive.h"

#include "runtime/base.h"
#include "runtime/mem.h"
#include "state/archive_internal.h"
#include "tests/unit/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static int setup(void **state)
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

static int teardown(void **state)
{
    struct setting *s = *state;
    char command[128];
    object_store_close(&s->store);
    (void)snprintf(command, sizeof(command), "rm -r %s", s->folder);
    return system(command);
}

static struct decimal decimal(const char *text)
{
    struct decimal decimal;
    assert_int_equal(decimal_parse(slice_of_text(text), &decimal), STATUS_OK);
    return decimal;
}

/* No two fields alike. */
static struct candle a_minute(const char *symbol, int64_t minute)
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

/* Minutes 0 to count - 1 of BTCUSDT, but not `hole`. */
static struct archive_manifest write_day(const struct setting *s, int64_t count, int64_t hole)
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

static void check_same(const struct candle *a, const struct candle *b)
{
    unsigned char bytes_a[CANDLE_ENCODED_MAX];
    unsigned char bytes_b[CANDLE_ENCODED_MAX];
    size_t size = candle_encode(a, bytes_a);
    assert_int_equal(candle_encode(b, bytes_b), size);
    assert_memory_equal(bytes_a, bytes_b, size);
}

static int64_t count_candles(const char *path)
{
    struct archive_reader *reader;
    struct candle candle;
    int64_t count = 0;
    assert_int_equal(archive_reader_open(path, &reader), STATUS_OK);
    while (archive_reader_next(reader, &candle) == STATUS_OK) {
        count++;
    }
    assert_int_equal(archive_reader_next(reader, &candle), STATUS_NOT_FOUND);
    archive_reader_close(&reader);
    return count;
}

static void a_candle_comes_back_with_every_field_and_digit(void **state)
{
    struct setting *s = *state;
    struct archive_writer *writer;
    struct archive_reader *reader;
    struct archive_manifest manifest;
    struct candle again;
    struct candle candles[] = {a_minute("BTCUSDT", 0), a_minute("币安人生USDT", 1439), an_hour()};
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

static struct archive_manifest publish(struct setting *s, struct archive_manifest manifest,
                                       bool is_forced, bool is_kept)
{
    bool was_kept;
    assert_int_equal(archive_publish(s->store, s->path, &manifest, is_forced, NULL, &was_kept),
                     STATUS_OK);
    assert_int_equal(was_kept, is_kept);
    return manifest;
}

/* How many candles a fetch brings. */
static int64_t fetched(struct setting *s)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/fetched", s->folder);
    assert_int_equal(archive_fetch(s->store, TOPIC, ZONE, DATE, path, NULL, NULL), STATUS_OK);
    return count_candles(path);
}

static void a_published_day_is_fetched_as_it_was(void **state)
{
    struct setting *s = *state;
    struct archive_manifest ours = publish(s, write_day(s, 100, 50), false, false);
    struct archive_manifest theirs;
    assert_int_equal(archive_look(s->store, TOPIC, ZONE, DATE, &theirs), STATUS_OK);
    char *text_ours = archive_manifest_print(&ours);
    char *text_theirs = archive_manifest_print(&theirs);
    assert_string_equal(text_ours, text_theirs);
    assert_int_equal(fetched(s), 99);
    mem_free(text_ours);
    mem_free(text_theirs);
    archive_manifest_deinit(&ours);
    archive_manifest_deinit(&theirs);
}

static void the_same_day_again_changes_nothing(void **state)
{
    struct setting *s = *state;
    struct archive_manifest first = publish(s, write_day(s, 100, -1), false, false);
    struct archive_manifest again = publish(s, write_day(s, 100, -1), false, false);
    struct archive_manifest theirs;
    assert_int_equal(archive_look(s->store, TOPIC, ZONE, DATE, &theirs), STATUS_OK);
    assert_int_equal(theirs.created_ms, first.created_ms);
    assert_string_equal(theirs.sha256, first.sha256);
    archive_manifest_deinit(&theirs);
    archive_manifest_deinit(&first);
    archive_manifest_deinit(&again);
}

static void a_fuller_backup_is_kept_unless_forced(void **state)
{
    struct setting *s = *state;
    struct archive_manifest full = publish(s, write_day(s, 100, -1), false, false);
    struct archive_manifest less = publish(s, write_day(s, 100, 5), false, true);
    assert_int_equal(fetched(s), 100);
    less = publish(s, less, true, false);
    assert_int_equal(fetched(s), 99);
    archive_manifest_deinit(&full);
    full = publish(s, write_day(s, 100, -1), false, false);
    assert_int_equal(fetched(s), 100);
    archive_manifest_deinit(&full);
    archive_manifest_deinit(&less);
}

static char *file_of(const struct setting *s, const char *suffix, char path[300])
{
    (void)snprintf(path, 300, "%s/shared/" TOPIC "/" ZONE "/" DATE "%s", s->folder, suffix);
    return path;
}

/* Copies a file with plain calls. */
static void copy_file(const char *from, const char *to)
{
    char command[700];
    (void)snprintf(command, sizeof(command), "cp %s %s", from, to);
    assert_int_equal(system(command), 0);
}

static void a_day_is_readable_at_each_moment_of_a_replacement(void **state)
{
    struct setting *s = *state;
    char data[300];
    char before[300];
    char moved[310];
    struct archive_manifest old = publish(s, write_day(s, 90, -1), false, false);
    (void)snprintf(before, sizeof(before), "%s/before", s->folder);
    copy_file(file_of(s, ".avro", data), before);

    /* Killed after the first step: a store that takes the manifest and not the file. */
    struct archive_manifest new = write_day(s, 100, -1);
    (void)snprintf(moved, sizeof(moved), "%s.moved", s->path);
    memcpy(new.replaces, old.sha256, sizeof(new.replaces));
    char *text = archive_manifest_print(&new);
    FILE *file = fopen(file_of(s, ".json", data), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    mem_free(text);
    assert_int_equal(fetched(s), 90);

    /* After the second. */
    copy_file(s->path, file_of(s, ".avro", data));
    assert_int_equal(fetched(s), 100);

    /* Another try does not trust what was left, whichever of the two it is. */
    copy_file(before, file_of(s, ".avro", data));
    memset(new.replaces, 0, sizeof(new.replaces));
    new = publish(s, new, false, false);
    assert_int_equal(fetched(s), 100);
    struct archive_manifest theirs;
    assert_int_equal(archive_look(s->store, TOPIC, ZONE, DATE, &theirs), STATUS_OK);
    assert_string_equal(theirs.replaces, "");
    archive_manifest_deinit(&theirs);
    archive_manifest_deinit(&old);
    archive_manifest_deinit(&new);
}

static void damage_anywhere_is_found_and_mended_by_the_next_run(void **state)
{
    struct setting *s = *state;
    char path[300];
    char data[300];
    struct archive_manifest manifest = publish(s, write_day(s, 100, -1), false, false);
    (void)snprintf(path, sizeof(path), "%s/fetched", s->folder);
    int fd = open(file_of(s, ".avro", data), O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "x", 1, manifest.size_bytes / 2), 1);
    (void)close(fd);
    assert_int_equal(archive_fetch(s->store, TOPIC, ZONE, DATE, path, NULL, NULL), STATUS_CORRUPT);
    assert_int_equal(access(path, F_OK), -1);

    assert_int_equal(truncate(file_of(s, ".json", data), 20), 0);
    assert_int_equal(archive_fetch(s->store, TOPIC, ZONE, DATE, path, NULL, NULL), STATUS_CORRUPT);
    manifest = publish(s, manifest, false, false);
    assert_int_equal(fetched(s), 100);

    assert_int_equal(unlink(file_of(s, ".avro", data)), 0);
    assert_int_equal(archive_fetch(s->store, TOPIC, ZONE, DATE, path, NULL, NULL), STATUS_CORRUPT);
    manifest = publish(s, manifest, false, false);
    assert_int_equal(fetched(s), 100);

    assert_int_equal(unlink(file_of(s, ".json", data)), 0);
    assert_int_equal(archive_fetch(s->store, TOPIC, ZONE, DATE, path, NULL, NULL),
                     STATUS_NOT_FOUND);
    archive_manifest_deinit(&manifest);
}

static void publish_as(struct setting *s, const char *date)
{
    struct archive_manifest manifest = write_day(s, 1, -1);
    (void)snprintf(manifest.day.date, sizeof(manifest.day.date), "%s", date);
    manifest = publish(s, manifest, false, false);
    archive_manifest_deinit(&manifest);
}

static void old_days_are_pruned_and_others_stay(void **state)
{
    struct setting *s = *state;
    struct archive_dates dates;
    size_t deleted = 0;
    char path[300];
    static const char *const days[] = {"2025-11-20", "2024-10-01", "2025-01-01", "2024-12-31"};
    for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
        publish_as(s, days[i]);
    }
    assert_int_equal(archive_prune(s->store, TOPIC, ZONE, "2025-01-01", &deleted), STATUS_OK);
    assert_int_equal(deleted, 2);
    assert_int_equal(archive_list(s->store, TOPIC, ZONE, &dates), STATUS_OK);
    assert_int_equal(dates.count, 2);
    assert_string_equal(dates.items[0], "2025-01-01");
    assert_string_equal(dates.items[1], "2025-11-20");
    archive_dates_deinit(&dates);
    (void)snprintf(path, sizeof(path), "%s/shared/" TOPIC "/" ZONE "/2024-12-31.avro", s->folder);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(archive_list(s->store, TOPIC, "UTC", &dates), STATUS_OK);
    assert_int_equal(dates.count, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_candle_comes_back_with_every_field_and_digit),
        CASE(the_manifest_counts_each_symbol_and_names_its_holes),
        CASE(a_candle_of_another_day_is_refused),
        CASE(a_day_whose_parts_make_no_key_is_malformed),
        CASE(a_file_that_is_cut_or_foreign_is_corrupt),
        CASE(a_published_day_is_fetched_as_it_was),
        CASE(the_same_day_again_changes_nothing),
        CASE(a_fuller_backup_is_kept_unless_forced),
        CASE(a_day_is_readable_at_each_moment_of_a_replacement),
        CASE(damage_anywhere_is_found_and_mended_by_the_next_run),
        CASE(old_days_are_pruned_and_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
