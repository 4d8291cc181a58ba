#include "runtime/base.h"
#include "state/meta_fields.h"
#include "state/snapshot_internal.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct snapshot an_example(void)
{
    struct snapshot snapshot = {
        .created_ms = 1763712000000, .size_bytes = 40960, .crc32c = 0x0badcafe};
    struct meta meta = meta_fields_default();
    meta.era = 2;
    meta.next_offset = 1234567;
    meta.stream_time_ms = -5;
    meta.partition = 3;
    strcpy(meta.cluster, "a \"cluster\"\n");
    strcpy(meta.topic, "klines");
    snapshot_describe(&meta, &snapshot);
    return snapshot;
}

static void a_manifest_comes_back_as_it_was_printed(void **state)
{
    (void)state;
    char text[SNAPSHOT_MANIFEST_MAX];
    struct snapshot snapshot = an_example();
    struct snapshot again;
    size_t size = snapshot_print(&snapshot, text);
    assert_int_equal(strlen(text), size);
    assert_int_equal(snapshot_parse(text, size, &again), STATUS_OK);
    assert_memory_equal(&snapshot, &again, sizeof(again));

    snapshot.stream_time_ms = META_NO_TIME;
    size = snapshot_print(&snapshot, text);
    assert_non_null(strstr(text, "\"stream_time_ms\": null"));
    assert_int_equal(snapshot_parse(text, size, &again), STATUS_OK);
    assert_true(again.stream_time_ms == META_NO_TIME);
}

static void the_longest_manifest_has_room(void **state)
{
    (void)state;
    char text[SNAPSHOT_MANIFEST_MAX];
    struct snapshot snapshot = an_example();
    struct snapshot again;
    memset(snapshot.cluster, 1, sizeof(snapshot.cluster) - 1); /* six characters each */
    memset(snapshot.topic, 2, sizeof(snapshot.topic) - 1);
    snapshot.size_bytes = INT64_MAX;
    snapshot.created_ms = INT64_MAX;
    snapshot.stream_time_ms = INT64_MIN + 1;
    snapshot.partition = INT32_MAX;
    snapshot.format = INT64_MAX;
    size_t size = snapshot_print(&snapshot, text);
    assert_int_equal(snapshot_parse(text, size, &again), STATUS_OK);
    assert_memory_equal(&snapshot, &again, sizeof(again));
}

static void names_sort_as_era_and_offset_do(void **state)
{
    (void)state;
    static const struct {
        int64_t era;
        int64_t next_offset;
    } places[] = {{0, 0}, {0, 9}, {0, 10}, {0, INT64_MAX}, {1, 0}, {9, 5}, {15, 0}};
    char before[SNAPSHOT_NAME_MAX] = "";
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        struct meta meta = meta_fields_default();
        struct snapshot snapshot;
        meta.era = places[i].era;
        meta.next_offset = places[i].next_offset;
        snapshot_describe(&meta, &snapshot);
        assert_true(strcmp(before, snapshot.name) < 0);
        strcpy(before, snapshot.name);
    }
}

static void a_snapshot_is_told_from_another_states(void **state)
{
    (void)state;
    struct meta meta = meta_fields_default();
    struct snapshot snapshot = {.created_ms = 0};
    meta.next_offset = 7;
    snapshot_describe(&meta, &snapshot);
    assert_true(snapshot_is_of(&snapshot, &meta));
    struct meta others[] = {meta, meta, meta, meta, meta, meta, meta};
    others[0].era = 1;
    others[1].next_offset = 8;
    others[2].partition = 1;
    others[3].format++;
    others[4].stream_time_ms = 0;
    strcpy(others[5].topic, "x");
    strcpy(others[6].cluster, "x");
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        assert_false(snapshot_is_of(&snapshot, &others[i]));
    }
}

/* The example with one piece of text replaced. */
static void replace(const char *from, const char *to, char *text)
{
    char printed[SNAPSHOT_MANIFEST_MAX];
    struct snapshot snapshot = an_example();
    (void)snapshot_print(&snapshot, printed);
    char *found = strstr(printed, from);
    assert_non_null(found);
    *found = '\0';
    int size = snprintf(text, SNAPSHOT_MANIFEST_MAX, "%s%s%s", printed, to, found + strlen(from));
    assert_in_range(size, 0, SNAPSHOT_MANIFEST_MAX - 1);
}

static void what_is_not_a_manifest_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
    } cases[] = {
        {"{", "["},
        {"\"era\": 2", "\"era\": \"2\""},
        {"\"era\": 2", "\"era\": 2.0"},
        {"\"era\": 2", "\"era\": 3"}, /* not the name's */
        {"\"era\": 2", "\"era\": -2"},
        {"\"era\": 2", "\"era\": 2, \"era\": 2"},
        {"\"era\": 2,", ""},
        {"\"name\": \"02-", "\"name\": \"../../02-"},
        {"\"partition\": 3", "\"partition\": 4294967296"},
        {"\"topic\": \"klines\"", "\"topic\": \"kl\\u0000ines\""},
        {"\"topic\": \"klines\"", "\"topic\": null"},
        {"\"0badcafe\"", "\"0badcaf\""},
        {"\"0badcafe\"", "\"0badcafg\""},
        {"\"0badcafe\"", "195939070"},
        {"\"size_bytes\": 40960", "\"size_bytes\": 9223372036854775808"},
        {"\"created_ms\": 1", "\"created_ms\": null, \"x\": 1"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[SNAPSHOT_MANIFEST_MAX];
        struct snapshot snapshot = {.era = 77};
        replace(cases[i].from, cases[i].to, text);
        if (snapshot_parse(text, strlen(text), &snapshot) != STATUS_MALFORMED) {
            fail_msg("%s was taken", cases[i].to);
        }
        assert_int_equal(snapshot.era, 77);
    }
}

static void a_manifest_that_was_cut_is_malformed_at_every_length(void **state)
{
    (void)state;
    char text[SNAPSHOT_MANIFEST_MAX];
    struct snapshot snapshot = an_example();
    size_t size = snapshot_print(&snapshot, text);
    for (size_t i = 0; i + 2 < size; i++) { /* without the last line feed it is whole */
        assert_int_equal(snapshot_parse(text, i, &snapshot), STATUS_MALFORMED);
    }
}

static void a_later_version_may_say_more(void **state)
{
    (void)state;
    char text[SNAPSHOT_MANIFEST_MAX];
    struct snapshot snapshot;
    replace("\"era\": 2", "\"shard\": {\"id\": [1]}, \"era\": 2", text);
    assert_int_equal(snapshot_parse(text, strlen(text), &snapshot), STATUS_OK);
    assert_int_equal(snapshot.era, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_comes_back_as_it_was_printed),
        cmocka_unit_test(the_longest_manifest_has_room),
        cmocka_unit_test(names_sort_as_era_and_offset_do),
        cmocka_unit_test(a_snapshot_is_told_from_another_states),
        cmocka_unit_test(what_is_not_a_manifest_is_malformed),
        cmocka_unit_test(a_manifest_that_was_cut_is_malformed_at_every_length),
        cmocka_unit_test(a_later_version_may_say_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
