#include "actors/edge/redis_url.h"

#include "tests/unit/cmocka.h"

#include <string.h>

static struct redis_url parsed(const char *text)
{
    struct redis_url url;
    char error[200] = "";
    if (redis_url_parse(text, &url, error, sizeof(error)) != STATUS_OK) {
        fail_msg("%s: %s", text, error);
    }
    return url;
}

static void host_port_and_database_have_defaults(void **state)
{
    (void)state;
    struct redis_url url = parsed("redis://example");
    assert_string_equal(url.host, "example");
    assert_string_equal(url.port, "6379");
    assert_int_equal(url.db, 0);
    assert_false(url.is_tls);
    assert_string_equal(url.password, "");
}

static void every_part_is_read(void **state)
{
    (void)state;
    struct redis_url url = parsed("rediss://me:pa%3Ass%25@[::1]:7000/12?ssl_ca_certs=/a%20b.crt"
                                  "&ssl_certfile=c&ssl_keyfile=k");
    assert_true(url.is_tls);
    assert_string_equal(url.user, "me");
    assert_string_equal(url.password, "pa:ss%");
    assert_string_equal(url.host, "::1");
    assert_string_equal(url.port, "7000");
    assert_int_equal(url.db, 12);
    assert_string_equal(url.ca_file, "/a b.crt");
    assert_string_equal(url.cert_file, "c");
    assert_string_equal(url.key_file, "k");
}

static void a_password_may_hold_an_at_sign_and_come_without_a_user(void **state)
{
    (void)state;
    struct redis_url url = parsed("redis://:p@ss@host:1/2");
    assert_string_equal(url.user, "");
    assert_string_equal(url.password, "p@ss");
    assert_string_equal(url.host, "host");
    assert_int_equal(url.db, 2);
}

static void a_socket_has_a_path_and_a_database(void **state)
{
    (void)state;
    struct redis_url url = parsed("unix:///run/redis.sock?db=3");
    assert_string_equal(url.socket, "/run/redis.sock");
    assert_string_equal(url.host, "");
    assert_int_equal(url.db, 3);
}

static void what_is_no_url_is_refused_without_telling_the_password(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "http://host",
        "redis://",
        "redis://:6379",
        "redis://host:0",
        "redis://host:65536",
        "redis://host:12x",
        "redis://host:",
        "redis://[::1",
        "redis://host/x",
        "redis://host/65536",
        "redis://u:sec%2@host",
        "redis://u:sec%zz@host",
        "redis://u:sec%00@host",
        "redis://u:sec@host?ssl_ca_certs=x",
        "redis://host?timeout=1",
        "rediss://host?ssl_certfile=x",
        "unix://",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct redis_url url = {.db = 77};
        char error[200] = "";
        assert_int_equal(redis_url_parse(texts[i], &url, error, sizeof(error)), STATUS_BAD_CONFIG);
        assert_int_equal(url.db, 77);
        assert_non_null(strstr(error, "not a Redis url"));
        assert_null(strstr(error, "sec%"));
    }
}

static void parts_that_are_too_long_are_refused(void **state)
{
    (void)state;
    char text[2 * REDIS_URL_TEXT_MAX] = "redis://";
    char error[200];
    struct redis_url url;

    memset(text + strlen(text), 'a', REDIS_URL_TEXT_MAX - 1);
    assert_int_equal(redis_url_parse(text, &url, error, sizeof(error)), STATUS_OK);
    text[strlen(text)] = 'a';
    assert_int_equal(redis_url_parse(text, &url, error, sizeof(error)), STATUS_BAD_CONFIG);
}

static void what_is_shown_has_no_password(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *shown;
    } rows[] = {
        {"redis://me:secret@host:1/2", "redis://me@host:1/2"},
        {"rediss://:secret@[::1]", "rediss://[::1]:6379/0"},
        {"unix:///run/x", "unix:///run/x?db=0"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct redis_url url = parsed(rows[i].url);
        char shown[600];
        redis_url_print(&url, shown, sizeof(shown));
        assert_string_equal(shown, rows[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_port_and_database_have_defaults),
        cmocka_unit_test(every_part_is_read),
        cmocka_unit_test(a_password_may_hold_an_at_sign_and_come_without_a_user),
        cmocka_unit_test(a_socket_has_a_path_and_a_database),
        cmocka_unit_test(what_is_no_url_is_refused_without_telling_the_password),
        cmocka_unit_test(parts_that_are_too_long_are_refused),
        cmocka_unit_test(what_is_shown_has_no_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
