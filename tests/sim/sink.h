/* The edge to one server in one process: it holds one delivery a partition, and has a bad
 * character: late, forgetful of acknowledgements, at times cut off half-way. */
#ifndef CANDLED_TESTS_SIM_SINK_H
#define CANDLED_TESTS_SIM_SINK_H

#include "runtime/actor.h"
#include "tests/sim/faults.h"
#include "tests/sim/mark.h"
#include "tests/sim/net.h"

#include <stdbool.h>
#include <stddef.h>

struct delivery;
struct sched;
struct sink_gate;

enum sim_sink_state { SIM_SINK_free, SIM_SINK_held, SIM_SINK_sent };

struct sim_sink_slot {
    enum sim_sink_state state;
    struct delivery *delivery;
    struct actor *asker;
    enum status status; /* what it will be told */
    int64_t answer_ms;
    struct sim_mark mark;
};

struct sim_sink_options {
    struct sched *sched;
    struct server *server;
    struct net *net;
    struct faults *faults;
    struct sink_gate *gate;
    const bool
        *is_unconfirmed; /* it stood still for too long, and the group has not confirmed it */
    size_t shard;
};

struct sim_sink {
    struct actor actor;
    struct sim_sink_options options;                /* borrowed */
    struct sim_sink_slot slots[SIM_PARTITIONS_MAX]; /* by partition */
    bool is_disconnected;                           /* not noticed yet */
};

void sim_sink_init(struct sim_sink *sink, const struct sim_sink_options *options);

void sim_sink_deinit(struct sim_sink *sink);

/* The server is another one from now on, or the same with another memory. */
void sim_sink_disconnect(struct sim_sink *sink);

/* The gate has opened: what was held is sent. */
void sim_sink_go_on(struct sim_sink *sink);

#endif
