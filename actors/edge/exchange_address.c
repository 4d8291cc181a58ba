#include "actors/edge/exchange_address.h"

#include <string.h>
#include <sys/socket.h>

enum { ADDRESSES_MAX = 64 };

/* An IPv6 address itself, like ::1, is there without an interface of that family. */
struct addrinfo exchange_address_hints(const char *host)
{
    return (struct addrinfo){
        .ai_socktype = SOCK_STREAM,
        .ai_flags = strchr(host, ':') == NULL ? AI_ADDRCONFIG : 0,
    };
}

void exchange_address_choose(const struct addrinfo *found, unsigned turn,
                             char text[EXCHANGE_ADDRESS_MAX])
{
    const struct addrinfo *at = found;

    text[0] = '\0';
    if (found == NULL) {
        return;
    }
    for (unsigned i = 0; i < turn % ADDRESSES_MAX; i++) {
        at = at->ai_next == NULL ? found : at->ai_next;
    }
    if (getnameinfo(at->ai_addr, at->ai_addrlen, text, EXCHANGE_ADDRESS_MAX, NULL, 0,
                    NI_NUMERICHOST) != 0) {
        text[0] = '\0';
    }
}
