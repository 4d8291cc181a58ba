/* Runs actors. For their drivers; actors see runtime/actor.h.
 *
 * It knows no clock, no thread and no I/O. A driver tells it the time and turns its crank:
 * runtime/loop.c on libuv, the simulator in a virtual world. Actors take turns, first come, first
 * served. No message costs more because there are more actors. The thread is left in the stage of
 * the last turn (runtime/stage.h): turns of one stage are one span. */
#ifndef CANDLED_RUNTIME_SCHED_H
#define CANDLED_RUNTIME_SCHED_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;
struct msg;
struct sched;

/* Sees each message just before it is handled. Embed it. */
struct sched_tracer {
    void (*trace)(struct sched_tracer *self, const struct actor *to, const struct msg *msg);
};

struct sched_options {
    size_t msg_size;
    struct sched_tracer *tracer; /* borrowed; may be NULL */
};

struct sched *sched_create(const struct sched_options *options);

/* Every actor must be gone by now; NULL inside is fine. */
void sched_destroy(struct sched **sched_p);

/* Tells the time, which never goes back, and fires the deadlines that have come. An actor that arms
 * itself for now again and again does not hold the caller: what is left fires in the next call. */
void sched_advance(struct sched *sched, int64_t now_ms);

/* Handles one message. False: nothing was waiting, or somebody escalated. */
bool sched_step(struct sched *sched);

/* Whether sched_step() would return false. */
bool sched_is_idle(const struct sched *sched);

/* STATUS_OK while it runs. */
MUST_CHECK enum status sched_stopped(const struct sched *sched);

/* When sched_advance() has something to do next, or DEADLINE_NONE. */
int64_t sched_next_deadline_ms(const struct sched *sched);

#endif
