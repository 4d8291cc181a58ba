/* Which of a partition's minutes are all there, and which windows may be told. Pure.
 *
 * A minute stays for as long as was kept when it was stored. So when more is kept than before, what
 * lies back stays for the shorter time, and some of it may be gone already: nothing is told that
 * was folded from the rest. Remembered in struct meta, in event time. */
#ifndef CANDLED_ACTORS_KEPT_H
#define CANDLED_ACTORS_KEPT_H

#include "actors/core/rules.h"
#include "state/meta.h"

#include <stdbool.h>
#include <stdint.h>

/* At a start: the rules may keep more than those before. */
void kept_note_rules(struct meta *meta, const struct candle_rules *rules);

/* No minute that opens from here on is gone at this stream time. */
int64_t kept_from_ms(const struct meta *meta, const struct candle_rules *rules,
                     int64_t stream_time_ms);

/* Windows of the interval that open before are not emitted. */
int64_t kept_told_from_ms(const struct meta *meta, const struct candle_rules *rules,
                          enum interval interval);

/* Is something gone of a window that is told and that this minute may change, since less was kept
 * when it was stored? */
bool kept_misses(const struct meta *meta, const struct candle_rules *rules, int64_t minute_ms,
                 int64_t stream_time_ms);

#endif
