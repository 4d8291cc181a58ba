#include "actors/core/feed_merge.h"

#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

static void add(struct feed_merge *merge, int64_t open_ms, size_t page, const char *text)
{
    feed_merge_add(merge, open_ms, page, slice_of_text(text));
}

static void assert_order(const struct feed_merge *merge, const char *wanted)
{
    char found[200] = "";
    for (size_t i = 0; i < merge->count; i++) {
        struct slice text = feed_merge_text(merge, i);
        size_t at = strlen(found);
        (void)snprintf(found + at, sizeof(found) - at, "%.*s ", (int)text.size,
                       (const char *)text.bytes);
    }
    assert_string_equal(found, wanted);
}

static void rows_are_in_order_of_time_and_within_a_minute_of_their_pages(void **state)
{
    struct feed_merge merge = {.count = 0};
    (void)state;
    add(&merge, 60, 0, "a1");
    add(&merge, 120, 0, "a2");
    add(&merge, 180, 0, "a3");
    add(&merge, 0, 1, "b0");
    add(&merge, 120, 1, "b2");
    add(&merge, 60, 2, "c1");
    add(&merge, 180, 2, "c3");
    feed_merge_sort(&merge);
    assert_order(&merge, "b0 a1 c1 a2 b2 a3 c3 ");
    feed_merge_deinit(&merge);
}

static void a_minute_that_a_page_has_twice_keeps_its_order(void **state)
{
    struct feed_merge merge = {.count = 0};
    (void)state;
    add(&merge, 60, 0, "second");
    add(&merge, 0, 0, "first");
    add(&merge, 60, 0, "third");
    feed_merge_sort(&merge);
    assert_order(&merge, "first second third ");
    feed_merge_deinit(&merge);
}

static void many_rows_keep_their_texts(void **state)
{
    enum { PAGES = 15, ROWS = 1000 };
    struct feed_merge merge = {.count = 0};
    char text[40];
    (void)state;
    for (int page = 0; page < PAGES; page++) {
        for (int at = 0; at < ROWS; at++) {
            (void)snprintf(text, sizeof(text), "%d of %d", at, page);
            add(&merge, at * 60000, (size_t)page, text);
        }
    }
    feed_merge_sort(&merge);
    assert_int_equal(merge.count, PAGES * ROWS);
    for (int i = 0; i < PAGES * ROWS; i++) {
        (void)snprintf(text, sizeof(text), "%d of %d", i / PAGES, i % PAGES);
        struct slice found = feed_merge_text(&merge, (size_t)i);
        assert_int_equal(found.size, strlen(text));
        assert_memory_equal(found.bytes, text, found.size);
    }
    feed_merge_deinit(&merge);
}

static void nothing_is_sorted_to_nothing(void **state)
{
    struct feed_merge merge = {.count = 0};
    (void)state;
    feed_merge_sort(&merge);
    assert_int_equal(merge.count, 0);
    feed_merge_deinit(&merge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_in_order_of_time_and_within_a_minute_of_their_pages),
        cmocka_unit_test(a_minute_that_a_page_has_twice_keeps_its_order),
        cmocka_unit_test(many_rows_keep_their_texts),
        cmocka_unit_test(nothing_is_sorted_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
