#include "runtime/base.h"
#include "state/object_store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct setting {
    struct fixture f;
    struct object_store *store;
    char shared[300]; /* the root */
    char local[300];  /* a file to send */
    char back[300];   /* where it comes back to */
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static int setup(void **state)
{
    static struct setting s;
    char url[320];
    char error[200];
    s = (struct setting){.store = NULL};
    fixture_init(&s.f, "/tmp");
    (void)snprintf(s.shared, sizeof(s.shared), "%s/shared", s.f.data_dir);
    (void)snprintf(s.local, sizeof(s.local), "%s/local", s.f.data_dir);
    (void)snprintf(s.back, sizeof(s.back), "%s/back", s.f.data_dir);
    assert_int_equal(mkdir(s.shared, 0700), 0);
    (void)snprintf(url, sizeof(url), "file://%s", s.shared);
    assert_int_equal(object_store_open(url, &s.store, error, sizeof(error)), STATUS_OK);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct setting *s = *state;
    object_store_close(&s->store);
    fixture_deinit(&s->f);
    return 0;
}

static enum status put(struct setting *s, const char *key, const char *text)
{
    write_file(s->local, text);
    return object_store_put(s->store, key, s->local, NULL);
}

static bool holds(struct setting *s, const char *key, const char *text)
{
    char bytes[256];
    size_t size = 0;
    enum status status = object_store_read(s->store, key, bytes, sizeof(bytes), &size);
    return status == STATUS_OK && size == strlen(text) && memcmp(bytes, text, size) == 0;
}

/* Keys come in no order: their number and bytes tell sets apart. */
struct listed {
    size_t count;
    int64_t bytes;
    char last[OBJECT_KEY_MAX + 1];
};

static void see(void *context, const char *key, int64_t size_bytes)
{
    struct listed *listed = context;
    listed->count++;
    listed->bytes += size_bytes;
    (void)snprintf(listed->last, sizeof(listed->last), "%s", key);
}

static struct listed list(struct setting *s, const char *prefix)
{
    struct listed listed = {.count = 0};
    assert_int_equal(object_store_list(s->store, prefix, see, &listed), STATUS_OK);
    return listed;
}

static size_t count_incoming(const struct setting *s)
{
    char path[400];
    size_t count = 0;
    (void)snprintf(path, sizeof(path), "%s/" OBJECT_STORE_INCOMING, s->shared);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

static void what_is_put_comes_back(void **state)
{
    struct setting *s = *state;
    assert_int_equal(put(s, "topic/3/a.mdb", "hello"), STATUS_OK);
    assert_true(holds(s, "topic/3/a.mdb", "hello"));
    assert_int_equal(object_store_get(s->store, "topic/3/a.mdb", s->back, NULL), STATUS_OK);
    FILE *file = fopen(s->back, "re");
    char text[16] = "";
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof(text), file), 5);
    fclose(file);
    assert_string_equal(text, "hello");
    assert_int_equal(count_incoming(s), 0);
}

static void an_object_is_replaced_as_a_whole(void **state)
{
    struct setting *s = *state;
    assert_int_equal(put(s, "k", "a longer text"), STATUS_OK);
    assert_int_equal(put(s, "k", "short"), STATUS_OK);
    assert_true(holds(s, "k", "short"));
    assert_int_equal(put(s, "k", ""), STATUS_OK);
    assert_true(holds(s, "k", ""));
}

static void odd_keys_are_keys_like_others(void **state)
{
    struct setting *s = *state;
    static const char *const keys[] = {"a b+c=d&e?f#g%41", "\xc3\xa9/\xe2\x82\xac", "'\"\\*", "-"};
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        assert_int_equal(put(s, keys[i], keys[i]), STATUS_OK);
        assert_true(holds(s, keys[i], keys[i]));
        assert_int_equal(list(s, keys[i]).count, 1);
        assert_string_equal(list(s, keys[i]).last, keys[i]);
    }
}

