/* What the parts of feed_gaps share. */
#ifndef CANDLED_ACTORS_CORE_FEED_GAPS_INTERNAL_H
#define CANDLED_ACTORS_CORE_FEED_GAPS_INTERNAL_H

#include "actors/core/feed_gaps.h"

struct feed_gap *feed_gaps_add(struct feed_gaps *g, const struct feed_hole *hole, int64_t due_ms);

/* The last one takes its place. */
void feed_gaps_drop(struct feed_gaps *g, struct feed_gap *gap);

/* The hole that a minute is in; NULL: none. */
struct feed_gap *feed_gaps_with(const struct feed_gaps *g, int64_t open_ms);

/* It is open no more. Holes of one kind that follow each other become one: a symbol that trades no
 * more makes one that grows, and an answer of a thousand minutes fills one. */
void feed_gaps_settle(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                      struct feed_hole hole, enum feed_hole_state state, int64_t exchange_ms);

#endif
