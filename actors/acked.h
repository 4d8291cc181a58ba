/* How far a sink has acknowledged a partition: the highest revision, and how many deliveries
 * without a higher one were acknowledged since. The count is what moves when a window is told late,
 * with the revision of its last change. Compares by revision, then by count.
 *
 * `life` names what the sink remembers: a number, higher by a random step with each owner of the
 * partition and each loss that was noticed. Who knows a lower life than the sink has, may have
 * missed a loss; who knows a higher one sees an older copy of it. It decides no order of
 * deliveries. */
#ifndef CANDLED_ACTORS_ACKED_H
#define CANDLED_ACTORS_ACKED_H

#include <stdbool.h>
#include <stdint.h>

struct acked {
    int64_t revision; /* -1: nothing ever */
    int64_t count;
    int64_t life; /* 0: not known */
};

/* What nothing comes before. */
struct acked acked_none(void);

bool acked_equals(struct acked a, struct acked b);

bool acked_is_before(struct acked a, struct acked b);

struct acked acked_later(struct acked a, struct acked b);

/* After one more delivery, whose highest revision this is: later than `from`, in its life. */
struct acked acked_next(struct acked from, int64_t revision);

/* A sink that holds this has lost something of what is known: it comes before, or is from before a
 * loss. Another one's life, a higher one, is none of our loss. */
bool acked_is_lost(struct acked held, struct acked known);

/* What a sink must hold that was seen to hold `seen`: others may have come further than we have
 * acknowledged, and if that is gone they must hear so by its life. The life is ours. */
struct acked acked_known(struct acked acked, struct acked seen);

/* Above both lives. By a random step, so that two who do not know of each other's give different
 * ones. */
int64_t acked_next_life(struct acked held, struct acked known, uint64_t random);

/* Where a sink stands that has been refilled with all that was acknowledged: past what it held
 * while that was under way, so that no copy from then passes for it. The life is the caller's. */
struct acked acked_refilled(struct acked held, struct acked acked);

#endif
