#include "actors/edge/exchange_address.h"

#include "tests/unit/cmocka.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void addresses_take_turns_round_and_round(void **state)
{
    static const char *const texts[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};
    struct sockaddr_in addresses[3] = {{.sin_family = AF_INET}};
    struct addrinfo found[3] = {{.ai_family = AF_INET}};
    char text[EXCHANGE_ADDRESS_MAX];
    (void)state;

    for (int i = 0; i < 3; i++) {
        addresses[i].sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, texts[i], &addresses[i].sin_addr), 1);
        found[i].ai_addr = (struct sockaddr *)&addresses[i];
        found[i].ai_addrlen = sizeof(addresses[i]);
        found[i].ai_next = i < 2 ? &found[i + 1] : NULL;
    }
    for (unsigned turn = 0; turn < 7; turn++) {
        exchange_address_choose(found, turn, text);
        assert_string_equal(text, texts[turn % 3]);
    }
}

static void no_address_is_an_empty_text(void **state)
{
    char text[EXCHANGE_ADDRESS_MAX] = "x";
    (void)state;
    exchange_address_choose(NULL, 3, text);
    assert_string_equal(text, "");
}

static void only_families_that_this_machine_has_are_asked_for(void **state)
{
    (void)state;
    assert_int_equal(exchange_address_hints("stream.example.com").ai_flags, AI_ADDRCONFIG);
    assert_int_equal(exchange_address_hints("::1").ai_flags, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_take_turns_round_and_round),
        cmocka_unit_test(no_address_is_an_empty_text),
        cmocka_unit_test(only_families_that_this_machine_has_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