static void what_is_not_there_is_not_found_and_leaves_no_file(void **state)
{
    struct setting *s = *state;
    char byte;
    size_t size = 7;
    assert_int_equal(put(s, "topic/a", "x"), STATUS_OK);
    assert_int_equal(object_store_get(s->store, "topic/b", s->back, NULL), STATUS_NOT_FOUND);
    assert_int_equal(object_store_get(s->store, "topic", s->back, NULL), STATUS_NOT_FOUND);
    assert_int_not_equal(access(s->back, F_OK), 0);
    assert_int_equal(object_store_read(s->store, "x/y", &byte, 1, &size), STATUS_NOT_FOUND);
    assert_int_equal(size, 7);
    assert_int_equal(object_store_put(s->store, "k", "/nowhere/at/all", NULL), STATUS_NOT_FOUND);
}

static void a_read_has_a_limit(void **state)
{
    struct setting *s = *state;
    char bytes[5];
    size_t size = 0;
    assert_int_equal(put(s, "k", "12345"), STATUS_OK);
    assert_int_equal(object_store_read(s->store, "k", bytes, 4, &size), STATUS_MALFORMED);
    assert_int_equal(object_store_read(s->store, "k", bytes, 5, &size), STATUS_OK);
    assert_int_equal(size, 5);
}

static void a_list_tells_what_begins_with_the_prefix(void **state)
{
    struct setting *s = *state;
    assert_int_equal(list(s, "").count, 0);
    assert_int_equal(put(s, "t/1/a.json", "1"), STATUS_OK);
    assert_int_equal(put(s, "t/1/a.mdb", "22"), STATUS_OK);
    assert_int_equal(put(s, "t/11/a.mdb", "4444"), STATUS_OK);
    assert_int_equal(put(s, "top", "88888888"), STATUS_OK);
    assert_int_equal(list(s, "").bytes, 15);
    assert_int_equal(list(s, "t").bytes, 15);
    assert_int_equal(list(s, "t/").bytes, 7);
    assert_int_equal(list(s, "t/1").bytes, 7);
    assert_int_equal(list(s, "t/1/").bytes, 3);
    assert_int_equal(list(s, "t/1/a.m").bytes, 2);
    assert_string_equal(list(s, "t/1/a.m").last, "t/1/a.mdb");
    assert_int_equal(list(s, "t/2/").count, 0);
    assert_int_equal(list(s, "t/1/a.mdb/x").count, 0);
    struct listed listed = {.count = 0};
    assert_int_equal(object_store_list(s->store, "../", see, &listed), STATUS_REJECTED);
    assert_int_equal(listed.count, 0);
}

static void what_is_deleted_is_gone_and_may_be_deleted_again(void **state)
{
    struct setting *s = *state;
    assert_int_equal(put(s, "t/a", "x"), STATUS_OK);
    assert_int_equal(object_store_delete(s->store, "t/a"), STATUS_OK);
    assert_int_equal(list(s, "").count, 0);
    assert_int_equal(object_store_delete(s->store, "t/a"), STATUS_OK);
    assert_int_equal(object_store_delete(s->store, "nothing/here"), STATUS_OK);
}

enum { LARGE_BYTES = 8 << 20 }; /* several reads */

struct patience {
    int64_t ends_at;
    int64_t told;
    int64_t total;
};

static bool tell(void *context, int64_t done_bytes, int64_t total_bytes)
{
    struct patience *patience = context;
    assert_true(done_bytes >= patience->told);
    patience->told = done_bytes;
    patience->total = total_bytes;
    return done_bytes < patience->ends_at;
}

static void write_large(struct setting *s)
{
    int fd = open(s->local, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, LARGE_BYTES), 0);
    close(fd);
}

