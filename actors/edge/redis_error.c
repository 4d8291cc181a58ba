#include "actors/edge/redis_error.h"

#include "runtime/base.h"

#include <stddef.h>
#include <string.h>

#define NOT_A_CLUSTER "a Redis Cluster is not supported: name one primary in redis.url"

/* clang-format off */
#define REDIS_ERRORS(X)                                                                            \
    /* code         meaning      what to do                                                     */ \
    X(NOSCRIPT,     no_script,   "")                                                               \
    X(LOADING,      unavailable, "it still loads its data: wait")                                  \
    X(BUSY,         unavailable, "a script of somebody else holds it up: SCRIPT KILL")             \
    X(UNKILLABLE,   unavailable, "a script of somebody else holds it up")                          \
    X(MISCONF,      unavailable, "it cannot save to its disk: see its log and disk")               \
    X(OOM,          unavailable, "it has reached maxmemory: raise it, or set an eviction policy")  \
    X(READONLY,     unavailable, "it is a replica: name the primary in redis.url")                 \
    X(MASTERDOWN,   unavailable, "it is a replica without its primary: name the primary")          \
    X(NOREPLICAS,   unavailable, "it has fewer replicas than min-replicas-to-write")               \
    X(NOAUTH,       unavailable, "it wants a password: set redis.password_file or redis.url")      \
    X(WRONGPASS,    unavailable, "user or password are wrong: redis.password_file, redis.url")     \
    X(NOPERM,       unavailable, "its user lacks a permission: see the manual on Redis users")     \
    X(MOVED,        unavailable, NOT_A_CLUSTER)                                                    \
    X(ASK,          unavailable, NOT_A_CLUSTER)                                                    \
    X(CROSSSLOT,    unavailable, NOT_A_CLUSTER)                                                    \
    X(CLUSTERDOWN,  unavailable, NOT_A_CLUSTER)                                                    \
    X(TRYAGAIN,     unavailable, NOT_A_CLUSTER)
/* clang-format on */

static const struct {
    const char *code;
    enum redis_error error;
    const char *advice;
} infos[] = {
#define X(code, error, advice) {#code, REDIS_ERROR_##error, advice},
    REDIS_ERRORS(X)
#undef X
};

/* A user's missing right, as it is told to a script: without a code. */
static const char *const refused_rights[] = {
    "The user executing the script",
    "ACL failure in script",
};

/* What a script was refused comes with ERR in front of the code, once or twice. */
static const char *code_in(const char *text)
{
    while (strncmp(text, "ERR ", 4) == 0) {
        text += 4;
    }
    for (size_t i = 0; i < ARRAY_COUNT(refused_rights); i++) {
        if (strncmp(text, refused_rights[i], strlen(refused_rights[i])) == 0) {
            return "NOPERM";
        }
    }
    return text;
}

/* The row of the table, or its length. */
static size_t find(const char *text)
{
    const char *code = code_in(text);
    size_t size = strcspn(code, " ");
    size_t i = 0;

    while (i < ARRAY_COUNT(infos) &&
           (strlen(infos[i].code) != size || memcmp(infos[i].code, code, size) != 0)) {
        i++;
    }
    return i;
}

enum redis_error redis_error_of(const char *text)
{
    size_t i = find(text);
    return i < ARRAY_COUNT(infos) ? infos[i].error : REDIS_ERROR_refused;
}

const char *redis_error_advice(const char *text)
{
    size_t i = find(text);
    return i < ARRAY_COUNT(infos) ? infos[i].advice : "";
}
