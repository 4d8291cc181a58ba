#include "actors/edge/redis_link_internal.h"

#include "actors/edge/redis_login.h"
#include "runtime/deadlines.h"
#include "runtime/mem.h"

#include <assert.h>
#include <hiredis/async.h>
#include <limits.h>
#include <stdio.h>
#include <uv.h>

struct redis_link *redis_link_create(const struct redis_link_options *options)
{
    struct redis_link *link = mem_new(1, sizeof(*link));
    link->options = *options;
    link->sentinels = options->sentinels;
    return link;
}

void redis_link_open(struct redis_link *link)
{
    assert(link->state == REDIS_LINK_closed);
    link->addresses_tried = 0;
    link->is_broken = false;
    link->waiting = 0;
    link->opened_ms = (int64_t)uv_now(link->options.loop);
    if (link->sentinels != NULL) {
        redis_link_enter(link, REDIS_LINK_asking);
        redis_sentinels_ask(link->sentinels, link->opened_ms);
    } else {
        redis_link_resolve(link);
    }
    redis_link_come(link);
}

void redis_link_close(struct redis_link *link)
{
    if (link->sentinels != NULL) {
        redis_sentinels_close(link->sentinels);
    }
    redis_lookup_abandon(&link->lookup);
    redis_link_drop_context(link);
    link->waiting = 0;
    redis_link_enter(link, REDIS_LINK_closed);
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
    struct redis_link *link = redis_link_of(context);
    const redisReply *reply = data;
    (void)unused;

    if (link == NULL || reply == NULL) {
        return; /* the end of the connection is told on its own */
    }
    const char *error = redis_login_error(link->state, reply);
    if (error != NULL) {
        redis_link_note_broken(link, "", error);
        return;
    }
    if (link->state == REDIS_LINK_loading) {
        (void)snprintf(link->sha, sizeof(link->sha), "%s", reply->str);
    }
    redis_link_note_answered(link);
}

/* False: this step is not needed. */
static bool ask(struct redis_link *link)
{
    const struct redis_link_options *options = &link->options;
    if (link->state == REDIS_LINK_verifying && link->sentinels == NULL) {
        return false;
    }
    return redis_login_ask(link->state, link->context, options->url, options->script,
                           on_login_reply);
}

static void ask_sentinels(struct redis_link *link, int64_t now_ms)
{
    switch (redis_sentinels_step(link->sentinels, now_ms)) {
    case REDIS_SENTINELS_asking:
        break;
    case REDIS_SENTINELS_answered:
        link->opened_ms = now_ms;
        redis_link_resolve(link);
        break;
    case REDIS_SENTINELS_failed:
        redis_link_note_broken(link, "", redis_sentinels_error(link->sentinels));
        break;
    }
}

/* Through the steps of the login that need no answer, to one that does, or to the end. */
static void advance(struct redis_link *link)
{
    if (link->state == REDIS_LINK_resolving) {
        redis_link_connect_next(link);
        return;
    }
    while (link->state < REDIS_LINK_ready) {
        redis_link_enter(link, link->state + 1);
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
    redis_link_note_broken(link, "",
                           link->state == REDIS_LINK_ready
                               ? "no reply for 10 s"
                               : "not connected and logged in after 5 s");
}

enum redis_link_state redis_link_step(struct redis_link *link, int64_t now_ms)
{
    if (link->state == REDIS_LINK_closed || link->state == REDIS_LINK_failed) {
        return link->state;
    }
    if (link->state == REDIS_LINK_asking) {
        ask_sentinels(link, now_ms);
    } else {
        check_times(link, now_ms);
    }
    while (link->is_broken && has_other_address(link)) {
        redis_link_drop_context(link);
        redis_link_connect_next(link);
    }
    if (link->is_broken) {
        redis_link_drop_context(link);
        redis_link_enter(link, REDIS_LINK_failed);
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
    if (link->state == REDIS_LINK_asking) {
        return redis_sentinels_deadline_ms(link->sentinels);
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

static void on_reply(redisAsyncContext *context, void *data, void *token)
{
    struct redis_link *link = redis_link_of(context);
    const redisReply *reply = data;

    if (link == NULL || reply == NULL || link->is_broken) {
        return;
    }
    link->waiting--;
    link->heard_ms = (int64_t)uv_now(link->options.loop);
    link->options.replied(link->options.context, token, reply);
    redis_link_come(link);
}

bool redis_link_is_waiting(const struct redis_link *link)
{
    return link->waiting > 0;
}

void redis_link_call(struct redis_link *link, void *token, size_t count, const char **args,
                     const size_t *sizes, int64_t now_ms)
{
    assert(link->state == REDIS_LINK_ready);
    assert(count <= INT_MAX);
    if (link->context == NULL || link->is_broken) {
        return; /* the end of the connection is noted, and forgets this call as well */
    }
    int rc = redisAsyncCommandArgv(link->context, on_reply, token, (int)count, args, sizes);
    if (rc != REDIS_OK) {
        redis_link_note_broken(link, "", "the connection takes no more calls");
        return;
    }
    if (link->waiting++ == 0) {
        link->heard_ms = now_ms;
    }
}
