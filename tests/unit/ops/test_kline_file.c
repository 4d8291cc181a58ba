#include "ops/kline_file.h"

#include "ops/kline_merge.h"
#include "proto/kline.h"
#include "runtime/mem.h"
#include "tests/unit/ops/tmp_file.h"

#include <zlib.h>
#include <zstd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HEADER                                                                                     \
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"         \
    "taker_buy_quote_volume,ignore\n"
#define ROW1 "1769904000000,1.50,1.60,1.40,1.55,10.0,1769904059999,15.2,7,4.0,6.1,0\n"
#define ROW2 "1769904060000,1.55,1.55,1.55,1.55,0.0,1769904119999,0.0,0,0.0,0.0,0\n"
#define ROW1_US "1769904000000000,1.50,1.60,1.40,1.55,10.0,1769904059999999,15.2,7,4.0,6.1,0\n"

static void expect_record(struct kline_file *file, int64_t event_ms, const char *json)
{
    struct feed_record record;
    char error[KLINE_FILE_ERROR_MAX] = "";
    assert_int_equal(kline_file_next(file, &record, error), STATUS_OK);
    assert_int_equal(record.event_ms, event_ms);
    assert_true(slice_equals(record.value, slice_of_text(json)));
    assert_true(slice_equals(record.key, slice_of_text("BTCUSDT")));
}

static void expect_end(struct kline_file *file, enum status status, const char *problem)
{
    struct feed_record record;
    char error[KLINE_FILE_ERROR_MAX] = "";
    assert_int_equal(kline_file_next(file, &record, error), status);
    assert_non_null(strstr(error, problem));
}

static struct kline_file *opened(const struct tmp_file *file, const char *symbol)
{
    struct kline_file *klines;
    char error[KLINE_FILE_ERROR_MAX];
    assert_int_equal(kline_file_open(file->path, symbol, &klines, error), STATUS_OK);
    return klines;
}

#define JSON1                                                                                      \
    "{\"e\":\"kline\",\"E\":1769904059999,\"s\":\"BTCUSDT\",\"k\":{\"t\":1769904000000,"           \
    "\"T\":1769904059999,\"s\":\"BTCUSDT\",\"i\":\"1m\",\"o\":\"1.50\",\"c\":\"1.55\","            \
    "\"h\":\"1.60\",\"l\":\"1.40\",\"v\":\"10.0\",\"n\":7,\"x\":true,\"q\":\"15.2\","              \
    "\"V\":\"4.0\",\"Q\":\"6.1\",\"B\":\"0\"}}"

static void expect_two_rows(const struct tmp_file *tmp, bool has_two)
{
    struct kline_file *file = opened(tmp, NULL);
    struct feed_record record;
    char error[KLINE_FILE_ERROR_MAX];
    expect_record(file, 1769904059999, JSON1);
    if (has_two) {
        assert_int_equal(kline_file_next(file, &record, error), STATUS_OK);
        assert_int_equal(record.event_ms, 1769904119999);
    }
    expect_end(file, STATUS_NOT_FOUND, "");
    kline_file_close(&file);
    tmp_file_remove(tmp);
}

static void csv_is_read_with_and_without_header_in_ms_and_us(void **state)
{
    (void)state;
    struct tmp_file tmp = tmp_file_of_text("BTCUSDT-1m-2026-02.csv", HEADER ROW1 ROW2);
    expect_two_rows(&tmp, true);
    tmp = tmp_file_of_text("BTCUSDT_1m.csv", ROW1 "\r\n" ROW2);
    expect_two_rows(&tmp, true);
    tmp = tmp_file_of_text("BTCUSDT-1m-2026-02-01.csv", ROW1_US);
    expect_two_rows(&tmp, false);
    tmp = tmp_file_create("BTCUSDT-1m.csv", ROW1, strlen(ROW1) - 1); /* no newline at the end */
    expect_two_rows(&tmp, false);
}

static struct tmp_file zstd_file(const char *name, const char *text)
{
    unsigned char packed[4096];
    size_t size = ZSTD_compress(packed, sizeof(packed), text, strlen(text), 3);
    assert_false(ZSTD_isError(size));
    return tmp_file_create(name, packed, size);
}

static size_t gzip(const char *text, unsigned char *packed, size_t room)
{
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)text,
                       .avail_in = (uInt)strlen(text),
                       .next_out = packed,
                       .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t size = room - stream.avail_out;
    (void)deflateEnd(&stream);
    return size;
}

