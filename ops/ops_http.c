#include "ops/ops_http.h"

#include "actors/edge/web_context.h"
#include "ops/listen_address.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/stage.h"

#include <errno.h>
#include <libwebsockets.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { CHUNK_MAX = 16384, HEADERS_MAX = 1024, CONNECTIONS_MAX = 64, KEEPALIVE_S = 30 };

/* What a callback of lws returns to end the connection; 1 is not enough for all of them. */
enum { CUT = -1 };

/* On a loop that is not its own, lws closes its connections in one round and its other handles in
 * the next, and wants to be told when that is over. */
enum { CLOSING_ROUNDS = 4 };

struct ops_http {
    struct ops_http_options options; /* `listen` is not kept */
    struct web_context web;
    char host[LISTEN_ADDRESS_HOST_MAX + 1];
    int port;
    uv_idle_t closer; /* counts the rounds after a close */
    unsigned rounds;
};

/* What a connection is being sent; lws gives us zeroed memory for it. */
struct response {
    char *body;
    size_t size;
    size_t sent;
};

static struct ops_http *http_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

static void drop(struct response *response)
{
    mem_free(response->body);
    *response = (struct response){0};
}

/* Takes the body over. */
static int begin(struct lws *wsi, struct response *response, unsigned code, const char *type,
                 char *body, size_t size)
{
    unsigned char headers[LWS_PRE + HEADERS_MAX];
    unsigned char *start = headers + LWS_PRE;
    unsigned char *at = start;
    unsigned char *end = headers + sizeof(headers) - 1;

    drop(response);
    *response = (struct response){.body = body, .size = size};
    if (lws_add_http_common_headers(wsi, code, type, size, &at, end) != 0 ||
        (code == HTTP_STATUS_METHOD_NOT_ALLOWED &&
         lws_add_http_header_by_name(wsi, (const unsigned char *)"allow:",
                                     (const unsigned char *)"GET", 3, &at, end) != 0) ||
        lws_finalize_write_http_header(wsi, start, &at, end) != 0) {
        return CUT;
    }
    lws_callback_on_writable(wsi);
    return 0;
}

static int say(struct lws *wsi, struct response *response, unsigned code, const char *text)
{
    size_t size = strlen(text);
    char *body = mem_new(size + 1, 1);
    memcpy(body, text, size);
    return begin(wsi, response, code, "text/plain; charset=utf-8", body, size);
}

static int serve_metrics(struct lws *wsi, struct response *response)
{
    size_t size;
    char *body = metrics_render(http_of(wsi)->options.metrics, &size);
    return begin(wsi, response, HTTP_STATUS_OK, "text/plain; version=0.0.4", body, size);
}

static int serve_health(struct lws *wsi, struct response *response)
{
    return say(wsi, response, HTTP_STATUS_OK, "ok\n");
}

static int serve_readiness(struct lws *wsi, struct response *response)
{
    const struct ops_http_options *options = &http_of(wsi)->options;
    char *body = mem_new(OPS_HTTP_READY_MAX, 1);
    bool is_ready = options->ready(options->context, body, OPS_HTTP_READY_MAX);
    return begin(wsi, response, is_ready ? HTTP_STATUS_OK : HTTP_STATUS_SERVICE_UNAVAILABLE,
                 "application/json", body, strlen(body));
}

static const struct {
    const char *path;
    int (*serve)(struct lws *wsi, struct response *response);
} routes[] = {
    {"/metrics", serve_metrics},
    {"/healthz", serve_health},
    {"/readyz", serve_readiness},
};

static int on_request(struct lws *wsi, struct response *response, const char *path)
{
    for (size_t i = 0; i < ARRAY_COUNT(routes); i++) {
        if (strcmp(routes[i].path, path) == 0) {
            bool is_get = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
            return is_get ? routes[i].serve(wsi, response)
                          : say(wsi, response, HTTP_STATUS_METHOD_NOT_ALLOWED, "GET only\n");
        }
    }
    return say(wsi, response, HTTP_STATUS_NOT_FOUND, "not found: /metrics, /healthz, /readyz\n");
}

/* A piece a round, so that a large answer does not hold the loop. */
static int on_writable(struct lws *wsi, struct response *response)
{
    unsigned char piece[LWS_PRE + CHUNK_MAX];
    size_t left = response->size - response->sent;
    size_t size = left < CHUNK_MAX ? left : CHUNK_MAX;
    bool is_last = size == left;

    if (response->body == NULL) {
        return 0;
    }
    memcpy(piece + LWS_PRE, response->body + response->sent, size);
    if (lws_write(wsi, piece + LWS_PRE, size, is_last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) <
        (int)size) {
        return CUT;
    }
    response->sent += size;
    if (!is_last) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    drop(response);
    return lws_http_transaction_completed(wsi) != 0 ? CUT : 0;
}

