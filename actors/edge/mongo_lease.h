/* A lease in MongoDB: who holds it may act, the others know who does. For batch runners, which have
 * no disk of their own.
 *
 * One document a lease in the collection `batch_leases`, beside the candles. It ends by itself, by
 * the server's clock, unless it is taken again in time. It is there to save work, not to guard it:
 * who was stopped for longer than that may still write for a moment, and the guards of what it
 * writes make that harmless.
 * Thread: one at a time; every call blocks, as long as the uri's timeouts say. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_LEASE_H
#define CANDLED_ACTORS_EDGE_MONGO_LEASE_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>
#include <stdint.h>

enum { MONGO_LEASE_HOLDER_MAX = 256, MONGO_LEASE_ERROR_MAX = 256 };

struct mongo_lease;

struct mongo_lease_options {
    const char *uri; /* copied, as are the others */
    const char *database;
    const char *name;   /* of the lease */
    const char *holder; /* who we are: no two are called the same */
    int64_t duration_ms;
};

MUST_CHECK enum status mongo_lease_open(const struct mongo_lease_options *options,
                                        struct mongo_lease **out_lease, char *error,
                                        size_t error_size);

/* NULL inside is fine. The lease stays ours until it ends. */
void mongo_lease_close(struct mongo_lease **lease_p);

/* For the duration from now on; again when it is ours already. STATUS_BUSY: somebody else has it,
 * see mongo_lease_holder(). STATUS_UNAVAILABLE: it cannot be told, see mongo_lease_error(). */
MUST_CHECK enum status mongo_lease_take(struct mongo_lease *lease);

/* Gives it back; one that is not ours is left alone. */
MUST_CHECK enum status mongo_lease_release(struct mongo_lease *lease);

/* Who had it when it was last asked for. */
const char *mongo_lease_holder(const struct mongo_lease *lease);

/* Of the call that failed. */
const char *mongo_lease_error(const struct mongo_lease *lease);

#endif