static void packed_files_are_unpacked_whatever_their_name(void **state)
{
    (void)state;
    unsigned char packed[4096];
    struct tmp_file tmp = zstd_file("BTCUSDT-1m-2026-02.csv.zst", HEADER ROW1 ROW2);
    expect_two_rows(&tmp, true);
    tmp = zstd_file("BTCUSDT-1m-2026-02.csv", ROW1 ROW2);
    expect_two_rows(&tmp, true);
    size_t size = gzip(ROW1, packed, sizeof(packed));
    size += gzip(ROW2, packed + size, sizeof(packed) - size); /* two members, as `cat` makes them */
    tmp = tmp_file_create("BTCUSDT-1m-2026-02.csv.gz", packed, size);
    expect_two_rows(&tmp, true);
}

static void a_packed_file_that_was_cut_is_refused(void **state)
{
    (void)state;
    unsigned char packed[4096];
    size_t size = ZSTD_compress(packed, sizeof(packed), ROW1, strlen(ROW1), 3);
    struct tmp_file tmp = tmp_file_create("BTCUSDT-1m.csv.zst", packed, size - 5);
    struct kline_file *file = opened(&tmp, NULL);
    struct feed_record record;
    char error[KLINE_FILE_ERROR_MAX];
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        status = kline_file_next(file, &record, error);
    }
    assert_int_equal(status, STATUS_MALFORMED);
    assert_non_null(strstr(error, "was cut"));
    kline_file_close(&file);
    tmp_file_remove(&tmp);
    size = gzip(ROW1, packed, sizeof(packed));
    tmp = tmp_file_create("BTCUSDT-1m.csv.gz", packed, size - 9);
    file = opened(&tmp, NULL);
    do {
        status = kline_file_next(file, &record, error);
    } while (status == STATUS_OK);
    assert_int_equal(status, STATUS_MALFORMED);
    kline_file_close(&file);
    tmp_file_remove(&tmp);
}

static void a_wrong_row_names_file_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        const char *problem;
    } cases[] = {
        {"1769904060000,1.5", "BTCUSDT-1m.csv:2: found 2 columns, expected 12"},
        {"1769904060000,x,1,1,1,1,1769904119999,1,1,1,1,0", ":2: open: found 'x'"},
        {"1769904060001,1,1,1,1,1,1769904119999,1,1,1,1,0", ":2: open_time: 1769904060001 is not"},
        {"1769904060000,1,1,1,1,1,1769904119998,1,1,1,1,0", ":2: close_time: 1769904119998 is not"},
        {"1769904060000,1,1,1,1,1,1769904119999,1,-1,1,1,0", ":2: trades: found '-1'"},
        {"1769904060000,1,1,1,1,1,1769904119999,1,1,1,1,0,9", ":2: found 13 columns"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[400];
        snprintf(text, sizeof(text), ROW1 "%s\n" ROW2, cases[i].row);
        struct tmp_file tmp = tmp_file_of_text("BTCUSDT-1m.csv", text);
        struct kline_file *file = opened(&tmp, NULL);
        expect_record(file, 1769904059999, JSON1);
        expect_end(file, STATUS_MALFORMED, cases[i].problem);
        kline_file_close(&file);
        tmp_file_remove(&tmp);
    }
}

static void a_csv_whose_name_tells_no_symbol_wants_one(void **state)
{
    (void)state;
    struct tmp_file tmp = tmp_file_of_text("rows.csv", ROW1);
    struct kline_file *file = opened(&tmp, NULL);
    expect_end(file, STATUS_BAD_CONFIG, "--symbol");
    kline_file_close(&file);
    file = opened(&tmp, "BTCUSDT");
    expect_record(file, 1769904059999, JSON1);
    kline_file_close(&file);
    tmp_file_remove(&tmp);
}

static void json_lines_go_on_as_they_are(void **state)
{
    (void)state;
    struct tmp_file tmp = tmp_file_of_text("x.jsonl", "{\"recv\":1.5,\"frame\":" JSON1 "}\n\n" JSON1
                                                      "\n{\"broken\": \nnot json\n"
                                                      "{\"stream\":\"s\",\"data\":" JSON1 "}");
    struct kline_file *file = opened(&tmp, NULL);
    expect_record(file, 1769904059999, JSON1);
    expect_record(file, 1769904059999, JSON1);
    /* The shard judges; the symbol and the time are those before it. */
    expect_record(file, 1769904059999, "{\"broken\":");
    expect_record(file, 1769904059999, "not json");
    expect_record(file, 1769904059999, "{\"stream\":\"s\",\"data\":" JSON1 "}");
    expect_end(file, STATUS_NOT_FOUND, "");
    kline_file_close(&file);
    tmp_file_remove(&tmp);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct kline_file *file = NULL;
    char error[KLINE_FILE_ERROR_MAX];
    assert_int_equal(kline_file_open("/nowhere/x.csv", NULL, &file, error), STATUS_IO);
    assert_string_equal(error, "/nowhere/x.csv: cannot be opened: No such file or directory");
    assert_null(file);
}

