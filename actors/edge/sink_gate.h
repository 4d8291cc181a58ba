/* The gate before the sinks: it closes when this process has stood still for too long, so that one
 * whose partitions may be another's by now writes nothing until the group has confirmed it.
 *
 * The loop looks often, and right before it writes; a look that comes late is a stall. The clock is
 * asked at each look: libuv's shows a process that was stopped the time from before. Stalls are
 * numbered: who opens the gate says up to which one the group has confirmed us, so that a
 * confirmation which was asked for before the last stall opens nothing.
 * Thread: everything on the loop's, but sink_gate_is_open(). Ownership: the shard's; it outlives
 * its sinks. */
#ifndef CANDLED_ACTORS_EDGE_SINK_GATE_H
#define CANDLED_ACTORS_EDGE_SINK_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct sink_gate;

struct sink_gate_options {
    int64_t limit_ms; /* a third of the session timeout */
    void *context;
    int64_t (*now_ms)(void *context); /* any thread; NULL: the system's, which counts a stop */
};

/* Open, and looked at just now. */
struct sink_gate *sink_gate_create(const struct sink_gate_options *options);

/* NULL inside is fine. */
void sink_gate_destroy(struct sink_gate **gate_p);

/* True: open. Closes it when the last look is longer ago than the limit. A NULL gate is open. */
bool sink_gate_look(struct sink_gate *gate);

/* For other threads, right before they write: no look, so that a loop that stands still while they
 * go on is a stall all the same. A NULL gate is open. */
bool sink_gate_is_open(const struct sink_gate *gate);

/* The number of the newest stall, told once; 0: there was none since this was asked last. The owner
 * has the group confirm us, and then opens the gate. */
int64_t sink_gate_take_stall(struct sink_gate *gate);

/* Since the last look before the newest stall; for the log. */
int64_t sink_gate_stalled_ms(const struct sink_gate *gate);

/* False: there was another stall since, and it stays closed. */
bool sink_gate_open(struct sink_gate *gate, int64_t stall);

#endif
