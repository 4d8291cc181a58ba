#include "actors/edge/redis_login.h"

#include "actors/edge/redis_error.h"
#include "actors/edge/redis_url.h"

#include <hiredis/async.h>
#include <string.h>

enum { SHA_SIZE = 40 };

static bool ask_auth(struct redisAsyncContext *context, const struct redis_url *url,
                     redis_login_fn *answered)
{
    if (url->password[0] == '\0') {
        return false;
    }
    if (url->user[0] == '\0') {
        (void)redisAsyncCommand(context, answered, NULL, "AUTH %s", url->password);
    } else {
        (void)redisAsyncCommand(context, answered, NULL, "AUTH %s %s", url->user, url->password);
    }
    return true;
}

bool redis_login_ask(enum redis_link_state state, struct redisAsyncContext *context,
                     const struct redis_url *url, const char *script, redis_login_fn *answered)
{
    switch (state) {
    case REDIS_LINK_authenticating:
        return ask_auth(context, url, answered);
    case REDIS_LINK_verifying:
        (void)redisAsyncCommand(context, answered, NULL, "ROLE");
        return true;
    case REDIS_LINK_selecting:
        if (url->db == 0) {
            return false;
        }
        (void)redisAsyncCommand(context, answered, NULL, "SELECT %d", url->db);
        return true;
    case REDIS_LINK_inspecting:
        (void)redisAsyncCommand(context, answered, NULL, "INFO cluster");
        return true;
    case REDIS_LINK_loading:
        (void)redisAsyncCommand(context, answered, NULL, "SCRIPT LOAD %s", script);
        return true;
    default:
        return false;
    }
}

/* A user who may not ask for INFO goes on: a cluster then shows itself by MOVED. */
static bool may_go_on_without(enum redis_link_state state, const char *error)
{
    return state == REDIS_LINK_inspecting &&
           (strncmp(error, "NOPERM", 6) == 0 || redis_error_of(error) == REDIS_ERROR_refused);
}

static bool is_primary(const struct redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
           reply->element[0]->type == REDIS_REPLY_STRING &&
           strcmp(reply->element[0]->str, "master") == 0;
}

const char *redis_login_error(enum redis_link_state state, const struct redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR) {
        return may_go_on_without(state, reply->str) ? NULL : reply->str;
    }
    if (state == REDIS_LINK_verifying && !is_primary(reply)) {
        return "it is a replica";
    }
    if (state == REDIS_LINK_inspecting && reply->str != NULL &&
        strstr(reply->str, "cluster_enabled:1") != NULL) {
        return "CLUSTERDOWN this is a node of a Redis Cluster";
    }
    if (state == REDIS_LINK_loading &&
        (reply->type != REDIS_REPLY_STRING || reply->len != SHA_SIZE)) {
        return "SCRIPT LOAD was answered by something that is no checksum";
    }
    return NULL;
}
