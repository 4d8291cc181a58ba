#include "actors/edge/redis_link.h"

#include "actors/edge/redis_login.h"
#include "actors/edge/redis_lookup.h"
#include "actors/edge/redis_poll.h"
#include "actors/edge/redis_tls.h"
#include "actors/edge/redis_url.h"
#include "runtime/deadlines.h"
#include "runtime/mem.h"

#include <assert.h>
#include <hiredis/async.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { SHA_SIZE = 40, KEEPALIVE_S = 15, TLS_ERROR_MAX = 160 };

struct redis_link {
    struct redis_link_options options;
    enum redis_link_state state;
    redisAsyncContext *context;  /* NULL: no connection */
    struct ssl_st *session;      /* of the context; NULL: no TLS */
    struct redis_lookup *lookup; /* NULL: none under way */
    struct redis_addresses addresses;
    size_t addresses_tried;
    bool is_answered; /* the step of `state` has its answer */
    bool is_broken;   /* noted: the connection ended, or what it said is an error */
    int64_t opened_ms;
    int64_t heard_ms; /* when the last reply came, or the first of the calls was made */
    size_t waiting;   /* calls without a reply */
    char sha[SHA_SIZE + 1];
    char error[REDIS_LINK_ERROR_MAX];
};

struct redis_link *redis_link_create(const struct redis_link_options *options)
{
    struct redis_link *link = mem_new(1, sizeof(*link));
    link->options = *options;
    return link;
}

static void come(struct redis_link *link)
{
    link->options.come(link->options.context);
}

/* The first error is the cause; what follows are its echoes. */
static void note_broken(struct redis_link *link, const char *what, const char *error)
{
    if (!link->is_broken) {
        link->is_broken = true;
        (void)snprintf(link->error, sizeof(link->error), "%s%s%s", what,
                       what[0] == '\0' ? "" : ": ", error);
    }
    come(link);
}

static void note_answered(struct redis_link *link)
{
    link->is_answered = true;
    come(link);
}

/* Whatever happens to a context that we have dropped is no news. */
static struct redis_link *link_of(const redisAsyncContext *context)
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
    struct redis_link *link = link_of(context);
    (void)code;
    if (link != NULL) {
        link->context = NULL;
        note_broken(link, link->session == NULL ? "" : "TLS", words(link, context));
    }
}

static void on_connected(const redisAsyncContext *context, int code)
{
    struct redis_link *link = link_of(context);
    if (link == NULL) {
        return;
    }
    if (code == REDIS_OK) {
        note_answered(link);
        return;
    }
    link->context = NULL; /* and after this too */
    note_broken(link, "connect", words(link, context));
}

static void on_poll_failed(redisAsyncContext *context, const char *error)
{
    struct redis_link *link = link_of(context);
    if (link != NULL) {
        note_broken(link, "poll", error);
    }
}

static void on_resolved(void *context, const struct redis_addresses *addresses, const char *error)
{
    struct redis_link *link = context;
    link->lookup = NULL;
    if (error != NULL) {
        note_broken(link, "name lookup", error);
        return;
    }
    link->addresses = *addresses;
    note_answered(link);
}

static void drop_context(struct redis_link *link)
{
    redisAsyncContext *context = link->context;
    link->context = NULL;
    if (context != NULL) {
        redisAsyncFree(context);
    }
}

static void enter(struct redis_link *link, enum redis_link_state state)
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

static redisAsyncContext *begin_connect(struct redis_link *link)
{
    const struct redis_url *url = link->options.url;
    redisOptions options = {.options = REDIS_OPT_NONBLOCK};

    if (url->socket[0] != '\0') {
        REDIS_OPTIONS_SET_UNIX(&options, url->socket);
    } else {
        const char *address = link->addresses.texts[link->addresses_tried++];
        REDIS_OPTIONS_SET_TCP(&options, address, atoi(url->port));
    }
    return redisAsyncConnectWithOptions(&options);
}

static void start_tls(struct redis_link *link)
{
    char error[TLS_ERROR_MAX];

    link->session = NULL;
    if (link->options.tls != NULL &&
        redis_tls_attach(link->options.tls, link->context, &link->session, error, sizeof(error)) !=
            STATUS_OK) {
        note_broken(link, "TLS", error);
        drop_context(link);
    }
}

static void connect_next(struct redis_link *link)
{
    enter(link, REDIS_LINK_connecting);
    link->is_broken = false;
    redisAsyncContext *context = begin_connect(link);
    if (context == NULL) {
        note_broken(link, "connect", "out of memory");
        return;
    }
    if (context->err != 0) {
        note_broken(link, "connect", context->errstr);
        redisAsyncFree(context);
        return;
    }
    if (redis_poll_attach(context, link->options.loop, on_poll_failed) != STATUS_OK) {
        note_broken(link, "connect", "the descriptor cannot be watched");
        redisAsyncFree(context);
        return;
    }
    watch(link, context);
    start_tls(link);
}

