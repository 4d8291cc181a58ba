#include "ops/listen_address.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <string.h>

static void expect(const char *text, const char *host, int port)
{
    struct listen_address address;
    assert_int_equal(listen_address_parse(text, &address), STATUS_OK);
    assert_string_equal(address.host, host);
    assert_int_equal(address.port, port);
}

static void a_host_and_a_port_are_parted(void **state)
{
    (void)state;
    expect("127.0.0.1:9464", "127.0.0.1", 9464);
    expect("localhost:0", "localhost", 0);
    expect("[::1]:65535", "::1", 65535);
    expect(":8480", "", 8480);
}

static void what_is_no_address_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",       "9464",        "localhost", "localhost:", "localhost:65536", "localhost:123456",
        "x:+1",   "x:-1",        "x: 1",      "x:1 ",       "::1:80",          "[::1]",
        "a b:80", "http://x:80",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct listen_address address = {"kept", 7};
        assert_int_equal(listen_address_parse(texts[i], &address), STATUS_MALFORMED);
        assert_string_equal(address.host, "kept");
        assert_int_equal(address.port, 7);
    }
}

static void the_longest_host_fits_and_one_more_does_not(void **state)
{
    (void)state;
    char text[LISTEN_ADDRESS_HOST_MAX + 8];
    struct listen_address address;
    memset(text, 'h', sizeof(text));
    memcpy(text + LISTEN_ADDRESS_HOST_MAX, ":1", sizeof(":1"));
    assert_int_equal(listen_address_parse(text, &address), STATUS_OK);
    assert_int_equal(strlen(address.host), LISTEN_ADDRESS_HOST_MAX);
    memcpy(text + LISTEN_ADDRESS_HOST_MAX, "h:1", sizeof("h:1"));
    assert_int_equal(listen_address_parse(text, &address), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_and_a_port_are_parted),
        cmocka_unit_test(what_is_no_address_is_refused_and_changes_nothing),
        cmocka_unit_test(the_longest_host_fits_and_one_more_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
