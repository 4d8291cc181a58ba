/* Where a server listens: "127.0.0.1:9464", "[::1]:0", "localhost:80". */
#ifndef CANDLED_OPS_LISTEN_ADDRESS_H
#define CANDLED_OPS_LISTEN_ADDRESS_H

#include "runtime/base.h"
#include "runtime/status.h"

enum { LISTEN_ADDRESS_HOST_MAX = 255 };

struct listen_address {
    char host[LISTEN_ADDRESS_HOST_MAX + 1]; /* without brackets; empty: every address */
    int port;                               /* 0: a free one */
};

/* STATUS_MALFORMED */
MUST_CHECK enum status listen_address_parse(const char *text, struct listen_address *out_address);

#endif
