#include "state/meta_fields.h"
#include "tests/unit/cmocka.h"

#include <string.h>

static struct meta full_meta(void)
{
    struct meta meta = meta_fields_default();
    strcpy(meta.cluster, "cluster-1");
    strcpy(meta.topic, "crypto_kline_1m");
    meta.partition = -7;
    meta.era = 15;
    meta.next_offset = INT64_MAX;
    meta.stream_time_ms = -60000;
    meta.fingerprint = (struct record_fingerprint){1700000000000, 320, UINT32_MAX, true};
    strcpy(meta.boot_id, "a-boot");
    meta.is_clean = true;
    meta.owed_from = 11;
    meta.outbox_next = 12;
    meta.outbox_bytes = 34;
    for (int i = 0; i < SINK_COUNT; i++) {
        meta.cursors[i] = i + 100;
        meta.acked_revisions[i] = INT64_MAX - i;
        meta.acked_counts[i] = i + 200;
        meta.lives[i] = i + 300;
    }
    memset(meta.settings, 's', sizeof(meta.settings) - 1);
    meta.settings_offset = 56;
    meta.keep_ms = 57;
    meta.short_until_ms = 58;
    meta.short_keep_ms = 59;
    return meta;
}

static struct meta copy_by_fields(const struct meta *from)
{
    struct meta meta = meta_fields_default();
    unsigned char bytes[META_FIELD_BYTES_MAX];
    for (size_t i = 0; i < meta_fields_count(); i++) {
        struct slice field = {bytes, meta_fields_encode(from, i, bytes)};
        assert_int_equal(meta_fields_decode(&meta, i, field), STATUS_OK);
    }
    return meta;
}

static void every_field_comes_back(void **state)
{
    (void)state;
    struct meta before = full_meta();
    struct meta after = copy_by_fields(&before);

    assert_string_equal(after.cluster, before.cluster);
    assert_string_equal(after.topic, before.topic);
    assert_int_equal(after.partition, before.partition);
    assert_int_equal(after.era, before.era);
    assert_true(after.next_offset == before.next_offset);
    assert_true(after.stream_time_ms == before.stream_time_ms);
    assert_int_equal(after.fingerprint.timestamp_ms, before.fingerprint.timestamp_ms);
    assert_int_equal(after.fingerprint.size, before.fingerprint.size);
    assert_int_equal(after.fingerprint.crc32c, before.fingerprint.crc32c);
    assert_true(after.fingerprint.is_known);
    assert_string_equal(after.boot_id, before.boot_id);
    assert_true(after.is_clean);
    assert_int_equal(after.outbox_next, before.outbox_next);
    assert_int_equal(after.outbox_bytes, before.outbox_bytes);
    assert_memory_equal(after.cursors, before.cursors, sizeof(before.cursors));
    assert_memory_equal(after.acked_revisions, before.acked_revisions,
                        sizeof(before.acked_revisions));
    assert_memory_equal(after.acked_counts, before.acked_counts, sizeof(before.acked_counts));
    assert_memory_equal(after.lives, before.lives, sizeof(before.lives));
    assert_string_equal(after.settings, before.settings);
    assert_int_equal(after.settings_offset, before.settings_offset);
    assert_int_equal(after.keep_ms, before.keep_ms);
    assert_int_equal(after.short_until_ms, before.short_until_ms);
    assert_int_equal(after.short_keep_ms, before.short_keep_ms);
}

static void no_two_fields_have_the_same_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < meta_fields_count(); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(slice_equals(meta_fields_key(i), meta_fields_key(k)));
        }
    }
    assert_true(slice_equals(meta_fields_key(META_FIELD_format), slice_of_text("format")));
    assert_true(
        slice_equals(meta_fields_key(META_FIELD_stream_time), slice_of_text("stream_time_ms")));
}

static size_t field_named(const char *name)
{
    for (size_t i = 0; i < meta_fields_count(); i++) {
        if (slice_equals(meta_fields_key(i), slice_of_text(name))) {
            return i;
        }
    }
    fail_msg("no field %s", name);
    return 0;
}

static void bytes_that_do_not_fit_a_field_are_corrupt(void **state)
{
    (void)state;
    struct meta meta = meta_fields_default();
    char text[META_TEXT_MAX];
    memset(text, 'x', sizeof(text));

    assert_int_equal(meta_fields_decode(&meta, field_named("era"), (struct slice){"1234567", 7}),
                     STATUS_CORRUPT);
    assert_int_equal(
        meta_fields_decode(&meta, field_named("is_clean"), (struct slice){"\2\0\0\0\0\0\0\0", 8}),
        STATUS_CORRUPT);
    assert_int_equal(
        meta_fields_decode(&meta, field_named("partition"), (struct slice){"\0\0\0\0\1\0\0\0", 8}),
        STATUS_CORRUPT);
    assert_int_equal(meta_fields_decode(&meta, field_named("topic"), SLICE_OF(text)),
                     STATUS_CORRUPT);
    assert_int_equal(meta_fields_decode(&meta, field_named("topic"), (struct slice){"a\0b", 3}),
                     STATUS_CORRUPT);
}

static void an_empty_store_has_read_nothing_and_serves_nobody(void **state)
{
    (void)state;
    struct meta meta = meta_fields_default();
    assert_int_equal(meta.format, STORE_FORMAT);
    assert_int_equal(meta.next_offset, -1);
    assert_true(meta.stream_time_ms == META_NO_TIME);
    assert_int_equal(meta.keep_ms, 0);
    assert_true(meta.short_until_ms == META_NO_TIME);
    assert_int_equal(meta.outbox_next, 1);
    for (int i = 0; i < SINK_COUNT; i++) {
        assert_int_equal(meta.cursors[i], META_NO_CURSOR);
        assert_int_equal(meta.acked_revisions[i], META_NO_CURSOR);
        assert_int_equal(meta.acked_counts[i], 0);
        assert_int_equal(meta.lives[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(no_two_fields_have_the_same_key),
        cmocka_unit_test(bytes_that_do_not_fit_a_field_are_corrupt),
        cmocka_unit_test(an_empty_store_has_read_nothing_and_serves_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
