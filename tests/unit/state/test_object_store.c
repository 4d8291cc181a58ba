#include "state/object_store.h"

#include "runtime/base.h"
#include "runtime/log.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/runtime/capture.h"
#include "tests/unit/state/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int setup(void **state)
{
    static struct fixture f;
    fixture_init(&f, "/tmp");
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static void expect_refusal(const char *url, const char *told)
{
    struct object_store *store = NULL;
    char error[300] = "";
    assert_int_equal(object_store_open(url, &store, error, sizeof(error)), STATUS_BAD_CONFIG);
    assert_null(store);
    if (strstr(error, told) == NULL) {
        fail_msg("%s: '%s' does not say '%s'", url, error, told);
    }
}

static void a_url_that_is_wrong_is_refused_with_what_is_wrong(void **state)
{
    (void)state;
    expect_refusal("", "file:///shared/folder or s3://bucket");
    expect_refusal("/shared/folder", "no such scheme");
    expect_refusal("gs://bucket", "no such scheme");
    expect_refusal("file://shared/folder", "three slashes");
    expect_refusal("file:///", "below /");
    expect_refusal("file:////", "below /");
    expect_refusal("file:///a?endpoint=x", "no parameters");
    expect_refusal("file:///a%2", "two hexadecimal digits");
    expect_refusal("s3://bucket?endpoint=x", "endpoint");
}

static void credentials_come_from_the_environment(void **state)
{
    (void)state;
    struct object_store *store = NULL;
    char error[300] = "";
    (void)unsetenv("AWS_ACCESS_KEY_ID");
    (void)unsetenv("AWS_SECRET_ACCESS_KEY");
    expect_refusal("s3://bucket", "AWS_ACCESS_KEY_ID");
    (void)setenv("AWS_ACCESS_KEY_ID", "key", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "", 1);
    expect_refusal("s3://bucket", "AWS_SECRET_ACCESS_KEY");
    (void)setenv("AWS_SECRET_ACCESS_KEY", "hush", 1);
    (void)setenv("AWS_REGION", "no/region", 1);
    expect_refusal("s3://bucket", "AWS_REGION");
    (void)unsetenv("AWS_REGION");
    assert_int_equal(
        object_store_open("s3://bucket/p?endpoint=http://h:1", &store, error, sizeof(error)),
        STATUS_OK);
    assert_string_equal(object_store_name(store), "s3://bucket/p/ at http://h:1");
    object_store_close(&store);
    assert_null(store);
    object_store_close(&store);
}

static void opening_a_folder_does_not_make_it(void **state)
{
    struct fixture *f = *state;
    struct object_store *store = NULL;
    char url[300];
    char error[300] = "";
    (void)snprintf(url, sizeof(url), "file://%s/missing%%20one//", f->data_dir);
    assert_int_equal(object_store_open(url, &store, error, sizeof(error)), STATUS_OK);
    (void)snprintf(url, sizeof(url), "file://%s/missing one", f->data_dir);
    assert_string_equal(object_store_name(store), url);
    object_store_close(&store);
}

static void a_key_cannot_leave_its_prefix(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a",        "a/b/c.mdb", "topic.with_all-it/0/x", "...",         ".hidden", "a b",
        "\xc3\xa9", "a..b/..c",  ".incomings/x",          "a/.incoming",
    };
    static const char *const bad[] = {
        "",     "/",      "/a",    "a/",   "a//b",  ".",        "..",        "../a",
        "a/..", "a/../b", "a/./b", "a\nb", "a\x7f", "\xff\xfe", ".incoming", ".incoming/x",
    };
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        if (!object_store_is_key(good[i])) {
            fail_msg("'%s' is a key", good[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (object_store_is_key(bad[i])) {
            fail_msg("'%s' is no key", bad[i]);
        }
    }
}

static void a_key_has_a_limit(void **state)
{
    (void)state;
    char key[OBJECT_KEY_MAX + 2] = "";
    for (size_t i = 0; i < OBJECT_KEY_MAX; i++) {
        key[i] = i % 100 == 50 ? '/' : 'k';
    }
    assert_true(object_store_is_key(key));
    key[OBJECT_KEY_MAX] = 'k';
    assert_false(object_store_is_key(key));
    memset(key, 'k', OBJECT_KEY_PART_MAX + 1);
    key[OBJECT_KEY_PART_MAX + 1] = '\0';
    assert_false(object_store_is_key(key));
    key[OBJECT_KEY_PART_MAX] = '\0';
    assert_true(object_store_is_key(key));
}

static void what_is_no_key_is_rejected_by_every_call(void **state)
{
    struct fixture *f = *state;
    struct object_store *store = NULL;
    char url[300];
    char error[300] = "";
    char byte;
    size_t size;
    (void)snprintf(url, sizeof(url), "file://%s", f->data_dir);
    assert_int_equal(object_store_open(url, &store, error, sizeof(error)), STATUS_OK);
    assert_int_equal(object_store_put(store, "../x", "/etc/hostname", NULL), STATUS_REJECTED);
    assert_int_equal(object_store_get(store, "../x", "/nowhere/x", NULL), STATUS_REJECTED);
    assert_int_equal(object_store_read(store, "../x", &byte, 1, &size), STATUS_REJECTED);
    assert_int_equal(object_store_delete(store, "../x"), STATUS_REJECTED);
    object_store_close(&store);
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        count++;
    }
    return count;
}

static enum status list_some(struct object_store *store)
{
    return object_store_list(store, "", NULL, NULL);
}

/* It is tried every two seconds while a partition opens. */
static void an_outage_is_told_once_and_so_is_its_end(void **state)
{
    struct fixture *f = *state;
    struct object_store *store = NULL;
    struct capture capture;
    char url[300];
    char text[8000];
    char error[300] = "";
    (void)snprintf(url, sizeof(url), "file://%s/shared", f->data_dir);
    assert_int_equal(object_store_open(url, &store, error, sizeof(error)), STATUS_OK);
    log_configure(LOG_LEVEL_info, false);
    capture_start(&capture);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(list_some(store), STATUS_UNAVAILABLE);
    }
    assert_int_equal(object_store_delete(store, "x"), STATUS_UNAVAILABLE); /* another call */
    assert_int_equal(mkdir(url + strlen("file://"), 0700), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(list_some(store), STATUS_OK);
    }
    assert_int_equal(rmdir(url + strlen("file://")), 0);
    assert_int_equal(list_some(store), STATUS_UNAVAILABLE); /* and once more */
    (void)capture_stop(&capture, text, sizeof(text));
    assert_int_equal(count_of(text, "event=object_store_failed"), 3);
    assert_int_equal(count_of(text, "event=object_store_works"), 1);
    assert_int_equal(count_of(text, "call=list"), 3);
    assert_non_null(strstr(text, "failures=3"));
    object_store_close(&store);
}

