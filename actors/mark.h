/* What one owner of a partition knows of the mark that a sink keeps for it, and how it tells from
 * that mark whether the sink has forgotten: docs/redis.md, "The mark".
 *
 * Each owner begins a life of its own with what it writes first, and so none takes the mark of
 * another for its own. Pure: what reads and writes the mark is the sink's. */
#ifndef CANDLED_ACTORS_MARK_H
#define CANDLED_ACTORS_MARK_H

#include "actors/acked.h"

#include <stdbool.h>
#include <stdint.h>

struct rand;

struct mark {
    struct acked acked; /* how far this owner has acknowledged */
    struct acked seen;  /* how far the sink was seen to be since it last lost anything */
    struct acked held;  /* what it holds, as far as we know; a revision -1: nothing */
    int64_t life;       /* the one that this owner has begun; 0: none yet */
    bool is_whole;      /* what is of that life has all that we have acknowledged */
};

/* The mark of an owner that has acknowledged this far, in an earlier run or not. */
struct mark mark_create(struct acked acked);

/* At a connect the sink holds this. True: it has all that we have acknowledged; else it wants to be
 * refilled. `rand` gives a new life its number. */
bool mark_is_whole_at_connect(struct mark *mark, struct acked held, struct rand *rand);

/* The same of a mark that is not as we have left it on this connection. */
bool mark_is_whole_when_changed(struct mark *mark, struct acked held, struct rand *rand);

/* All that was acknowledged has been given back. */
void mark_end_refill(struct mark *mark);

#endif
