#include "actors/edge/exchange_socket.h"

#include "actors/edge/exchange_address.h"
#include "actors/edge/web_context.h"
#include "runtime/loop.h"
#include "runtime/mem.h"

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

/* What a callback of lws returns to end the connection; and the rounds of a foreign loop in which
 * lws closes its connections, then its other handles (see ops/ops_http.c). */
enum { CUT = -1, CLOSING_ROUNDS = 4 };

/* A connection that ends earlier has failed: the next one tries another address. */
enum { SETTLED_MS = 600000 };

enum { CONNECT_TIMEOUT_S = 10, WHY_MAX = 160, PATH_MAX_BYTES = 320 };

static const struct slice cannot_connect = {"it cannot be connected", 22};

struct outgoing {
    struct outgoing *next;
    size_t size;
    unsigned char bytes[]; /* LWS_PRE of them before the text */
};

struct exchange_socket {
    struct exchange_socket_hub *hub;
    struct exchange_socket *next;
    int id;
    uint64_t since_ms; /* by the loop's clock */
    struct lws *wsi;   /* NULL: the name is being looked up, or it is over */
    uv_getaddrinfo_t lookup;
    bool is_looking_up;
    bool is_closing; /* nothing is told any more */
    struct outgoing *queue;
    unsigned char *frame; /* what has come of one */
    size_t frame_size;
    size_t frame_room;
    char why[WHY_MAX];
};

struct exchange_socket_hub {
    struct exchange_socket_hub_options options;
    struct web_url url;
    char path[PATH_MAX_BYTES];
    struct web_context web;
    struct exchange_socket *all;
    unsigned failures; /* so that an attempt after one tries the next address */
    bool is_destroyed;
    uv_idle_t closer;
    unsigned rounds;
};

static void unlink_socket(struct exchange_socket *s)
{
    struct exchange_socket **at = &s->hub->all;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
}

static void free_socket(struct exchange_socket *s)
{
    uint64_t lasted_ms = uv_now(loop_uv(s->hub->options.loop)) - s->since_ms;
    s->hub->failures += lasted_ms < SETTLED_MS;
    unlink_socket(s);
    while (s->queue != NULL) {
        struct outgoing *next = s->queue->next;
        mem_free(s->queue);
        s->queue = next;
    }
    mem_free(s->frame);
    mem_free(s);
}

/* The connection is over: tells it, and frees. */
static void finish(struct exchange_socket *s)
{
    struct exchange_socket_hub *hub = s->hub;
    int id = s->id;
    bool is_told = !s->is_closing && !hub->is_destroyed;
    char why[WHY_MAX];

    (void)snprintf(why, sizeof(why), "%s", s->why[0] == '\0' ? "the connection ended" : s->why);
    free_socket(s);
    if (is_told) {
        hub->options.closed(hub->options.context, id, why);
    }
}

static void set_why(struct exchange_socket *s, struct slice what)
{
    if (s->why[0] == '\0') {
        (void)snprintf(s->why, sizeof(s->why), "%.*s", (int)what.size, (const char *)what.bytes);
    }
}

static int keep(struct exchange_socket *s, const void *bytes, size_t size)
{
    if (size > EXCHANGE_SOCKET_FRAME_MAX - s->frame_size) {
        set_why(s, slice_of_text("a frame is larger than any should be"));
        return CUT;
    }
    if (s->frame_room - s->frame_size < size) {
        s->frame_room = (s->frame_size + size) * 2;
        s->frame = mem_resize(s->frame, s->frame_room, 1);
    }
    if (size > 0) {
        memcpy(s->frame + s->frame_size, bytes, size);
    }
    s->frame_size += size;
    return 0;
}

static int on_received(struct exchange_socket *s, struct lws *wsi, const void *bytes, size_t size)
{
    if (s->is_closing) {
        return CUT;
    }
    if (keep(s, bytes, size) != 0) {
        return CUT;
    }
    if (lws_is_final_fragment(wsi) != 0 && lws_remaining_packet_payload(wsi) == 0) {
        struct slice frame = {s->frame, s->frame_size};
        s->frame_size = 0;
        s->hub->options.received(s->hub->options.context, s->id, frame);
    }
    return s->is_closing ? CUT : 0;
}