static int handle(struct lws *wsi, enum lws_callback_reasons reason, struct response *response,
                  const char *in)
{
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return on_request(wsi, response, in);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return on_writable(wsi, response);
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
        if (response != NULL) {
            drop(response);
        }
        return 0;
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return 0; /* a body was sent with a refused method; the answer is on its way */
    default:
        return 0;
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size)
{
    (void)size;
    enum stage before = stage_enter(STAGE_http);
    int rc = handle(wsi, reason, user, in);
    (void)stage_enter(before);
    return rc;
}

static const struct lws_protocols protocols[] = {
    {.name = "http", .callback = on_event, .per_session_data_size = sizeof(struct response)},
    {.name = NULL},
};

static enum status refuse(const char *name, const char *why, enum status status)
{
    log_event(LOG_http_failed, log_text("listen", name), log_text("error", why));
    return status;
}

/* lws does not say why it cannot bind, so we try it ourselves, and give the port back. */
static enum status try_address(const char *name, const struct listen_address *address,
                               char host[NI_MAXHOST])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    char port[8];
    int one = 1;

    snprintf(port, sizeof(port), "%d", address->port);
    int rc = getaddrinfo(address->host[0] == '\0' ? NULL : address->host, port, &hints, &found);
    if (rc != 0) {
        return refuse(name, gai_strerror(rc),
                      rc == EAI_AGAIN ? STATUS_UNAVAILABLE : STATUS_BAD_CONFIG);
    }
    (void)getnameinfo(found->ai_addr, found->ai_addrlen, host, NI_MAXHOST, NULL, 0, NI_NUMERICHOST);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
                    bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0;
    int code = errno;
    freeaddrinfo(found);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (is_bound) {
        return STATUS_OK;
    }
    return refuse(name, strerror(code), code == EADDRINUSE ? STATUS_BUSY : STATUS_IO);
}

static void on_closed(uv_handle_t *handle)
{
    struct ops_http *http = container_of((uv_idle_t *)handle, struct ops_http, closer);
    lws_context_destroy(http->web.lws); /* NULL where a newer lws has ended by itself */
    mem_free(http);
}

static void on_round(uv_idle_t *closer)
{
    struct ops_http *http = container_of(closer, struct ops_http, closer);
    http->rounds++;
    if (http->rounds == CLOSING_ROUNDS) {
        uv_close((uv_handle_t *)closer, on_closed);
    }
}

void ops_http_destroy(struct ops_http **http_p)
{
    struct ops_http *http = *http_p;
    *http_p = NULL;
    if (http == NULL) {
        return;
    }
    web_context_end(&http->web);
    (void)uv_idle_init(loop_uv(http->options.loop), &http->closer);
    (void)uv_idle_start(&http->closer, on_round);
}

/* False: lws gave up, and what it had made is closed by ops_http_destroy(). */
static bool open_context(struct ops_http *http)
{
    void *loops[] = {loop_uv(http->options.loop)};
    struct lws_context_creation_info info = {
        .port = http->port,
        .iface = http->host[0] == '\0' ? NULL : http->host,
        .protocols = protocols,
        .foreign_loops = loops,
        .user = http,
        .pcontext = &http->web.lws,
        .server_string = "candled",
        .vhost_name = "ops",
        .fd_limit_per_thread = CONNECTIONS_MAX,
        .keepalive_timeout = KEEPALIVE_S,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND,
    };
    web_context_open(&http->web, &info);
    if (http->web.vhost == NULL) {
        return false;
    }
    http->port = lws_get_vhost_listen_port(http->web.vhost);
    return true;
}

enum status ops_http_create(const struct ops_http_options *options, struct ops_http **out_http)
{
    struct listen_address address;
    char host[NI_MAXHOST] = "";
    if (listen_address_parse(options->listen, &address) != STATUS_OK) {
        return refuse(options->listen, "expected host:port", STATUS_BAD_CONFIG);
    }
    enum status status = try_address(options->listen, &address, host);
    if (status != STATUS_OK) {
        return status;
    }
    lws_set_log_level(0, NULL); /* what matters is logged here, in our own form */
    struct ops_http *http = mem_new(1, sizeof(*http));
    http->options = *options;
    http->options.listen = NULL;
    http->port = address.port;
    if (address.host[0] != '\0') {
        snprintf(http->host, sizeof(http->host), "%.255s", host);
    }
    if (!open_context(http)) {
        ops_http_destroy(&http);
        return refuse(options->listen, "libwebsockets gave up (is libwebsockets-evlib-uv there?)",
                      STATUS_IO);
    }
    log_event(LOG_http_listening, log_text("host", host), log_int("port", http->port));
    *out_http = http;
    return STATUS_OK;
}

int ops_http_port(const struct ops_http *http)
{
    return http->port;
}
