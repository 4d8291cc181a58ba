/* The address of a server: scheme://host[:port][/prefix]. No user, no query: what is not simple is
 * refused. */
#ifndef CANDLED_PROTO_WEB_URL_H
#define CANDLED_PROTO_WEB_URL_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { WEB_URL_HOST_MAX = 255, WEB_URL_PREFIX_MAX = 255 };

struct web_url {
    bool is_secure;
    char host[WEB_URL_HOST_MAX + 1]; /* an IPv6 address without its brackets */
    int port;
    char prefix[WEB_URL_PREFIX_MAX + 1]; /* empty, or begins with a slash and ends without one */
};

/* `plain` and `secure` are the schemes: "ws", "wss". STATUS_MALFORMED. */
MUST_CHECK enum status web_url_parse(const char *text, const char *plain, const char *secure,
                                     struct web_url *out_url);

/* Percent-encodes what is not unreserved (RFC 3986). Zero-terminates; the text must have room for
 * three bytes for each, and one. Returns the length. */
size_t web_url_encode(struct slice bytes, char *text);

#endif
