/* TLS for Redis: whom we trust and who we are, made once; a session for each connection.
 *
 * The server's certificate must be signed by somebody we trust and must name the host that we asked
 * for; hiredis alone checks the first only. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_TLS_H
#define CANDLED_ACTORS_EDGE_REDIS_TLS_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>

struct redisAsyncContext;
struct redisContext;
struct redis_tls;
struct redis_url;
struct ssl_st; /* OpenSSL's */

/* STATUS_BAD_CONFIG, with what is wrong in `error`. */
MUST_CHECK enum status redis_tls_create(const struct redis_url *url, struct redis_tls **out_tls,
                                        char *error, size_t error_size);

/* Connections that still use it go on; NULL inside is fine. */
void redis_tls_destroy(struct redis_tls **tls_p);

/* Right after the connect began. host: whom the certificate must name. The session is borrowed: it
 * lives as long as the context. On failure `error` says why. */
MUST_CHECK enum status redis_tls_attach(const struct redis_tls *tls, const char *host,
                                        struct redisAsyncContext *context,
                                        struct ssl_st **out_session, char *error,
                                        size_t error_size);

/* The same for a connection whose calls block: the handshake is done when it returns. */
MUST_CHECK enum status redis_tls_attach_blocking(const struct redis_tls *tls,
                                                 struct redisContext *context, char *error,
                                                 size_t error_size);

/* Why a connection ended, as far as TLS knows; NULL: it knows of nothing. hiredis keeps the
 * library's words to itself when the handshake fails later than at once. */
const char *redis_tls_error(const struct ssl_st *session);

#endif
