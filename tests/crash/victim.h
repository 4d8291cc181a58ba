/* The process that is killed: it opens the store, verifies it, says so, and commits until it dies.
 */
#ifndef CANDLED_TESTS_CRASH_VICTIM_H
#define CANDLED_TESTS_CRASH_VICTIM_H

#include "runtime/rand.h"
#include "state/store.h"
#include "tests/crash/prefix.h"

#include <stdint.h>

/* Where a kill can find it. */
#define VICTIM_PHASES(X)                                                                           \
    X(opening)                                                                                     \
    X(verifying)                                                                                   \
    X(preparing)                                                                                   \
    X(committing)                                                                                  \
    X(committed)                                                                                   \
    X(snapshotting)                                                                                \
    X(closing)

enum victim_phase {
#define X(name) VICTIM_##name,
    VICTIM_PHASES(X)
#undef X
        VICTIM_PHASE_COUNT
};

struct victim_options {
    struct store_options store;
    const struct prefix *verified; /* of some earlier state; what is found is at least as far */
    int64_t acknowledged;          /* the next offset of a commit that was told to have succeeded */
    uint64_t seed;
    int pipe_fd;                  /* an int64_t, the next offset, after verifying and each commit */
    volatile uint64_t *phase;     /* shared memory */
    volatile uint64_t *commit_ns; /* shared memory: how long the last one took */
    volatile uint64_t *may_go;    /* shared memory: the commit that is held waits for it */
    uint64_t held_commit;         /* so that the parent knows when it begins; the first is 0 */
    bool only_verifies;
};

/* Returns only when it merely verifies; exits with 1 and a message when the store is wrong. */
void victim_run(const struct victim_options *options);

#endif
