/* The real driver: one libuv loop that turns one scheduler.
 *
 * After each round of I/O it runs the actors that have messages, at most a slice of messages before
 * the loop breathes again, and sleeps no longer than the scheduler's next deadline. A message that
 * is sent from a callback of libuv is handled before the loop sleeps again. Thread: everything on
 * the thread that runs it; loop_stop() too. */
#ifndef CANDLED_RUNTIME_LOOP_H
#define CANDLED_RUNTIME_LOOP_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdint.h>

struct loop;
struct sched;
struct uv_loop_s;

MUST_CHECK enum status loop_create(size_t msg_size, struct loop **out_loop);

/* Asserts that no actor, handle or job is left; NULL inside is fine. */
void loop_destroy(struct loop **loop_p);

/* Both are borrowed. */
struct sched *loop_sched(struct loop *loop);

struct uv_loop_s *loop_uv(struct loop *loop);

/* Returns when loop_stop() was called, or with the status of the actor that escalated. */
MUST_CHECK enum status loop_run(struct loop *loop);

/* Ends loop_run() after this round; before loop_run(), it returns at once. What is still unread
 * stays in the mailboxes. */
void loop_stop(struct loop *loop);

/* Runs until no handle and no job is left, for the close callbacks after loop_run(). Actors go on
 * meanwhile, unless one has escalated. */
void loop_drain(struct loop *loop);

/* The longest pause since the last call: how long a round took, less the sleep that was planned. A
 * process that was stopped or swapped out shows here, short of its true length by half a second at
 * most. Calls from within a round see that round so far. */
int64_t loop_take_pause_ms(struct loop *loop);

#endif
