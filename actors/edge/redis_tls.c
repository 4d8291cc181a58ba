#include "actors/edge/redis_tls.h"

#include "actors/edge/redis_url.h"
#include "runtime/mem.h"

#include <arpa/inet.h>
#include <hiredis/async.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct redis_tls {
    SSL_CTX *trust;
    char *host;
};

static bool is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool load_trust(SSL_CTX *trust, const struct redis_url *url)
{
    if (url->ca_file[0] == '\0') {
        return SSL_CTX_set_default_verify_paths(trust) == 1;
    }
    return SSL_CTX_load_verify_locations(trust, url->ca_file, NULL) == 1;
}

static bool load_identity(SSL_CTX *trust, const struct redis_url *url)
{
    if (url->cert_file[0] == '\0') {
        return true;
    }
    return SSL_CTX_use_certificate_chain_file(trust, url->cert_file) == 1 &&
           SSL_CTX_use_PrivateKey_file(trust, url->key_file, SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_check_private_key(trust) == 1;
}

static const char *openssl_words(void)
{
    const char *words = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return words == NULL ? "OpenSSL does not say why" : words;
}

enum status redis_tls_create(const struct redis_url *url, struct redis_tls **out_tls, char *error,
                             size_t error_size)
{
    SSL_CTX *trust = SSL_CTX_new(TLS_client_method());
    const char *file = "";

    if (trust == NULL || SSL_CTX_set_min_proto_version(trust, TLS1_2_VERSION) != 1) {
        goto failed;
    }
    SSL_CTX_set_verify(trust, SSL_VERIFY_PEER, NULL);
    file = url->ca_file;
    if (!load_trust(trust, url)) {
        goto failed;
    }
    file = url->cert_file;
    if (!load_identity(trust, url)) {
        goto failed;
    }
    struct redis_tls *tls = mem_new(1, sizeof(*tls));
    tls->trust = trust;
    tls->host = mem_new(sizeof(url->host), 1);
    memcpy(tls->host, url->host, sizeof(url->host));
    *out_tls = tls;
    return STATUS_OK;

failed:
    (void)snprintf(error, error_size, "TLS: %s: %s", file, openssl_words());
    SSL_CTX_free(trust);
    return STATUS_BAD_CONFIG;
}

void redis_tls_destroy(struct redis_tls **tls_p)
{
    struct redis_tls *tls = *tls_p;
    *tls_p = NULL;
    if (tls == NULL) {
        return;
    }
    SSL_CTX_free(tls->trust);
    mem_free(tls->host);
    mem_free(tls);
}

static bool expect_host(SSL *session, const char *host)
{
    char name[sizeof(((struct redis_url *)NULL)->host)]; /* OpenSSL's macro casts const away */

    if (is_address(host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1;
    }
    (void)snprintf(name, sizeof(name), "%s", host);
    return SSL_set_tlsext_host_name(session, name) == 1 && SSL_set1_host(session, name) == 1;
}

const char *redis_tls_error(const struct ssl_st *session)
{
    long verified = SSL_get_verify_result(session);
    if (verified != X509_V_OK) {
        return X509_verify_cert_error_string(verified);
    }
    const char *words = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return words;
}

static enum status attach(const struct redis_tls *tls, const char *host, redisContext *context,
                          struct ssl_st **out_session, char *error, size_t error_size)
{
    SSL *session = SSL_new(tls->trust);
    const char *words = "out of memory";

    if (session == NULL || !expect_host(session, host)) {
        goto failed;
    }
    ERR_clear_error();
    if (redisInitiateSSL(context, session) != REDIS_OK) {
        words = redis_tls_error(session);
        words = words == NULL ? context->errstr : words;
        goto failed; /* hiredis takes the session over only when all is well */
    }
    *out_session = session;
    return STATUS_OK;

failed:
    (void)snprintf(error, error_size, "%s", words);
    SSL_free(session);
    return STATUS_UNAVAILABLE;
}

enum status redis_tls_attach(const struct redis_tls *tls, const char *host,
                             struct redisAsyncContext *context, struct ssl_st **out_session,
                             char *error, size_t error_size)
{
    return attach(tls, host, &context->c, out_session, error, error_size);
}

enum status redis_tls_attach_blocking(const struct redis_tls *tls, struct redisContext *context,
                                      char *error, size_t error_size)
{
    struct ssl_st *session;
    return attach(tls, tls->host, context, &session, error, error_size);
}
