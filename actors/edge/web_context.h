/* A context of libwebsockets on our loop, with an end that closes no file of others.
 *
 * lws 4.1 closes the eventfd by which it wakes itself twice: when its end begins, and again rounds
 * of the loop later. What another thread opened in between would be closed under its hands (glibc
 * aborts the process if that was the socket of a getaddrinfo()). So the number stays taken until
 * the second close.
 * Ownership: the caller's. Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_WEB_CONTEXT_H
#define CANDLED_ACTORS_EDGE_WEB_CONTEXT_H

#include "runtime/base.h"

struct lws_context;
struct lws_context_creation_info;
struct lws_vhost;

struct web_context {
    struct lws_context *lws; /* NULL: there is none, or it has ended by itself */
    struct lws_vhost *vhost; /* the only one; NULL: lws gave up */
    int wakeup_fd;           /* lws's own; -1: not known */
};

/* `info` names one foreign loop and LWS_SERVER_OPTION_EXPLICIT_VHOSTS. What lws had made when it
 * gave up is ended as a whole one is. */
void web_context_open(struct web_context *context, struct lws_context_creation_info *info);

/* Begins the end: connections are cut and handles close in the next rounds of the loop.
 * lws_context_destroy() completes it after those. */
void web_context_end(struct web_context *context);

#endif
