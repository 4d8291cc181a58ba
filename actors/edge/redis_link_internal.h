/* What redis_link.c and redis_link_connect.c share. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_LINK_INTERNAL_H
#define CANDLED_ACTORS_EDGE_REDIS_LINK_INTERNAL_H

#include "actors/edge/redis_link.h"

#include "actors/edge/redis_lookup.h"
#include "actors/edge/redis_sentinels.h"

#include <stdbool.h>

struct redisAsyncContext;
struct ssl_st;

enum { REDIS_LINK_SHA_SIZE = 40 };

struct redis_link {
    struct redis_link_options options;
    enum redis_link_state state;
    struct redisAsyncContext *context; /* NULL: no connection */
    struct ssl_st *session;            /* of the context; NULL: no TLS */
    struct redis_sentinels *sentinels; /* of the options */
    struct redis_lookup *lookup;       /* NULL: none under way */
    struct redis_addresses addresses;
    size_t addresses_tried;
    bool is_answered; /* the step of `state` has its answer */
    bool is_broken;   /* noted: the connection ended, or what it said is an error */
    int64_t opened_ms;
    int64_t heard_ms; /* when the last reply came, or the first of the calls was made */
    size_t waiting;   /* calls without a reply */
    char sha[REDIS_LINK_SHA_SIZE + 1];
    char error[REDIS_LINK_ERROR_MAX];
};

/* redis_link_connect.c */
void redis_link_come(struct redis_link *link);
void redis_link_note_broken(struct redis_link *link, const char *what, const char *error);
void redis_link_note_answered(struct redis_link *link);
void redis_link_enter(struct redis_link *link, enum redis_link_state state);
void redis_link_drop_context(struct redis_link *link);
void redis_link_resolve(struct redis_link *link);
void redis_link_connect_next(struct redis_link *link);

/* NULL: we have dropped it, and whatever happens to it is no news. */
struct redis_link *redis_link_of(const struct redisAsyncContext *context);

#endif