/* One write for each time it is writable. */
static int on_writable(struct exchange_socket *s, struct lws *wsi)
{
    struct outgoing *first = s->queue;
    if (s->is_closing) {
        return CUT;
    }
    if (first == NULL) {
        return 0;
    }
    s->queue = first->next;
    int sent = lws_write(wsi, first->bytes + LWS_PRE, first->size, LWS_WRITE_TEXT);
    bool is_sent = sent >= (int)first->size;
    mem_free(first);
    if (s->queue != NULL) {
        (void)lws_callback_on_writable(wsi);
    }
    return is_sent ? 0 : CUT;
}

static void on_peer_close(struct exchange_socket *s, const unsigned char *bytes, size_t size)
{
    char text[WHY_MAX];
    unsigned code = size >= 2 ? (unsigned)bytes[0] << 8 | bytes[1] : 0;
    (void)snprintf(text, sizeof(text), "the exchange closed it (%u %.*s)", code,
                   size > 2 ? (int)(size - 2) : 0, size > 2 ? (const char *)bytes + 2 : "");
    set_why(s, slice_of_text(text));
}

static void end(struct exchange_socket *s, struct lws *wsi)
{
    lws_set_opaque_user_data(wsi, NULL);
    finish(s);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size)
{
    struct exchange_socket *s = lws_get_opaque_user_data(wsi);
    (void)user;
    if (s == NULL) {
        return 0;
    }
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        if (!s->is_closing) {
            s->hub->options.opened(s->hub->options.context, s->id);
        }
        return s->is_closing ? CUT : 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return on_received(s, wsi, in, size);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writable(s, wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        on_peer_close(s, in, size);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        set_why(s, in == NULL ? cannot_connect : (struct slice){in, size});
        end(s, wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY: /* what was ended while it was still connecting */
        end(s, wsi);
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "exchange", .callback = on_event},
    {.name = NULL},
};

static void host_header(const struct web_url *url, char *text, size_t size)
{
    int standard = url->is_secure ? 443 : 80;
    if (url->port == standard) {
        (void)snprintf(text, size, "%s", url->host);
    } else {
        (void)snprintf(text, size, "%s:%d", url->host, url->port);
    }
}

/* lws tells a failure at once by a callback before it returns, or by NULL alone. */
static void connect_to(struct exchange_socket *s, const char *address)
{
    struct exchange_socket_hub *hub = s->hub;
    char host[WEB_URL_HOST_MAX + 16];
    host_header(&hub->url, host, sizeof(host));
    struct lws_client_connect_info info = {
        .context = hub->web.lws,
        .vhost = hub->web.vhost,
        .address = address,
        .port = hub->url.port,
        .ssl_connection = hub->url.is_secure ? LCCSCF_USE_SSL : 0,
        .path = hub->path,
        .host = host,
        .local_protocol_name = protocols[0].name,
        .opaque_user_data = s,
    };
    struct lws *wsi = lws_client_connect_via_info(&info);
    if (wsi == NULL) {
        /* Whether it was told already is seen by whether the socket is still there. */
        for (struct exchange_socket *at = hub->all; at != NULL; at = at->next) {
            if (at == s) {
                set_why(s, cannot_connect);
                finish(s);
                return;
            }
        }
        return;
    }
    s->wsi = wsi;
}

static void on_found(uv_getaddrinfo_t *lookup, int uv_code, struct addrinfo *found)
{
    struct exchange_socket *s = container_of(lookup, struct exchange_socket, lookup);
    char address[EXCHANGE_ADDRESS_MAX];

    s->is_looking_up = false;
    exchange_address_choose(uv_code == 0 ? found : NULL, s->hub->failures, address);
    uv_freeaddrinfo(found);
    if (s->is_closing || s->hub->is_destroyed) {
        free_socket(s);
    } else if (address[0] == '\0') {
        set_why(s, slice_of_text(uv_code == 0 ? "its name has no address" : uv_strerror(uv_code)));
        finish(s);
    } else {
        connect_to(s, address);
    }
}

struct exchange_socket *exchange_socket_open(struct exchange_socket_hub *hub, int id)
{
    struct exchange_socket *s = mem_new(1, sizeof(*s));
    struct addrinfo hints = exchange_address_hints(hub->url.host);

    s->hub = hub;
    s->id = id;
    s->since_ms = uv_now(loop_uv(hub->options.loop));
    s->next = hub->all;
    hub->all = s;
    s->is_looking_up = true;
    /* It refuses nothing but bad arguments and names that are too long, which the url excludes. */
    int rc = uv_getaddrinfo(loop_uv(hub->options.loop), &s->lookup, on_found, hub->url.host, NULL,
                            &hints);
    if (rc != 0) {
        free_socket(s);
        return NULL;
    }
    return s;
}

void exchange_socket_send(struct exchange_socket *s, struct slice text)
{
    struct outgoing *last = mem_new(1, sizeof(*last) + LWS_PRE + text.size);
    struct outgoing **at = &s->queue;

    last->size = text.size;
    memcpy(last->bytes + LWS_PRE, text.bytes, text.size);
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = last;
    if (s->wsi != NULL) {
        (void)lws_callback_on_writable(s->wsi);
    }
}

void exchange_socket_close(struct exchange_socket **socket_p)
{
    struct exchange_socket *s = *socket_p;
    *socket_p = NULL;
    if (s == NULL) {
        return;
    }
    s->is_closing = true;
    if (s->wsi != NULL) {
        lws_set_timeout(s->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
}

enum status exchange_socket_hub_create(const struct exchange_socket_hub_options *options,
                                       struct exchange_socket_hub **out_hub)
{
    struct exchange_socket_hub *hub = mem_new(1, sizeof(*hub));
    void *loops[] = {loop_uv(options->loop)};
    bool has_file = options->ca_file != NULL && options->ca_file[0] != '\0';
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .foreign_loops = loops,
        .user = hub,
        .vhost_name = "exchange",
        .timeout_secs = CONNECT_TIMEOUT_S,
        .client_ssl_ca_filepath = has_file ? options->ca_file : NULL,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   (has_file ? LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS : 0),
    };
    hub->options = *options;
    hub->url = *options->url;
    (void)snprintf(hub->path, sizeof(hub->path), "%s%s", options->url->prefix, options->path);
    hub->options.url = NULL;
    hub->options.path = NULL;
    hub->options.ca_file = NULL;
    lws_set_log_level(0, NULL);
    web_context_open(&hub->web, &info);
    if (hub->web.vhost == NULL) {
        exchange_socket_hub_destroy(&hub);
        return STATUS_IO;
    }
    *out_hub = hub;
    return STATUS_OK;
}

static void on_closer_closed(uv_handle_t *handle)
{
    struct exchange_socket_hub *hub =
        container_of((uv_idle_t *)handle, struct exchange_socket_hub, closer);
    mem_free(hub);
}

/* Lookups that are under way come back first. */
static void on_round(uv_idle_t *closer)
{
    struct exchange_socket_hub *hub = container_of(closer, struct exchange_socket_hub, closer);
    hub->rounds++;
    if (hub->rounds == CLOSING_ROUNDS) {
        lws_context_destroy(hub->web.lws);
    }
    if (hub->rounds >= CLOSING_ROUNDS && hub->all == NULL) {
        uv_close((uv_handle_t *)closer, on_closer_closed);
    }
}

void exchange_socket_hub_destroy(struct exchange_socket_hub **hub_p)
{
    struct exchange_socket_hub *hub = *hub_p;
    *hub_p = NULL;
    if (hub == NULL) {
        return;
    }
    hub->is_destroyed = true;
    for (struct exchange_socket *s = hub->all; s != NULL; s = s->next) {
        if (s->is_looking_up) {
            (void)uv_cancel((uv_req_t *)&s->lookup);
        }
    }
    web_context_end(&hub->web);
    (void)uv_idle_init(loop_uv(hub->options.loop), &hub->closer);
    (void)uv_idle_start(&hub->closer, on_round);
}
