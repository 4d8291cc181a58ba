#include "proto/web_url.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

static void hosts_ports_and_prefixes_are_read(void **state)
{
    static const struct {
        const char *text;
        struct web_url url;
    } cases[] = {
        {"ws://example.org", {false, "example.org", 80, ""}},
        {"wss://example.org/", {true, "example.org", 443, ""}},
        {"wss://stream.example.org:9443", {true, "stream.example.org", 9443, ""}},
        {"ws://127.0.0.1:8080/a/b//", {false, "127.0.0.1", 8080, "/a/b"}},
        {"ws://[::1]:81/x", {false, "::1", 81, "/x"}},
        {"wss://[2001:db8::1]", {true, "2001:db8::1", 443, ""}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct web_url url;
        assert_int_equal(web_url_parse(cases[i].text, "ws", "wss", &url), STATUS_OK);
        assert_int_equal(url.is_secure, cases[i].url.is_secure);
        assert_string_equal(url.host, cases[i].url.host);
        assert_int_equal(url.port, cases[i].url.port);
        assert_string_equal(url.prefix, cases[i].url.prefix);
    }
}

static void what_is_not_simple_is_refused(void **state)
{
    static const char *const texts[] = {
        "",         "ws",          "ws:/x",         "http://x",      "ws://",       "ws:///x",
        "ws://x:",  "ws://x:0",    "ws://x:65536",  "ws://x:1a",     "ws://[::1",   "ws://a b",
        "ws://a@b", "ws://x/?q=1", "ws://x/a#frag", "ws://x:123456", "ws://x:80 y",
    };
    struct web_url url;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        assert_int_equal(web_url_parse(texts[i], "ws", "wss", &url), STATUS_MALFORMED);
    }
}

static void bytes_are_encoded(void **state)
{
    char text[64];
    (void)state;
    assert_int_equal(web_url_encode(slice_of_text("A-z_0.~"), text), 7);
    assert_string_equal(text, "A-z_0.~");
    assert_int_equal(web_url_encode(slice_of_text("\xe5\xb8\x81&\""), text), 15);
    assert_string_equal(text, "%E5%B8%81%26%22");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_ports_and_prefixes_are_read),
        cmocka_unit_test(what_is_not_simple_is_refused),
        cmocka_unit_test(bytes_are_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
