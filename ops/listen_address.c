#include "ops/listen_address.h"

#include <stdbool.h>
#include <string.h>

static bool parse_port(const char *text, int *out_port)
{
    int port = 0;
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size > 5 || text[size] != '\0') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        port = port * 10 + (text[i] - '0');
    }
    *out_port = port;
    return port <= 65535;
}

enum status listen_address_parse(const char *text, struct listen_address *out_address)
{
    struct listen_address address = {{0}, 0};
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !parse_port(colon + 1, &address.port)) {
        return STATUS_MALFORMED;
    }
    const char *host = text;
    size_t size = (size_t)(colon - text);
    if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    } else if (memchr(host, ':', size) != NULL) {
        return STATUS_MALFORMED; /* an IPv6 address wants brackets */
    }
    if (size > LISTEN_ADDRESS_HOST_MAX || memchr(host, ' ', size) != NULL ||
        memchr(host, '/', size) != NULL) {
        return STATUS_MALFORMED;
    }
    memcpy(address.host, host, size);
    *out_address = address;
    return STATUS_OK;
}
