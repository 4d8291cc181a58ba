/* What actor.c and sched.c share, and nobody else sees. */
#ifndef CANDLED_RUNTIME_SCHED_INTERNAL_H
#define CANDLED_RUNTIME_SCHED_INTERNAL_H

#include "runtime/deadlines.h"
#include "runtime/sched.h"

struct sched {
    struct sched_options options;
    int64_t now_ms;
    enum status stopped;
    uint32_t actor_count;
    struct actor *ready_head; /* whose turn it is */
    struct actor *ready_tail;
    uint32_t turn_messages; /* how many of its messages are left of this turn */
    struct actor *running;  /* handles a message right now; NULL: nobody, or it has ended */
    struct deadlines *deadlines;
    void *scratch; /* the message being handled: its mailbox slot may be reused meanwhile */
};

/* Puts it at the end of the line, unless it stands there already. */
void sched_make_ready(struct sched *sched, struct actor *actor);

/* Takes it out of the line, wherever it stands: O(ready), and actors end rarely. */
void sched_unlink(struct sched *sched, struct actor *actor);

/* The oldest message of an actor that has one. It stays put until the next actor_send(). */
const void *actor_take(struct actor *actor);

#endif
