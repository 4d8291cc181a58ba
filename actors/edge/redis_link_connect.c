#include "actors/edge/redis_link_internal.h"

#include "actors/edge/redis_poll.h"
#include "actors/edge/redis_tls.h"
#include "actors/edge/redis_url.h"

#include <hiredis/async.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { KEEPALIVE_S = 15, TLS_ERROR_MAX = 160 };

void redis_link_come(struct redis_link *link)
{
    link->options.come(link->options.context);
}

/* Who says that this is the primary. */
static void add_witness(struct redis_link *link)
{
    size_t used = strlen(link->error);
    bool is_named = link->sentinels != NULL && link->state != REDIS_LINK_asking &&
                    link->state != REDIS_LINK_ready;
    if (is_named) {
        (void)snprintf(link->error + used, sizeof(link->error) - used,
                       " (%s:%s, which the sentinel %s calls the primary)",
                       redis_sentinels_host(link->sentinels), redis_sentinels_port(link->sentinels),
                       redis_sentinels_witness(link->sentinels));
    }
}

/* The first error is the cause; what follows are its echoes. */
void redis_link_note_broken(struct redis_link *link, const char *what, const char *error)
{
    if (!link->is_broken) {
        link->is_broken = true;
        (void)snprintf(link->error, sizeof(link->error), "%s%s%s", what,
                       what[0] == '\0' ? "" : ": ", error);
        add_witness(link);
    }
    redis_link_come(link);
}

void redis_link_note_answered(struct redis_link *link)
{
    link->is_answered = true;
    redis_link_come(link);
}

/* Whatever happens to a context that we have dropped is no news. */
struct redis_link *redis_link_of(const redisAsyncContext *context)
{
    struct redis_link *link = context->data;
    return link != NULL && link->context == context ? link : NULL;
}

/* The cause, and not what it looked like from further up. */
static const char *words(const struct redis_link *link, const redisAsyncContext *context)
{
    const char *tls = link->session == NULL ? NULL : redis_tls_error(link->session);
    if (tls != NULL) {
        return tls;
    }
    return context->err != 0 ? context->errstr : "the connection was closed";
}

/* hiredis frees the context after this. */
static void on_disconnected(const redisAsyncContext *context, int code)
{
    struct redis_link *link = redis_link_of(context);
    (void)code;
    if (link != NULL) {
        link->context = NULL;
        redis_link_note_broken(link, link->session == NULL ? "" : "TLS", words(link, context));
    }
}

static void on_connected(const redisAsyncContext *context, int code)
{
    struct redis_link *link = redis_link_of(context);
    if (link == NULL) {
        return;
    }
    if (code == REDIS_OK) {
        redis_link_note_answered(link);
        return;
    }
    link->context = NULL; /* and after this too */
    redis_link_note_broken(link, "connect", words(link, context));
}

static void on_poll_failed(redisAsyncContext *context, const char *error)
{
    struct redis_link *link = redis_link_of(context);
    if (link != NULL) {
        redis_link_note_broken(link, "poll", error);
    }
}

/* A login may always be written: nothing comes of it. */
static bool may_write(redisAsyncContext *context)
{
    struct redis_link *link = redis_link_of(context);
    return link == NULL || link->state != REDIS_LINK_ready ||
           link->options.may_write(link->options.context);
}

static void on_resolved(void *context, const struct redis_addresses *addresses, const char *error)
{
    struct redis_link *link = context;
    link->lookup = NULL;
    if (error != NULL) {
        redis_link_note_broken(link, "name lookup", error);
        return;
    }
    link->addresses = *addresses;
    redis_link_note_answered(link);
}

void redis_link_drop_context(struct redis_link *link)
{
    redisAsyncContext *context = link->context;
    link->context = NULL;
    if (context != NULL) {
        redisAsyncFree(context);
    }
}

void redis_link_enter(struct redis_link *link, enum redis_link_state state)
{
    link->state = state;
    link->is_answered = false;
}

static void watch(struct redis_link *link, redisAsyncContext *context)
{
    link->context = context;
    context->data = link;
    (void)redisAsyncSetConnectCallback(context, on_connected);
    (void)redisAsyncSetDisconnectCallback(context, on_disconnected);
    (void)redisEnableKeepAliveWithInterval(&context->c, KEEPALIVE_S);
}

const char *redis_link_host(const struct redis_link *link)
{
    return link->sentinels != NULL ? redis_sentinels_host(link->sentinels)
                                   : link->options.url->host;
}

const char *redis_link_port(const struct redis_link *link)
{
    return link->sentinels != NULL ? redis_sentinels_port(link->sentinels)
                                   : link->options.url->port;
}

static redisAsyncContext *begin_connect(struct redis_link *link)
{
    const struct redis_url *url = link->options.url;
    redisOptions options = {.options = REDIS_OPT_NONBLOCK};

    if (url->socket[0] != '\0') {
        REDIS_OPTIONS_SET_UNIX(&options, url->socket);
    } else {
        const char *address = link->addresses.texts[link->addresses_tried++];
        REDIS_OPTIONS_SET_TCP(&options, address, atoi(redis_link_port(link)));
    }
    return redisAsyncConnectWithOptions(&options);
}

static void start_tls(struct redis_link *link)
{
    char error[TLS_ERROR_MAX];

    link->session = NULL;
    if (link->options.tls != NULL &&
        redis_tls_attach(link->options.tls, redis_link_host(link), link->context, &link->session,
                         error, sizeof(error)) != STATUS_OK) {
        redis_link_note_broken(link, "TLS", error);
        redis_link_drop_context(link);
    }
}

void redis_link_connect_next(struct redis_link *link)
{
    redis_link_enter(link, REDIS_LINK_connecting);
    link->is_broken = false;
    redisAsyncContext *context = begin_connect(link);
    if (context == NULL) {
        redis_link_note_broken(link, "connect", "out of memory");
        return;
    }
    if (context->err != 0) {
        redis_link_note_broken(link, "connect", context->errstr);
        redisAsyncFree(context);
        return;
    }
    if (redis_poll_attach(context, link->options.loop, on_poll_failed, may_write) != STATUS_OK) {
        redis_link_note_broken(link, "connect", "the descriptor cannot be watched");
        redisAsyncFree(context);
        return;
    }
    watch(link, context);
    start_tls(link);
}

void redis_link_resolve(struct redis_link *link)
{
    const struct redis_url *url = link->options.url;

    redis_link_enter(link, REDIS_LINK_resolving);
    if (url->socket[0] != '\0') {
        redis_link_note_answered(link);
        return;
    }
    enum status status = redis_lookup_start(link->options.loop, redis_link_host(link), on_resolved,
                                            link, &link->lookup);
    if (status != STATUS_OK) {
        redis_link_note_broken(link, "name lookup", status_text(status));
    }
}
