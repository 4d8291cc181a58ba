/* The actor of one symbol in one partition: its minutes become windows, its windows candles.
 *
 * Pure: it sees its own state, one message, and event time. What it holds in memory is the newest
 * window of each interval and the list of windows that were not emitted yet; everything else is
 * read through its partition's effects. Most klines are the next minute and are appended; whatever
 * else comes (late, repeated, corrected, after a hole) takes the slow path, which refolds the
 * windows that the minute touches. Both paths give the same candles. Ownership: the partition's. */
#ifndef CANDLED_ACTORS_SYMBOL_H
#define CANDLED_ACTORS_SYMBOL_H

#include "runtime/actor.h"
#include "runtime/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct effects;
struct sched;
struct symbol;

/* Loads what the last commit knows of it; a symbol never heard of starts empty.
 * is_always_slow: take no fast path; for tests that compare the two. */
struct symbol *symbol_create(struct sched *sched, struct effects *effects, const char *name,
                             bool is_always_slow);

void symbol_destroy(struct symbol **symbol_p);

struct actor *symbol_actor(struct symbol *symbol);

const char *symbol_name(const struct symbol *symbol);

/* Its deadline in event time, as the partition takes it from effects->due. */
struct symbol *symbol_of_deadline(struct deadline *deadline);

/* True when a SAVE has something to write. Cleared by it. */
bool symbol_is_dirty(const struct symbol *symbol);

/* Of a stored state: are there windows in it that wait to be emitted? */
bool symbol_state_has_pending(struct slice state);

/* Of a stored state: tells each thing in it by name and number, for reports. */
typedef void symbol_tell_fn(void *context, const char *name, int64_t number);

void symbol_state_describe(struct slice state, symbol_tell_fn *tell, void *context);

#endif
