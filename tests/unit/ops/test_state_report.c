#include "ops/state_report.h"

#include "proto/candle.h"
#include "state/layout.h"
#include "state/meta.h"
#include "state/outbox.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <string.h>

static void put_candle(struct fixture *f, const char *symbol, int64_t open_ms)
{
    struct candle candle = {.interval = INTERVAL_5m, .open_ms = open_ms, .revision = 5};
    unsigned char key[LAYOUT_CANDLE_KEY_MAX];
    unsigned char bytes[CANDLE_ENCODED_MAX];
    memcpy(candle.symbol, symbol, strlen(symbol));
    size_t key_size = layout_candle_key(symbol, INTERVAL_5m, open_ms, key);
    size_t size = candle_encode(&candle, bytes);
    batch_put_candle(f->batch, (struct slice){key, key_size}, (struct slice){bytes, size}, 0);
}

static void set_up(struct fixture *f)
{
    fixture_init(f, "/tmp");
    fixture_open(f);
    fixture_put(f, "BTCUSDT", "opaque");
    put_candle(f, "BTCUSDT", 600000);
    put_candle(f, "BTCUSDT", 300000);
    put_candle(f, "BTCUSDTX", 900000);
    fixture_put_entry(f, 1, "no candle");
    f->meta.next_offset = 42;
    f->meta.cursors[SINK_redis] = 0;
    assert_int_equal(fixture_commit(f), STATUS_OK);
}

static size_t lines_of(const struct text *text)
{
    size_t count = 0;
    for (size_t i = 0; i < text->size; i++) {
        count += text->bytes[i] == '\n';
    }
    return count;
}

static void expect(const struct text *text, const char *part)
{
    if (strstr(text_get(text), part) == NULL) {
        fail_msg("no %s in %s", part, text_get(text));
    }
}

static void the_list_tells_place_debts_and_sizes(void **state)
{
    (void)state;
    struct fixture f;
    struct text out = {0};
    set_up(&f);
    assert_int_equal(state_report_list(f.store, &out), STATUS_OK);
    assert_int_equal(lines_of(&out), 1);
    expect(&out, "{\"topic\":\"klines\",\"partition\":3,");
    expect(&out, "\"nextOffset\":42,\"streamTime\":null,\"floor\":null,\"outboxNext\":2,");
    expect(&out, "\"sinks\":{\"redis\":{\"acknowledged\":0,\"owed\":1}}");
    expect(&out, "\"actors\":1,\"candles\":3,");
    text_deinit(&out);
    fixture_deinit(&f);
}

static void a_symbol_is_shown_with_its_own_candles_only(void **state)
{
    (void)state;
    struct fixture f;
    struct text out = {0};
    set_up(&f);
    assert_int_equal(state_report_show(f.store, "BTCUSDT", &out), STATUS_OK);
    assert_int_equal(lines_of(&out), 3);
    const char *first = strstr(text_get(&out), "\"openTime\":300000");
    const char *second = strstr(text_get(&out), "\"openTime\":600000");
    assert_non_null(first);
    assert_non_null(second);
    assert_true(first < second);
    assert_null(strstr(text_get(&out), "BTCUSDTX"));
    text_deinit(&out);
    fixture_deinit(&f);
}

static void an_unknown_symbol_is_not_found(void **state)
{
    (void)state;
    static const char *const symbols[] = {
        "BTCUSD", "BTCUSDTX", "ALONGSYMBOLALONGSYMBOLALONGSYMBOLALONGSYMBOLALONGSYMBOLALONGSYMBOL"};
    struct fixture f;
    struct text out = {0};
    set_up(&f);
    for (size_t i = 0; i < ARRAY_COUNT(symbols); i++) {
        assert_int_equal(state_report_show(f.store, symbols[i], &out), STATUS_NOT_FOUND);
    }
    assert_string_equal(text_get(&out), "");
    text_deinit(&out);
    fixture_deinit(&f);
}

static void an_export_in_pieces_is_the_whole_export(void **state)
{
    (void)state;
    struct fixture f;
    struct text whole = {0};
    struct text pieces = {0};
    struct state_export at = {0};
    size_t rounds = 0;
    set_up(&f);
    assert_int_equal(state_report_export(f.store, &at, 1 << 20, &whole), STATUS_OK);
    assert_true(at.is_done);
    for (at = (struct state_export){0}; !at.is_done; rounds++) {
        struct text piece = {0};
        assert_int_equal(state_report_export(f.store, &at, 1, &piece), STATUS_OK);
        assert_true(lines_of(&piece) <= 1);
        text_add(&pieces, "%s", text_get(&piece));
        text_deinit(&piece);
    }
    assert_string_equal(text_get(&pieces), text_get(&whole));
    assert_true(rounds >= lines_of(&whole));
    expect(&whole, "\"table\":\"actors\",\"key\":\"42544355534454\",\"value\":\"6f7061717565\"}");
    expect(&whole, "\"table\":\"outbox\",\"key\":\"0000000000000001\"}");
    text_deinit(&whole);
    text_deinit(&pieces);
    fixture_deinit(&f);
}

static void an_outbox_entry_is_told_as_what_it_is(void **state)
{
    (void)state;
    struct fixture f;
    struct text out = {0};
    struct state_export at = {.table = TABLE_outbox};
    struct candle candle = {.symbol = "ETHUSDT", .interval = INTERVAL_5m, .open_ms = 300000};
    unsigned char key[LAYOUT_OUTBOX_KEY_SIZE];
    unsigned char bytes[CANDLE_ENCODED_MAX];
    unsigned char value[CANDLE_ENCODED_MAX + 2];
    set_up(&f);
    layout_outbox_key(2, key);
    size_t size = candle_encode(&candle, bytes);
    size = outbox_encode(OUTBOX_candle, INTERVAL_5m, (struct slice){bytes, size}, value);
    batch_put(f.batch, TABLE_outbox, SLICE_OF(key), (struct slice){value, size});
    f.meta.outbox_next = 3;
    assert_int_equal(fixture_commit(&f), STATUS_OK);
    assert_int_equal(state_report_export(f.store, &at, 1 << 20, &out), STATUS_OK);
    assert_int_equal(lines_of(&out), 2);
    expect(&out, "\"key\":\"0000000000000002\",\"candle\":{\"symbol\":\"ETHUSDT\"");
    text_deinit(&out);
    fixture_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_tells_place_debts_and_sizes),
        cmocka_unit_test(a_symbol_is_shown_with_its_own_candles_only),
        cmocka_unit_test(an_unknown_symbol_is_not_found),
        cmocka_unit_test(an_export_in_pieces_is_the_whole_export),
        cmocka_unit_test(an_outbox_entry_is_told_as_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
