#include "proto/dead_letter.h"
#include "tests/unit/proto/hostile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct dead_letter example = {
    .reason = REASON_wrong_interval,
    .error = "k.i: \"5m\" is not 1m",
    .partition = 3,
    .offset = 123456789012,
    .timestamp_ms = 1628952396573,
    .key = {"BTCUSDT", 7},
    .value = {"{\0}", 3},
};

static void assert_letters_equal(const struct dead_letter *a, const struct dead_letter *b)
{
    assert_int_equal(a->reason, b->reason);
    assert_string_equal(a->error, b->error);
    assert_int_equal(a->partition, b->partition);
    assert_true(a->offset == b->offset);
    assert_true(a->timestamp_ms == b->timestamp_ms);
    assert_int_equal(a->is_truncated, b->is_truncated);
    assert_true(slice_equals(a->key, b->key));
    assert_true(slice_equals(a->value, b->value));
    assert_int_equal(a->key.bytes == NULL, b->key.bytes == NULL);
    assert_int_equal(a->value.bytes == NULL, b->value.bytes == NULL);
}

/* The letter that comes back points into *bytes, which the caller frees. */
static struct dead_letter round_trip(const struct dead_letter *letter, unsigned char **bytes)
{
    struct dead_letter decoded;
    size_t size_max = dead_letter_encoded_max(letter);
    *bytes = malloc(size_max);
    size_t size = dead_letter_encode(letter, *bytes);
    assert_true(size <= size_max);
    assert_int_equal(dead_letter_decode((struct slice){*bytes, size}, &decoded), STATUS_OK);
    return decoded;
}

static void a_letter_survives_storage_with_every_reason(void **state)
{
    (void)state;
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        struct dead_letter letter = example;
        unsigned char *bytes;
        letter.reason = (enum reason)reason;
        struct dead_letter decoded = round_trip(&letter, &bytes);
        assert_letters_equal(&letter, &decoded);
        free(bytes);
    }
}

static void no_key_and_an_empty_key_are_told_apart(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct dead_letter letter = example;
        unsigned char *bytes;
        letter.key = (struct slice){i == 0 ? NULL : "", 0};
        letter.value = (struct slice){i == 0 ? "" : NULL, 0};
        struct dead_letter decoded = round_trip(&letter, &bytes);
        assert_letters_equal(&letter, &decoded);
        free(bytes);
    }
}

static void a_long_value_and_a_long_key_are_cut_and_say_so(void **state)
{
    (void)state;
    static char large[DEAD_LETTER_VALUE_MAX + 1];
    static const struct {
        size_t key_size;
        size_t value_size;
        bool is_truncated;
    } rows[] = {
        {DEAD_LETTER_KEY_MAX, DEAD_LETTER_VALUE_MAX, false},
        {DEAD_LETTER_KEY_MAX + 1, 1, true},
        {1, DEAD_LETTER_VALUE_MAX + 1, true},
    };
    for (size_t i = 0; i < 3; i++) {
        struct dead_letter letter = example;
        unsigned char *bytes;
        letter.key = (struct slice){large, rows[i].key_size};
        letter.value = (struct slice){large, rows[i].value_size};
        struct dead_letter decoded = round_trip(&letter, &bytes);
        assert_int_equal(decoded.is_truncated, rows[i].is_truncated);
        assert_true(decoded.key.size <= DEAD_LETTER_KEY_MAX);
        assert_true(decoded.value.size <= DEAD_LETTER_VALUE_MAX);
        assert_int_equal(decoded.value.size == letter.value.size, i != 2);
        free(bytes);
    }
}

static void the_longest_error_and_the_largest_numbers_fit(void **state)
{
    (void)state;
    struct dead_letter letter = example;
    unsigned char *bytes;
    memset(letter.error, 'e', KLINE_ERROR_MAX - 1);
    letter.error[KLINE_ERROR_MAX - 1] = '\0';
    letter.partition = INT32_MAX;
    letter.offset = INT64_MAX;
    letter.timestamp_ms = INT64_MIN;
    letter.is_truncated = true;
    struct dead_letter decoded = round_trip(&letter, &bytes);
    assert_letters_equal(&letter, &decoded);
    free(bytes);
}

static void decode_variant(struct slice bytes, void *context)
{
    struct dead_letter decoded;
    struct dead_letter decoded_again;
    unsigned char *again;
    size_t *failed_count = context;

    if (dead_letter_decode(bytes, &decoded) != STATUS_OK) {
        *failed_count += 1;
        return;
    }
    decoded_again = round_trip(&decoded, &again);
    assert_letters_equal(&decoded, &decoded_again);
    free(again);
}

static void torn_and_flipped_bytes_never_make_an_invalid_letter(void **state)
{
    (void)state;
    unsigned char bytes[600];
    struct dead_letter decoded;
    size_t failed_count = 0;

    assert_true(dead_letter_encoded_max(&example) <= sizeof(bytes));
    size_t size = dead_letter_encode(&example, bytes);
    hostile_variants((struct slice){bytes, size}, decode_variant, &failed_count);
    assert_true(failed_count > size);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(dead_letter_decode((struct slice){bytes, cut}, &decoded),
                         STATUS_MALFORMED);
    }
    bytes[size] = 0;
    assert_int_equal(dead_letter_decode((struct slice){bytes, size + 1}, &decoded),
                     STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_survives_storage_with_every_reason),
        cmocka_unit_test(no_key_and_an_empty_key_are_told_apart),
        cmocka_unit_test(a_long_value_and_a_long_key_are_cut_and_say_so),
        cmocka_unit_test(the_longest_error_and_the_largest_numbers_fit),
        cmocka_unit_test(torn_and_flipped_bytes_never_make_an_invalid_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