/* What to do is another thing then. */
static void another_reason_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    struct object_store *store = NULL;
    struct capture capture;
    char url[300];
    char text[8000];
    char error[300] = "";
    (void)snprintf(url, sizeof(url), "file://%s/shared", f->data_dir);
    assert_int_equal(object_store_open(url, &store, error, sizeof(error)), STATUS_OK);
    log_configure(LOG_LEVEL_info, false);
    capture_start(&capture);
    assert_int_equal(object_store_delete(store, "x"), STATUS_UNAVAILABLE);
    assert_int_equal(object_store_delete(store, "../x"), STATUS_REJECTED);
    assert_int_equal(object_store_delete(store, "x"), STATUS_UNAVAILABLE);
    (void)capture_stop(&capture, text, sizeof(text));
    assert_int_equal(count_of(text, "event=object_store_failed"), 3);
    object_store_close(&store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_url_that_is_wrong_is_refused_with_what_is_wrong),
        TEST(credentials_come_from_the_environment),
        TEST(an_outage_is_told_once_and_so_is_its_end),
        TEST(another_reason_is_told_at_once),
        TEST(opening_a_folder_does_not_make_it),
        TEST(a_key_cannot_leave_its_prefix),
        TEST(a_key_has_a_limit),
        TEST(what_is_no_key_is_rejected_by_every_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
