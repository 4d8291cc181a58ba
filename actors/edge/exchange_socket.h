/* WebSocket connections to the exchange: libwebsockets as a client on our loop.
 *
 * Names are looked up on a worker thread. TLS is verified, certificate and host name, with the
 * system's authorities or one file of them. Pings are answered by the library.
 * Ownership: a socket is freed by itself once it has told `closed`, or after
 * exchange_socket_close(); exchange_socket_hub_destroy() ends all, memory goes in later rounds of
 * the loop. Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_EXCHANGE_SOCKET_H
#define CANDLED_ACTORS_EDGE_EXCHANGE_SOCKET_H

#include "proto/web_url.h"
#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stddef.h>

enum { EXCHANGE_SOCKET_FRAME_MAX = 256 << 10 };

struct exchange_socket;
struct exchange_socket_hub;
struct loop;

struct exchange_socket_hub_options {
    struct loop *loop;         /* borrowed */
    const struct web_url *url; /* copied */
    const char *path;          /* behind the url's prefix: "/stream"; copied */
    const char *ca_file;       /* NULL or empty: the system's authorities */
    void *context;
    /* `id` is what exchange_socket_open() was given. */
    void (*opened)(void *context, int id);
    void (*received)(void *context, int id, struct slice frame);
    /* Last of all, unless we closed it. */
    void (*closed)(void *context, int id, const char *why);
};

MUST_CHECK enum status exchange_socket_hub_create(const struct exchange_socket_hub_options *options,
                                                  struct exchange_socket_hub **out_hub);

/* Never fails at once: `closed` comes in a later round of the loop. */
struct exchange_socket *exchange_socket_open(struct exchange_socket_hub *hub, int id);

/* Queues a text frame; it is copied. */
void exchange_socket_send(struct exchange_socket *socket, struct slice text);

/* Nothing is told of it any more. */
void exchange_socket_close(struct exchange_socket **socket_p);

/* NULL inside is fine. */
void exchange_socket_hub_destroy(struct exchange_socket_hub **hub_p);

#endif