static void resolve(struct redis_link *link)
{
    const struct redis_url *url = link->options.url;

    enter(link, REDIS_LINK_resolving);
    if (url->socket[0] != '\0') {
        note_answered(link);
        return;
    }
    enum status status =
        redis_lookup_start(link->options.loop, url->host, on_resolved, link, &link->lookup);
    if (status != STATUS_OK) {
        note_broken(link, "name lookup", status_text(status));
    }
}

void redis_link_open(struct redis_link *link)
{
    assert(link->state == REDIS_LINK_closed);
    link->addresses_tried = 0;
    link->is_broken = false;
    link->waiting = 0;
    link->opened_ms = (int64_t)uv_now(link->options.loop);
    resolve(link);
    come(link);
}

void redis_link_close(struct redis_link *link)
{
    redis_lookup_abandon(&link->lookup);
    drop_context(link);
    link->waiting = 0;
    enter(link, REDIS_LINK_closed);
}

void redis_link_destroy(struct redis_link **link_p)
{
    struct redis_link *link = *link_p;
    *link_p = NULL;
    if (link == NULL) {
        return;
    }
    redis_link_close(link);
    mem_free(link);
}

static void on_login_reply(redisAsyncContext *context, void *data, void *unused)
{
    struct redis_link *link = link_of(context);
    const redisReply *reply = data;
    (void)unused;

    if (link == NULL || reply == NULL) {
        return; /* the end of the connection is told on its own */
    }
    const char *error = redis_login_error(link->state, reply);
    if (error != NULL) {
        note_broken(link, "", error);
        return;
    }
    if (link->state == REDIS_LINK_loading) {
        (void)snprintf(link->sha, sizeof(link->sha), "%s", reply->str);
    }
    note_answered(link);
}

/* False: this step is not needed. */
static bool ask(struct redis_link *link)
{
    const struct redis_link_options *options = &link->options;
    return redis_login_ask(link->state, link->context, options->url, options->script,
                           on_login_reply);
}

/* Through the steps of the login that need no answer, to one that does, or to the end. */
static void advance(struct redis_link *link)
{
    if (link->state == REDIS_LINK_resolving) {
        connect_next(link);
        return;
    }
    while (link->state < REDIS_LINK_ready) {
        enter(link, link->state + 1);
        if (ask(link)) {
            return;
        }
    }
}

static bool has_other_address(const struct redis_link *link)
{
    return link->state == REDIS_LINK_connecting && link->addresses_tried < link->addresses.count;
}

static void check_times(struct redis_link *link, int64_t now_ms)
{
    if (now_ms < redis_link_deadline_ms(link)) {
        return;
    }
    note_broken(link, "",
                link->state == REDIS_LINK_ready ? "no reply for 10 s"
                                                : "not connected and logged in after 5 s");
}

enum redis_link_state redis_link_step(struct redis_link *link, int64_t now_ms)
{
    if (link->state == REDIS_LINK_closed || link->state == REDIS_LINK_failed) {
        return link->state;
    }
    check_times(link, now_ms);
    while (link->is_broken && has_other_address(link)) {
        drop_context(link);
        connect_next(link);
    }
    if (link->is_broken) {
        drop_context(link);
        enter(link, REDIS_LINK_failed);
    } else if (link->is_answered && link->state != REDIS_LINK_ready) {
        advance(link);
    }
    return link->state;
}

int64_t redis_link_deadline_ms(const struct redis_link *link)
{
    if (link->state == REDIS_LINK_closed || link->state == REDIS_LINK_failed) {
        return DEADLINE_NONE;
    }
    if (link->state == REDIS_LINK_ready) {
        return link->waiting > 0 ? link->heard_ms + REDIS_LINK_REPLY_TIMEOUT_MS : DEADLINE_NONE;
    }
    return link->opened_ms + REDIS_LINK_CONNECT_TIMEOUT_MS;
}

const char *redis_link_error(const struct redis_link *link)
{
    return link->error;
}

const char *redis_link_script_sha(const struct redis_link *link)
{
    assert(link->state == REDIS_LINK_ready);
    return link->sha;
}

static void on_reply(redisAsyncContext *context, void *data, void *unused)
{
    struct redis_link *link = link_of(context);
    const redisReply *reply = data;
    (void)unused;

    if (link == NULL || reply == NULL || link->is_broken) {
        return;
    }
    link->waiting--;
    link->heard_ms = (int64_t)uv_now(link->options.loop);
    link->options.replied(link->options.context, reply);
    come(link);
}

void redis_link_call(struct redis_link *link, size_t count, const char **args, const size_t *sizes,
                     int64_t now_ms)
{
    assert(link->state == REDIS_LINK_ready);
    assert(count <= INT_MAX);
    if (link->context == NULL || link->is_broken) {
        return; /* the end of the connection is noted, and forgets this call as well */
    }
    int rc = redisAsyncCommandArgv(link->context, on_reply, NULL, (int)count, args, sizes);
    if (rc != REDIS_OK) {
        note_broken(link, "", "the connection takes no more calls");
        return;
    }
    if (link->waiting++ == 0) {
        link->heard_ms = now_ms;
    }
}
