#include "state/layout.h"
#include "tests/unit/cmocka.h"

#include <string.h>

static int compare(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int difference = memcmp(a.bytes, b.bytes, common);
    return difference != 0 ? difference : (a.size > b.size) - (a.size < b.size);
}

static void a_candle_key_tells_what_it_was_made_of(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, -60000, 0, 1, 1700000000000, INT64_MAX};
    unsigned char key[LAYOUT_CANDLE_KEY_MAX];
    char symbol[SYMBOL_BYTES_MAX + 1];
    char longest[SYMBOL_BYTES_MAX + 1];
    memset(longest, 'X', SYMBOL_BYTES_MAX);
    longest[SYMBOL_BYTES_MAX] = '\0';
    const char *symbols[] = {"B", "BTCUSDT", longest};

    for (size_t s = 0; s < ARRAY_COUNT(symbols); s++) {
        for (int i = 0; i < INTERVAL_COUNT; i++) {
            for (size_t t = 0; t < ARRAY_COUNT(times); t++) {
                size_t size = layout_candle_key(symbols[s], (enum interval)i, times[t], key);
                enum interval interval;
                int64_t open_ms;
                assert_int_equal(
                    layout_parse_candle_key((struct slice){key, size}, symbol, &interval, &open_ms),
                    STATUS_OK);
                assert_string_equal(symbol, symbols[s]);
                assert_int_equal(interval, i);
                assert_true(open_ms == times[t]);
            }
        }
    }
}

static void candle_keys_sort_by_symbol_then_interval_then_time(void **state)
{
    (void)state;
    static const struct {
        const char *symbol;
        enum interval interval;
        int64_t open_ms;
    } order[] = {
        {"BTC", INTERVAL_1m, -60000},    {"BTC", INTERVAL_1m, 0}, {"BTC", INTERVAL_1m, 60000},
        {"BTC", INTERVAL_5m, 0},         {"BTC", INTERVAL_1d, 0}, {"BTCUSDT", INTERVAL_1m, -60000},
        {"BTCUSDT", INTERVAL_1m, 60000}, {"ETH", INTERVAL_1m, 0},
    };
    unsigned char keys[ARRAY_COUNT(order)][LAYOUT_CANDLE_KEY_MAX];
    size_t sizes[ARRAY_COUNT(order)];

    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        sizes[i] = layout_candle_key(order[i].symbol, order[i].interval, order[i].open_ms, keys[i]);
        if (i > 0) {
            struct slice before = {keys[i - 1], sizes[i - 1]};
            assert_true(compare(before, (struct slice){keys[i], sizes[i]}) < 0);
        }
    }
}

static void check_refused(const void *bytes, size_t size)
{
    char symbol[SYMBOL_BYTES_MAX + 1] = "as it was";
    enum interval interval = INTERVAL_1d;
    int64_t open_ms = 7;
    assert_int_equal(
        layout_parse_candle_key((struct slice){bytes, size}, symbol, &interval, &open_ms),
        STATUS_CORRUPT);
    assert_string_equal(symbol, "as it was");
    assert_int_equal(interval, INTERVAL_1d);
    assert_int_equal(open_ms, 7);
}

static void a_key_that_no_candle_has_is_refused(void **state)
{
    (void)state;
    unsigned char key[LAYOUT_CANDLE_KEY_MAX + 1];
    size_t size = layout_candle_key("BTC", INTERVAL_5m, 300000, key);

    check_refused(key, size - 1);
    check_refused(key + 1, 2);
    check_refused(key + 3, size - 3); /* no symbol */
    key[5] = 4;                       /* no interval has four minutes */
    check_refused(key, size);
    key[5] = 5;
    key[1] = 0; /* a symbol that ends early */
    check_refused(key, size);
    key[1] = 'T';
    key[3] = 'X'; /* no end of the symbol */
    check_refused(key, size);
    memset(key, 'A', sizeof(key));
    check_refused(key, sizeof(key));
}

static void expiry_keys_sort_by_time_and_end_in_the_candle(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, -1, 0, 255, 256, 1700000000000};
    unsigned char before[LAYOUT_EXPIRY_KEY_MAX];
    unsigned char key[LAYOUT_EXPIRY_KEY_MAX];
    size_t size = layout_expiry_key(times[0], slice_of_text("zzz"), before);

    for (size_t i = 1; i < ARRAY_COUNT(times); i++) {
        size = layout_expiry_key(times[i], slice_of_text("abc"), key);
        assert_int_equal(size, 11);
        assert_memory_equal(key + 8, "abc", 3);
        assert_true(memcmp(before, key, 8) < 0);
        memcpy(before, key, sizeof(key));
    }
}

static void outbox_keys_sort_by_sequence(void **state)
{
    (void)state;
    unsigned char low[LAYOUT_OUTBOX_KEY_SIZE];
    unsigned char high[LAYOUT_OUTBOX_KEY_SIZE];
    layout_outbox_key(255, low);
    layout_outbox_key(256, high);
    assert_true(memcmp(low, high, sizeof(low)) < 0);
    assert_memory_equal(high, "\0\0\0\0\0\0\1\0", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_candle_key_tells_what_it_was_made_of),
        cmocka_unit_test(candle_keys_sort_by_symbol_then_interval_then_time),
        cmocka_unit_test(a_key_that_no_candle_has_is_refused),
        cmocka_unit_test(expiry_keys_sort_by_time_and_end_in_the_candle),
        cmocka_unit_test(outbox_keys_sort_by_sequence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
