#include "actors/edge/redis_sentinels.h"

#include "actors/edge/redis_lookup.h"
#include "actors/edge/redis_poll.h"
#include "runtime/mem.h"

#include <assert.h>
#include <hiredis/async.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_MAX = 160, PORT_MAX = 65535 };

struct sentinel {
    char text[REDIS_SENTINELS_HOST_MAX]; /* host:port, as configured */
    char host[REDIS_SENTINELS_HOST_MAX];
    int port;
};

struct redis_sentinels {
    struct redis_sentinels_options options;
    struct sentinel *items;
    enum redis_sentinels_state state;
    size_t current; /* the one that is asked, or answered */
    size_t tried;
    int64_t asked_ms;
    struct redis_lookup *lookup; /* NULL: none under way */
    struct redis_addresses addresses;
    size_t addresses_tried;
    redisAsyncContext *context; /* NULL: no connection */
    bool is_resolved;           /* noted: there are addresses to try */
    bool is_answered;           /* noted: host and port are there */
    char note[NOTE_MAX];        /* noted: why this address is of no use; empty: it may be */
    char host[REDIS_SENTINELS_HOST_MAX];
    char port[8];
    char error[REDIS_SENTINELS_ERROR_MAX];
};

/* host:port, or [address]:port. */
static bool parse(const char *text, struct sentinel *out)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || strlen(text) >= sizeof(out->text)) {
        return false;
    }
    bool is_bracketed = text[0] == '[' && colon[-1] == ']';
    const char *host = is_bracketed ? text + 1 : text;
    int host_size = (int)(colon - host) - (is_bracketed ? 1 : 0);
    char *end;
    long port = strtol(colon + 1, &end, 10);
    if (host_size <= 0 || colon[1] == '\0' || *end != '\0' || port < 1 || port > PORT_MAX) {
        return false;
    }
    (void)snprintf(out->text, sizeof(out->text), "%s", text);
    (void)snprintf(out->host, sizeof(out->host), "%.*s", host_size, host);
    out->port = (int)port;
    return true;
}

enum status redis_sentinels_create(const struct redis_sentinels_options *options,
                                   struct redis_sentinels **out_sentinels, char *error,
                                   size_t error_size)
{
    assert(options->count > 0);
    struct redis_sentinels *s = mem_new(1, sizeof(*s));
    s->options = *options;
    s->items = mem_new(options->count, sizeof(*s->items));
    for (size_t i = 0; i < options->count; i++) {
        if (!parse(options->items[i], &s->items[i])) {
            (void)snprintf(error, error_size, "redis.sentinels: `%s` is not host:port",
                           options->items[i]);
            redis_sentinels_destroy(&s);
            return STATUS_BAD_CONFIG;
        }
    }
    *out_sentinels = s;
    return STATUS_OK;
}

static void drop_context(struct redis_sentinels *s)
{
    redisAsyncContext *context = s->context;
    s->context = NULL;
    if (context != NULL) {
        redisAsyncFree(context);
    }
}

void redis_sentinels_close(struct redis_sentinels *s)
{
    redis_lookup_abandon(&s->lookup);
    drop_context(s);
}

void redis_sentinels_destroy(struct redis_sentinels **sentinels_p)
{
    struct redis_sentinels *s = *sentinels_p;
    *sentinels_p = NULL;
    if (s == NULL) {
        return;
    }
    redis_sentinels_close(s);
    mem_free(s->items);
    mem_free(s);
}

static void come(struct redis_sentinels *s)
{
    s->options.come(s->options.context);
}

/* The first is the cause. */
static void note(struct redis_sentinels *s, const char *text)
{
    if (s->note[0] == '\0' && !s->is_answered) {
        (void)snprintf(s->note, sizeof(s->note), "%s", text);
    }
    come(s);
}

/* Whatever happens to a context that we have dropped is no news. */
static struct redis_sentinels *owner_of(const redisAsyncContext *context)
{
    struct redis_sentinels *s = context->data;
    return s != NULL && s->context == context ? s : NULL;
}

static void on_ended(const redisAsyncContext *context)
{
    struct redis_sentinels *s = owner_of(context);
    if (s != NULL) {
        s->context = NULL; /* hiredis frees it */
        note(s, context->err != 0 ? context->errstr : "the connection was closed");
    }
}

static void on_connected(const redisAsyncContext *context, int code)
{
    if (code != REDIS_OK) {
        on_ended(context);
    }
}

static void on_disconnected(const redisAsyncContext *context, int code)
{
    (void)code;
    on_ended(context);
}

static void on_poll_failed(redisAsyncContext *context, const char *error)
{
    struct redis_sentinels *s = owner_of(context);
    if (s != NULL) {
        note(s, error);
    }
}

static bool may_write(redisAsyncContext *context)
{
    (void)context;
    return true;
}

static bool is_address(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[0]->type == REDIS_REPLY_STRING &&
           reply->element[0]->len < REDIS_SENTINELS_HOST_MAX &&
           reply->element[1]->type == REDIS_REPLY_STRING && atoi(reply->element[1]->str) > 0 &&
           atoi(reply->element[1]->str) <= PORT_MAX;
}