static void long_lines_are_read_up_to_the_limit(void **state)
{
    (void)state;
    size_t size = KLINE_FILE_LINE_MAX + 400000;
    char *text = mem_new(size, 1);
    memset(text, '{', size);
    text[300000] = '\n';
    struct tmp_file tmp = tmp_file_create("x.jsonl", text, size);
    struct kline_file *file = opened(&tmp, "BTCUSDT");
    struct feed_record record;
    char error[KLINE_FILE_ERROR_MAX];
    assert_int_equal(kline_file_next(file, &record, error), STATUS_OK);
    assert_int_equal(record.value.size, 300000);
    expect_end(file, STATUS_MALFORMED, ":2: a line is longer than 4 MiB");
    kline_file_close(&file);
    tmp_file_remove(&tmp);
    mem_free(text);
}

/* The recorded data lies outside the repository; without it there is nothing to compare. */
static void recorded_data_is_read_to_its_end(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t rows;
    } files[] = {
        {"um-1m/ALGOUSDT-1m-2026-02-01_14.csv.zst", 20160},
        {"ws/binance-spot.kline_1m.jsonl", 19},
        {"ws/binance-tr.kline_1m.jsonl", 4},
    };
    const char *shared = getenv("CANDLED_SHARED");
    if (shared == NULL) {
        skip();
    }
    struct kline_decoder *decoder = kline_decoder_create();
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        char path[512];
        char error[KLINE_FILE_ERROR_MAX];
        char why[KLINE_ERROR_MAX];
        struct kline_file *file;
        struct feed_record record;
        struct kline kline;
        size_t rows = 0;
        snprintf(path, sizeof(path), "%s/%s", shared, files[i].path);
        assert_int_equal(kline_file_open(path, NULL, &file, error), STATUS_OK);
        while (kline_file_next(file, &record, error) == STATUS_OK) {
            rows++;
            assert_int_equal(kline_decode(decoder, record.value, &kline, why), REASON_none);
            assert_int_equal(kline.event_ms, record.event_ms);
            assert_true(slice_equals(record.key, slice_of_text(kline.symbol)));
        }
        assert_int_equal(rows, files[i].rows);
        assert_int_equal(kline_file_position(file), kline_file_size(file));
        kline_file_close(&file);
    }
    kline_decoder_destroy(&decoder);
}

static void files_are_merged_by_event_time(void **state)
{
    (void)state;
    struct tmp_file a = tmp_file_of_text("AUSDT-1m.csv", ROW1 ROW2);
    struct tmp_file b = tmp_file_of_text("BUSDT-1m.csv", ROW2);
    struct tmp_file c = tmp_file_of_text("CUSDT-1m.csv", ROW1);
    struct tmp_file none = tmp_file_of_text("DUSDT-1m.csv", "");
    const char *const paths[] = {none.path, b.path, a.path, c.path};
    static const char *const expected[] = {"AUSDT", "CUSDT", "BUSDT", "AUSDT"};
    struct kline_merge *merge;
    struct feed_record record;
    char error[KLINE_FILE_ERROR_MAX];

    assert_int_equal(kline_merge_open(paths, 4, NULL, &merge, error), STATUS_OK);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        assert_int_equal(kline_merge_next(merge, &record, error), STATUS_OK);
        assert_true(slice_equals(record.key, slice_of_text(expected[i])));
    }
    assert_int_equal(kline_merge_next(merge, &record, error), STATUS_NOT_FOUND);
    assert_int_equal(kline_merge_next(merge, &record, error), STATUS_NOT_FOUND);
    assert_int_equal(kline_merge_position(merge), kline_merge_size(merge));
    kline_merge_close(&merge);
    tmp_file_remove(&a);
    tmp_file_remove(&b);
    tmp_file_remove(&c);
    tmp_file_remove(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_is_read_with_and_without_header_in_ms_and_us),
        cmocka_unit_test(packed_files_are_unpacked_whatever_their_name),
        cmocka_unit_test(a_packed_file_that_was_cut_is_refused),
        cmocka_unit_test(a_wrong_row_names_file_line_and_column),
        cmocka_unit_test(a_csv_whose_name_tells_no_symbol_wants_one),
        cmocka_unit_test(json_lines_go_on_as_they_are),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(long_lines_are_read_up_to_the_limit),
        cmocka_unit_test(recorded_data_is_read_to_its_end),
        cmocka_unit_test(files_are_merged_by_event_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
