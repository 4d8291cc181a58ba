/* A partition that a process of the virtual world hosts: what ops/hosted.c does, over simulated
 * edges.
 *
 *   opening --> running --> draining --> resting --> closing --> told to the shard
 *
 * Each arrow is a deadline of its actor: a process that stands still stays where it is. */
#ifndef CANDLED_TESTS_SIM_HOSTED_H
#define CANDLED_TESTS_SIM_HOSTED_H

#include "ops/opening.h"
#include "runtime/actor.h"
#include "tests/sim/disk.h"
#include "tests/sim/group.h"
#include "tests/sim/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pipeline;
struct shard;
struct store;

enum hosted_state {
    HOSTED_none,
    HOSTED_opening,
    HOSTED_running,
    HOSTED_halted, /* its state does not fit the log */
    HOSTED_draining,
    HOSTED_resting, /* waits for the edges to answer */
    HOSTED_closing,
};

enum { SNAPSHOTS_KEPT = 2 };

struct hosted {
    struct actor actor;
    struct shard *shard; /* borrowed */
    size_t partition;
    enum hosted_state state;
    bool is_given_up; /* to be closed as soon as it can be */
    bool is_dropped;
    struct opening opening;
    struct store *store;
    struct sim_source source;
    struct sim_writer writer;
    struct sim_reader reader;
    struct pipeline *pipeline;
    int64_t snapshot_offset;    /* of the newest */
    struct snapshot snapshot;   /* to be copied on; its name is empty when there is none */
    struct group_commit commit; /* the newest position, to be told to the group */
};

void hosted_open(struct hosted *hosted, struct shard *shard, size_t partition);

/* Finishes, commits, waits for the sinks for some seconds, and closes. */
void hosted_drain(struct hosted *hosted);

/* Somebody else may have it already: nothing is flushed. */
void hosted_drop(struct hosted *hosted);

/* The process has died. */
void hosted_kill(struct hosted *hosted);

/* Read to the end of the log, committed, and nothing owed to any sink. */
bool hosted_is_done(const struct hosted *hosted);

/* Where it stands, on standard output. */
void hosted_tell(const struct hosted *hosted);

#endif
