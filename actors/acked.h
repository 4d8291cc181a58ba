/* How far a sink has acknowledged a partition: the highest revision, and how many deliveries
 * without a higher one were acknowledged since. The count is what moves when a window is told late,
 * with the revision of its last change. Compares by revision, then by count.
 *
 * `life` names what the sink remembers: a random number, given anew each time a loss was noticed.
 * Who knows another life than the sink has, has missed a loss; it decides no order. */
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

#endif
