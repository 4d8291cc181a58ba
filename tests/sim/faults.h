/* Everything that can go wrong in a virtual world, and how often it did.
 *
 * A seed leaves some faults out and makes others wild. Those with a weight are struck between two
 * messages, one drawn by weight; those without happen to what is done anyway, by chance. */
#ifndef CANDLED_TESTS_SIM_FAULTS_H
#define CANDLED_TESTS_SIM_FAULTS_H

#include "runtime/rand.h"

#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
#define FAULTS_TABLE(X)                                                                       \
    /* name                weight  what happens                                            */ \
    X(kill,                30,     "a process is killed")                                     \
    X(stop,                8,      "a process stands still for up to a minute")               \
    X(stall,               4,      "a loop stands still, and heartbeats go on")               \
    X(leave,               8,      "a process is told to end")                                \
    X(machine_death,       5,      "a machine loses power: unsynced pages are dropped")       \
    X(assignment_shuffled, 4,      "the group moves partitions for no reason")                \
    X(redis_restarted,     4,      "Redis restarts empty, and loses what was under way")      \
    X(redis_flushed,       2,      "Redis is emptied behind everybody's back")                \
    X(redis_rolled_back,   4,      "Redis becomes an older copy of itself")                   \
    X(retention,           4,      "the head of a log is removed")                            \
    X(folder_lost,         6,      "the data of a partition is gone from a machine")          \
    X(state_truncated,     3,      "an environment that nobody has open loses its end")       \
    X(snapshot_flipped,    8,      "a bit of a snapshot on a machine is another")             \
    X(snapshot_truncated,  2,      "a snapshot on a machine loses its end")                   \
    X(remote_flipped,      8,      "a bit of a snapshot in the object store is another")      \
    X(remote_truncated,    2,      "a snapshot in the object store loses its end")            \
    X(topic_recreated,     0,      "the log is another one, when all is done")                \
    X(log_unavailable,     0,      "the cluster does not answer a question")                  \
    X(commit_failed,       0,      "no room for a checkpoint")                                \
    X(snapshot_made,       0,      "a snapshot, at any moment")                               \
    X(snapshot_published,  0,      "a snapshot is in the object store")                       \
    X(began_from_nothing,  0,      "a partition begins without any state")                    \
    X(partition_halted,    0,      "a partition stops, because its state does not fit the log") \
    X(refill_begun,        0,      "a Redis that has forgotten is refilled")                  \
    X(delivery_cut,        0,      "a connection breaks in the middle of a delivery")         \
    X(rest_late,           0,      "what was behind the break arrives all the same, late")    \
    X(answer_lost,         0,      "a delivery is written and its answer lost")               \
    X(delivery_late,       0,      "a delivery is given up, and arrives up to 90 s later")    \
    X(zombie_write,        0,      "a write arrives from a process that had lost the partition") \
    X(stale_write,         0,      "a write is older than what the sink holds")               \
    X(session_expired,     0,      "the group gives up on a member")                          \
    X(partition_lost,      0,      "a process learns that a partition went without it")       \
    X(partition_moved,     0,      "a partition is given back in order")                      \
    X(lock_waited,         0,      "a partition waits for the lock of another process")       \
    X(quiet,               0,      "nothing is produced for a while")
/* clang-format on */

enum fault {
#define X(name, weight, what) FAULT_##name,
    FAULTS_TABLE(X)
#undef X
        FAULT_COUNT
};

struct fault_counts {
    uint64_t of[FAULT_COUNT];
};

struct faults {
    struct rand *rand; /* borrowed */
    bool is_active;
    uint64_t every; /* steps, on average, between two that are struck */
    bool is_on[FAULT_COUNT];
    struct fault_counts counts;
};

/* Draws which faults this world knows. */
void faults_init(struct faults *faults, struct rand *rand);

/* Between two messages: is it time, and for what? FAULT_COUNT: nothing. */
enum fault faults_pick(struct faults *faults);

/* By chance; counted when true. */
bool faults_strike(struct faults *faults, enum fault fault, uint64_t percent);

void faults_count(struct faults *faults, enum fault fault);

const char *faults_name(enum fault fault);

/* A table of all counts. */
void faults_print(const struct fault_counts *counts);

#endif
