/* A shard process of the virtual world: one scheduler, its sinks, and the partitions that the group
 * has given to it.
 *
 * It can die at any message, stand still with everything in flight, or be told to end. */
#ifndef CANDLED_TESTS_SIM_SHARD_H
#define CANDLED_TESTS_SIM_SHARD_H

#include "runtime/actor.h"
#include "runtime/sched.h"
#include "tests/sim/group.h"
#include "tests/sim/hash.h"
#include "tests/sim/hosted.h"
#include "tests/sim/machine.h"
#include "tests/sim/sink.h"
#include "tests/sim/topic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct metrics;
struct sink_gate;

/* What all shards share. */
struct shard_world {
    const struct scenario *scenario;
    struct topic *topic;
    struct group *group;
    struct net *net;
    struct server *servers; /* one a sink */
    struct faults *faults;
    struct rand *rand;
    struct hash *hash;
    struct object_store *remote; /* for snapshots; NULL: none */
    bool is_traced;
    int64_t now_ms;
};

struct shard {
    struct shard_world *world; /* borrowed */
    size_t index;
    bool is_up;
    int64_t start_ms;  /* while it is down: when it starts again */
    int64_t frozen_ms; /* while it stands still: until then; else 0 */
    int64_t frozen_since_ms;
    bool has_heartbeat;  /* of a thread of its own, while its loop stands still */
    bool is_unconfirmed; /* it stood still for too long, and the group has not confirmed it yet */
    bool is_leaving;
    bool must_die; /* at the next step, as after a commit */
    uint32_t member;
    struct machine *machine; /* borrowed */
    const char *data_dir;    /* its */
    struct sched_tracer tracer;
    struct sched *sched;
    struct metrics *metrics;
    struct sink_gate *gate;
    struct actor ticker; /* asks the group what is ours */
    struct sim_sink sinks[SIM_SINKS];
    struct hosted hosted[SIM_PARTITIONS_MAX];
};

void shard_init(struct shard *shard, struct shard_world *world, struct machine *machine,
                size_t index);

/* Everything in memory, as at the start of a process. */
void shard_start(struct shard *shard);

/* kill -9: what the edges had in hand is gone, whatever had been done of it. */
void shard_kill(struct shard *shard);

/* SIGTERM */
void shard_leave(struct shard *shard);

/* Stands still until then. */
void shard_freeze(struct shard *shard, int64_t until_ms, bool has_heartbeat);

bool shard_is_running(const struct shard *shard);

/* Handles one message. False: none was waiting. */
bool shard_step(struct shard *shard);

/* When something happens in it, or to it, by itself. */
int64_t shard_next_ms(const struct shard *shard);

/* Time has gone on: wakes it, starts it, or tells its actors. */
void shard_advance(struct shard *shard);

/* For its partitions. */
void shard_on_closed(struct shard *shard, size_t partition);

#endif