static void whoever_is_told_how_far_it_is_may_end_it(void **state)
{
    struct setting *s = *state;
    struct patience patience = {.ends_at = LARGE_BYTES / 2};
    const struct object_progress progress = {tell, &patience};
    write_large(s);
    assert_int_equal(object_store_put(s->store, "t/k", s->local, &progress), STATUS_TIMED_OUT);
    assert_true(patience.told >= LARGE_BYTES / 2 && patience.told < LARGE_BYTES);
    assert_int_equal(patience.total, LARGE_BYTES);
    assert_int_equal(list(s, "").count, 0);
    assert_int_equal(count_incoming(s), 0);

    patience = (struct patience){.ends_at = LARGE_BYTES + 1};
    assert_int_equal(object_store_put(s->store, "t/k", s->local, &progress), STATUS_OK);
    assert_int_equal(patience.told, LARGE_BYTES);
    patience = (struct patience){.ends_at = LARGE_BYTES / 2};
    assert_int_equal(object_store_get(s->store, "t/k", s->back, &progress), STATUS_TIMED_OUT);
    assert_int_not_equal(access(s->back, F_OK), 0);
}

static void a_share_that_is_not_there_is_not_taken_for_an_empty_one(void **state)
{
    struct setting *s = *state;
    struct listed listed = {.count = 0};
    assert_int_equal(put(s, "k", "x"), STATUS_OK);
    char away[310];
    (void)snprintf(away, sizeof(away), "%s-away", s->shared);
    assert_int_equal(rename(s->shared, away), 0);
    assert_int_equal(put(s, "k", "y"), STATUS_UNAVAILABLE);
    assert_int_equal(object_store_get(s->store, "k", s->back, NULL), STATUS_UNAVAILABLE);
    assert_int_equal(object_store_list(s->store, "", see, &listed), STATUS_UNAVAILABLE);
    assert_int_equal(object_store_delete(s->store, "k"), STATUS_UNAVAILABLE);
    assert_int_not_equal(access(s->shared, F_OK), 0);
    assert_int_equal(rename(away, s->shared), 0);
    assert_true(holds(s, "k", "x"));
}

static void a_file_in_the_way_is_rejected(void **state)
{
    struct setting *s = *state;
    assert_int_equal(put(s, "t", "x"), STATUS_OK);
    assert_int_equal(put(s, "t/k", "y"), STATUS_REJECTED);
    assert_int_equal(count_incoming(s), 0);
    assert_int_equal(put(s, "u/k", "y"), STATUS_OK);
    assert_int_equal(put(s, "u", "z"), STATUS_REJECTED); /* a folder is not replaced */
    assert_true(holds(s, "u/k", "y"));
}

static void copies_that_never_became_whole_are_hidden_and_go_after_a_day(void **state)
{
    struct setting *s = *state;
    char old[400];
    char young[400];
    assert_int_equal(put(s, "k", "x"), STATUS_OK);
    (void)snprintf(old, sizeof(old), "%s/" OBJECT_STORE_INCOMING "/copy-old", s->shared);
    (void)snprintf(young, sizeof(young), "%s/" OBJECT_STORE_INCOMING "/copy-young", s->shared);
    write_file(old, "o");
    write_file(young, "y");
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, old, times, 0), 0);
    assert_int_equal(list(s, "").count, 1);
    assert_int_equal(put(s, "l", "x"), STATUS_OK);
    assert_int_not_equal(access(old, F_OK), 0);
    assert_int_equal(access(young, F_OK), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_put_comes_back),
        TEST(an_object_is_replaced_as_a_whole),
        TEST(odd_keys_are_keys_like_others),
        TEST(what_is_not_there_is_not_found_and_leaves_no_file),
        TEST(a_read_has_a_limit),
        TEST(a_list_tells_what_begins_with_the_prefix),
        TEST(what_is_deleted_is_gone_and_may_be_deleted_again),
        TEST(whoever_is_told_how_far_it_is_may_end_it),
        TEST(a_share_that_is_not_there_is_not_taken_for_an_empty_one),
        TEST(a_file_in_the_way_is_rejected),
        TEST(copies_that_never_became_whole_are_hidden_and_go_after_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
