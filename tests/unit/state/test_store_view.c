#include "state/layout.h"
#include "state/store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <pthread.h>
#include <string.h>

static int setup(void **state)
{
    static struct fixture f;
    fixture_init(&f, "/tmp");
    f.options.sync = STORE_SYNC_boot;
    fixture_open(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static void commit(struct fixture *f)
{
    assert_int_equal(fixture_commit(f), STATUS_OK);
}

struct seen {
    char text[256];
    size_t max;
    size_t count;
};

static bool note(void *context, struct slice key, struct slice value)
{
    struct seen *seen = context;
    strncat(seen->text, key.bytes, key.size);
    strcat(seen->text, "=");
    strncat(seen->text, value.bytes, value.size);
    strcat(seen->text, " ");
    return ++seen->count < seen->max;
}

static void check_each(struct fixture *f, enum store_table table, const char *prefix, size_t max,
                       const char *expected)
{
    struct seen seen = {.max = max};
    struct store_view *view = store_view_create(f->store);
    assert_int_equal(store_view_open(view), STATUS_OK);
    assert_int_equal(store_view_each(view, table, slice_of_text(prefix), note, &seen), STATUS_OK);
    store_view_destroy(&view); /* open still: destroying closes */
    assert_string_equal(seen.text, expected);
}

static void records_come_in_order_of_their_keys(void **state)
{
    struct fixture *f = *state;
    static const char *const keys[] = {"b", "ab", "a", "abc", "\xff", "aa", "ac"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        fixture_put(f, keys[i], "v");
    }
    commit(f);
    check_each(f, TABLE_actors, "", 99, "a=v aa=v ab=v abc=v ac=v b=v \xff=v ");
    check_each(f, TABLE_actors, "ab", 99, "ab=v abc=v ");
    check_each(f, TABLE_actors, "a", 2, "a=v aa=v ");
    check_each(f, TABLE_actors, "\xff", 99, "\xff=v ");
    check_each(f, TABLE_actors, "zz", 99, "");
    check_each(f, TABLE_candles, "", 99, "");
}

static void a_view_stays_as_it_was_while_commits_go_on(void **state)
{
    struct fixture *f = *state;
    struct slice value = {"as it was", 9};
    fixture_put(f, "a", "1");
    commit(f);
    struct store_view *view = store_view_create(f->store);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(store_view_open(view), STATUS_OK);
        fixture_put(f, "a", round == 0 ? "2" : "3");
        commit(f);
        assert_int_equal(store_view_get(view, TABLE_actors, slice_of_text("a"), &value), STATUS_OK);
        assert_true(slice_equals(value, slice_of_text(round == 0 ? "1" : round == 1 ? "2" : "3")));
        assert_int_equal(store_view_get(view, TABLE_actors, slice_of_text("x"), &value),
                         STATUS_NOT_FOUND);
        assert_int_equal(value.size, 1);
        store_view_close(view);
    }
    store_view_destroy(&view);
    assert_null(view);
    store_view_destroy(&view);
}

static void a_candle_past_its_time_is_absent_swept_or_not(void **state)
{
    struct fixture *f = *state;
    f->sweep_max = 0;
    f->meta.stream_time_ms = 99;
    fixture_put_candle(f, "a", "1", 100);
    fixture_put_candle(f, "b", "2", 101);
    fixture_put_candle(f, "c", "3", 0);
    commit(f);
    check_each(f, TABLE_candles, "", 99, "a=1 b=2 c=3 ");
    f->meta.stream_time_ms = 100;
    commit(f);
    assert_int_equal(fixture_entries(f, TABLE_candles), 3);
    assert_true(fixture_lacks(f, TABLE_candles, "a"));
    assert_true(fixture_holds(f, TABLE_candles, "b", "2"));
    check_each(f, TABLE_candles, "", 99, "b=2 c=3 ");
}

static void *commit_much(void *context)
{
    struct fixture *f = context;
    static char value[30000];
    for (int i = 0; i < 100; i++) {
        char key[2] = {(char)('A' + i % 26), '\0'};
        batch_put(f->batch, TABLE_actors, slice_of_text(key), SLICE_OF(value));
        f->meta.next_offset = i;
        if (fixture_commit(f) != STATUS_OK) {
            return NULL;
        }
    }
    return context;
}

static void a_reader_and_a_growing_writer_share_the_map(void **state)
{
    struct fixture *f = *state;
    pthread_t writer;
    void *result;
    fixture_put(f, "a", "always");
    commit(f);
    assert_int_equal(pthread_create(&writer, NULL, commit_much, f), 0);
    for (int i = 0; i < 2000; i++) {
        assert_true(fixture_holds(f, TABLE_actors, "a", "always"));
    }
    assert_int_equal(pthread_join(writer, &result), 0);
    assert_ptr_equal(result, f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(records_come_in_order_of_their_keys),
        TEST(a_view_stays_as_it_was_while_commits_go_on),
        TEST(a_candle_past_its_time_is_absent_swept_or_not),
        TEST(a_reader_and_a_growing_writer_share_the_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
