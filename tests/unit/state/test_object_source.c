#include "state/object_source.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void make_file(char path[64], const char *text, size_t times)
{
    (void)snprintf(path, 64, "/tmp/candled-object-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i < times; i++) {
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    }
    close(fd);
}

/* The examples of FIPS 180-2. */
static void the_checksum_is_sha256(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t times;
        const char *digits;
    } cases[] = {
        {"", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char path[64];
        char digits[OBJECT_SHA256_SIZE];
        struct object_source source;
        make_file(path, cases[i].text, cases[i].times);
        assert_int_equal(object_source_open(path, &source), STATUS_OK);
        assert_int_equal(source.size_bytes, strlen(cases[i].text) * cases[i].times);
        assert_int_equal(object_source_sha256(&source, NULL, digits), STATUS_OK);
        assert_string_equal(digits, cases[i].digits);
        object_source_close(&source);
        (void)unlink(path);
    }
}

static bool end_it(void *context, int64_t done_bytes, int64_t total_bytes)
{
    (void)context;
    (void)done_bytes;
    (void)total_bytes;
    return false;
}

static void a_checksum_may_be_ended(void **state)
{
    (void)state;
    char path[64];
    char digits[OBJECT_SHA256_SIZE] = "untouched";
    struct object_source source;
    const struct object_progress progress = {end_it, NULL};
    make_file(path, "abc", 1);
    assert_int_equal(object_source_open(path, &source), STATUS_OK);
    assert_int_equal(object_source_sha256(&source, &progress, digits), STATUS_TIMED_OUT);
    assert_string_equal(digits, "untouched");
    object_source_close(&source);
    (void)unlink(path);
}

static void only_files_are_sources(void **state)
{
    (void)state;
    struct object_source source;
    assert_int_equal(object_source_open("/tmp/no/such/file", &source), STATUS_NOT_FOUND);
    assert_int_equal(object_source_open("/tmp", &source), STATUS_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checksum_is_sha256),
        cmocka_unit_test(a_checksum_may_be_ended),
        cmocka_unit_test(only_files_are_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