static void on_reply(redisAsyncContext *context, void *data, void *unused)
{
    struct redis_sentinels *s = owner_of(context);
    const redisReply *reply = data;
    (void)unused;

    if (s == NULL || reply == NULL) {
        return; /* the end of the connection is told on its own */
    }
    if (reply->type == REDIS_REPLY_NIL) {
        char text[NOTE_MAX];
        (void)snprintf(text, sizeof(text), "knows no primary called `%.100s`", s->options.primary);
        note(s, text);
    } else if (is_address(reply)) {
        (void)snprintf(s->host, sizeof(s->host), "%s", reply->element[0]->str);
        (void)snprintf(s->port, sizeof(s->port), "%d", atoi(reply->element[1]->str));
        s->is_answered = true;
        come(s);
    } else {
        note(s, reply->type == REDIS_REPLY_ERROR ? reply->str : "is no sentinel");
    }
}

static void on_resolved(void *context, const struct redis_addresses *addresses, const char *error)
{
    struct redis_sentinels *s = context;
    s->lookup = NULL;
    if (error != NULL) {
        note(s, error);
        return;
    }
    s->addresses = *addresses;
    s->is_resolved = true;
    come(s);
}

static redisAsyncContext *connect_to(const struct redis_sentinels *s, const char *address)
{
    redisOptions options = {.options = REDIS_OPT_NONBLOCK};
    REDIS_OPTIONS_SET_TCP(&options, address, s->items[s->current].port);
    return redisAsyncConnectWithOptions(&options);
}

static void ask_address(struct redis_sentinels *s)
{
    redisAsyncContext *context = connect_to(s, s->addresses.texts[s->addresses_tried++]);

    s->note[0] = '\0';
    if (context == NULL) {
        note(s, "out of memory");
        return;
    }
    if (context->err != 0 ||
        redis_poll_attach(context, s->options.loop, on_poll_failed, may_write) != STATUS_OK) {
        note(s, context->err != 0 ? context->errstr : "the descriptor cannot be watched");
        redisAsyncFree(context);
        return;
    }
    s->context = context;
    context->data = s;
    (void)redisAsyncSetConnectCallback(context, on_connected);
    (void)redisAsyncSetDisconnectCallback(context, on_disconnected);
    if (redisAsyncCommand(context, on_reply, NULL, "SENTINEL get-master-addr-by-name %s",
                          s->options.primary) != REDIS_OK) {
        note(s, "the connection takes no calls");
    }
}

static void ask_current(struct redis_sentinels *s, int64_t now_ms)
{
    s->asked_ms = now_ms;
    s->is_resolved = false;
    s->note[0] = '\0';
    s->addresses.count = 0;
    s->addresses_tried = 0;
    if (redis_lookup_start(s->options.loop, s->items[s->current].host, on_resolved, s,
                           &s->lookup) != STATUS_OK) {
        note(s, "the name cannot be looked up");
    }
}

void redis_sentinels_ask(struct redis_sentinels *s, int64_t now_ms)
{
    redis_sentinels_close(s);
    s->state = REDIS_SENTINELS_asking;
    s->tried = 0;
    s->is_answered = false;
    s->error[0] = '\0';
    ask_current(s, now_ms);
}

static void keep_note(struct redis_sentinels *s)
{
    size_t used = strlen(s->error);
    (void)snprintf(s->error + used, sizeof(s->error) - used, "%ssentinel %.100s: %s",
                   used == 0 ? "" : "; ", s->items[s->current].text, s->note);
}

static void ask_next(struct redis_sentinels *s, int64_t now_ms)
{
    redis_sentinels_close(s);
    keep_note(s);
    s->current = (s->current + 1) % s->options.count;
    if (++s->tried == s->options.count) {
        s->state = REDIS_SENTINELS_failed;
    } else {
        ask_current(s, now_ms);
    }
}

static void check_time(struct redis_sentinels *s, int64_t now_ms)
{
    if (now_ms >= redis_sentinels_deadline_ms(s)) {
        s->addresses_tried = s->addresses.count;
        note(s, "no answer for 1 s");
    }
}

enum redis_sentinels_state redis_sentinels_step(struct redis_sentinels *s, int64_t now_ms)
{
    if (s->state != REDIS_SENTINELS_asking) {
        return s->state;
    }
    if (s->is_answered) {
        redis_sentinels_close(s);
        s->state = REDIS_SENTINELS_answered;
        return s->state;
    }
    check_time(s, now_ms);
    if (s->is_resolved) {
        s->is_resolved = false;
        ask_address(s);
    }
    while (s->note[0] != '\0' && s->addresses_tried < s->addresses.count) {
        drop_context(s);
        ask_address(s);
    }
    if (s->note[0] != '\0') {
        ask_next(s, now_ms);
    }
    return s->state;
}

int64_t redis_sentinels_deadline_ms(const struct redis_sentinels *s)
{
    return s->asked_ms + REDIS_SENTINELS_TIMEOUT_MS;
}

const char *redis_sentinels_host(const struct redis_sentinels *s)
{
    return s->host;
}

const char *redis_sentinels_port(const struct redis_sentinels *s)
{
    return s->port;
}

const char *redis_sentinels_witness(const struct redis_sentinels *s)
{
    return s->items[s->current].text;
}

const char *redis_sentinels_error(const struct redis_sentinels *s)
{
    return s->error;
}
