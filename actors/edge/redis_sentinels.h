/* Asks Redis Sentinels, one after the other, where the primary of a name is.
 *
 * A state machine like redis_link.h: it moves only in redis_sentinels_step(), and in callbacks it
 * notes what happened and tells the owner to come. It begins with the sentinel that answered last.
 * What they say is a hint: whoever connects asks the server itself for its role.
 * Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_SENTINELS_H
#define CANDLED_ACTORS_EDGE_REDIS_SENTINELS_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>
#include <stdint.h>

struct redis_sentinels;
struct uv_loop_s;

enum {
    REDIS_SENTINELS_TIMEOUT_MS = 1000, /* of each sentinel */
    REDIS_SENTINELS_HOST_MAX = 256,
    REDIS_SENTINELS_ERROR_MAX = 400,
};

enum redis_sentinels_state {
    REDIS_SENTINELS_asking,
    REDIS_SENTINELS_answered,
    REDIS_SENTINELS_failed,
};

struct redis_sentinels_options {
    struct uv_loop_s *loop;   /* borrowed */
    const char *const *items; /* host:port each; copied */
    size_t count;             /* at least one */
    const char *primary;      /* its name; borrowed */
    void *context;
    void (*come)(void *context); /* something was noted: call redis_sentinels_step() soon */
};

/* STATUS_BAD_CONFIG, with what is wrong in `error`. */
MUST_CHECK enum status redis_sentinels_create(const struct redis_sentinels_options *options,
                                              struct redis_sentinels **out_sentinels, char *error,
                                              size_t error_size);

/* At once, and quietly; NULL inside is fine. */
void redis_sentinels_destroy(struct redis_sentinels **sentinels_p);

/* Begins; what was under way is dropped. */
void redis_sentinels_ask(struct redis_sentinels *sentinels, int64_t now_ms);

/* Drops what is under way. */
void redis_sentinels_close(struct redis_sentinels *sentinels);

enum redis_sentinels_state redis_sentinels_step(struct redis_sentinels *sentinels, int64_t now_ms);

/* When redis_sentinels_step() must be called at the latest, while it asks. */
int64_t redis_sentinels_deadline_ms(const struct redis_sentinels *sentinels);

/* The answer, and who gave it (host:port). */
const char *redis_sentinels_host(const struct redis_sentinels *sentinels);
const char *redis_sentinels_port(const struct redis_sentinels *sentinels);
const char *redis_sentinels_witness(const struct redis_sentinels *sentinels);

/* What each of them said, or did not; once all have failed. */
const char *redis_sentinels_error(const struct redis_sentinels *sentinels);

#endif
