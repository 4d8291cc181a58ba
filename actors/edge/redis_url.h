/* Where a Redis is and how to get in, from redis://[user[:password]@]host[:port][/db].
 *
 * rediss:// is TLS. unix:///path/to/socket[?db=1] is a socket of this host. User, password and path
 * may be percent-encoded; an IPv6 address stands in brackets. Behind a question mark, joined by &:
 * db, and with rediss:// ssl_ca_certs, ssl_certfile, ssl_keyfile (paths; the system's authorities
 * are trusted without the first).
 * Plain data: owns nothing. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_URL_H
#define CANDLED_ACTORS_EDGE_REDIS_URL_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { REDIS_URL_TEXT_MAX = 512, REDIS_URL_DB_MAX = 65535 };

struct redis_url {
    bool is_tls;
    char host[REDIS_URL_TEXT_MAX]; /* empty with a socket */
    char port[8];
    char socket[REDIS_URL_TEXT_MAX]; /* empty: host and port */
    char user[REDIS_URL_TEXT_MAX];
    char password[REDIS_URL_TEXT_MAX];
    int db;
    char ca_file[REDIS_URL_TEXT_MAX];
    char cert_file[REDIS_URL_TEXT_MAX];
    char key_file[REDIS_URL_TEXT_MAX];
};

/* STATUS_BAD_CONFIG, with what is wrong in `error`; the error never holds the password. */
MUST_CHECK enum status redis_url_parse(const char *text, struct redis_url *out_url, char *error,
                                       size_t error_size);

/* For people: no password in it. */
void redis_url_print(const struct redis_url *url, char *text, size_t size);

#endif
