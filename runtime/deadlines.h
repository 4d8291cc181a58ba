/* A heap of deadlines: which one comes first, in O(log n), whatever the clock they are told in.
 *
 * The scheduler keeps one in monotonic milliseconds, each partition one in event time.
 * Ownership: a deadline is embedded in its owner and must be cleared before that memory goes.
 * Ties are broken by who was set first, so that a run can be repeated. */
#ifndef CANDLED_RUNTIME_DEADLINES_H
#define CANDLED_RUNTIME_DEADLINES_H

#include <stdint.h>

#define DEADLINE_NONE INT64_MAX

struct deadline {
    int64_t at_ms;     /* DEADLINE_NONE while it is not set */
    uint64_t sequence; /* breaks ties */
    uint32_t index;    /* where it stands in the heap */
};

struct deadlines;

struct deadlines *deadlines_create(void);

/* Deadlines that are still set are cleared; NULL inside is fine. */
void deadlines_destroy(struct deadlines **deadlines_p);

void deadlines_init_one(struct deadline *deadline);

/* Sets or moves it; DEADLINE_NONE clears it. To set it to where it already is changes nothing, not
 * even its place among ties. */
void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, int64_t at_ms);

/* How many are set. */
uint32_t deadlines_count(const struct deadlines *deadlines);

/* The earliest, or DEADLINE_NONE. */
int64_t deadlines_next_ms(const struct deadlines *deadlines);

/* Takes out the earliest one that is due (at_ms <= now_ms); NULL when there is none. It is cleared:
 * its at_ms is DEADLINE_NONE. */
struct deadline *deadlines_take_due(struct deadlines *deadlines, int64_t now_ms);

#endif
