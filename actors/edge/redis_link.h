/* One connection to a Redis at a time: looked up, connected, logged in, with our script loaded.
 *
 * A state machine that moves only in redis_link_step(), which the owner calls from a turn of its
 * own: in the callbacks of hiredis and libuv it notes what happened and tells the owner to come. It
 * never reconnects by itself: the owner closes a link that has failed and opens it when it wants
 * to. Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_LINK_H
#define CANDLED_ACTORS_EDGE_REDIS_LINK_H

#include "runtime/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redisReply;
struct redis_link;
struct redis_sentinels;
struct redis_tls;
struct redis_url;
struct uv_loop_s;

/* clang-format off */
#define REDIS_LINK_STATES(X)                                              \
    /* name           what it waits for                                */ \
    X(closed,         "redis_link_open()")                                \
    X(asking,         "a sentinel's answer, when there are sentinels")    \
    X(resolving,      "the addresses of the host")                        \
    X(connecting,     "the connection")                                   \
    X(authenticating, "AUTH")                                             \
    X(verifying,      "ROLE: whether it is the primary")                  \
    X(selecting,      "SELECT")                                           \
    X(inspecting,     "INFO: whether it is a cluster")                    \
    X(loading,        "SCRIPT LOAD")                                      \
    X(ready,          "calls")                                            \
    X(failed,         "redis_link_close(); what went wrong is noted")
/* clang-format on */

enum redis_link_state {
#define X(name, what) REDIS_LINK_##name,
    REDIS_LINK_STATES(X)
#undef X
};

enum {
    REDIS_LINK_CONNECT_TIMEOUT_MS = 5000, /* from open to ready */
    REDIS_LINK_REPLY_TIMEOUT_MS = 10000,  /* without any reply while one is due */
    REDIS_LINK_ERROR_MAX = 512,
};

struct redis_link_options {
    struct uv_loop_s *loop;      /* borrowed, as is all of this */
    const struct redis_url *url; /* with the password to use */
    const struct redis_tls *tls; /* NULL: none */
    struct redis_sentinels
        *sentinels; /* who are asked for host and port at each open; NULL: none */
    const char *script;
    void *context;
    void (*come)(void *context); /* something was noted: call redis_link_step() soon */
    /* Replies come in the order of the calls. Not for calls that were cut off by an end of the
     * connection: nothing is known about those. */
    void (*replied)(void *context, void *token, const struct redisReply *reply);
    /* Right before bytes of calls go out; false: not now, and the owner has been told to come. */
    bool (*may_write)(void *context);
};

struct redis_link *redis_link_create(const struct redis_link_options *options);

/* At once, and quietly; NULL inside is fine. The closing of handles goes on in the loop. */
void redis_link_destroy(struct redis_link **link_p);

/* From closed. */
void redis_link_open(struct redis_link *link);

/* Calls that wait for a reply are forgotten. */
void redis_link_close(struct redis_link *link);

/* Does what is due, and says where that led. */
enum redis_link_state redis_link_step(struct redis_link *link, int64_t now_ms);

/* When redis_link_step() must be called at the latest; DEADLINE_NONE: not by itself. */
int64_t redis_link_deadline_ms(const struct redis_link *link);

/* Where it is connected to, or was last. */
const char *redis_link_host(const struct redis_link *link);
const char *redis_link_port(const struct redis_link *link);

/* Of a link that has failed. */
const char *redis_link_error(const struct redis_link *link);

/* The name that EVALSHA knows the script by; of a link that is ready. */
const char *redis_link_script_sha(const struct redis_link *link);

/* Only while ready. The arguments are copied; the token comes back with the reply. */
void redis_link_call(struct redis_link *link, void *token, size_t count, const char **args,
                     const size_t *sizes, int64_t now_ms);

/* Whether a call has no reply yet. */
bool redis_link_is_waiting(const struct redis_link *link);

#endif
