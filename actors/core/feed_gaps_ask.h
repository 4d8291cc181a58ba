/* What to ask REST for of one symbol, and what its answers settle; see feed_gaps.h. Pure. */
#ifndef CANDLED_ACTORS_CORE_FEED_GAPS_ASK_H
#define CANDLED_ACTORS_CORE_FEED_GAPS_ASK_H

#include "actors/core/feed_gaps.h"

#include <stdbool.h>
#include <stdint.h>

struct feed_ask {
    int64_t from_ms;
    int64_t to_ms;      /* inside */
    int64_t read_to_ms; /* minutes after to_ms are read as well: one of them is a proof */
    enum feed_hole_kind kind;
    int64_t hole_from_ms; /* which hole it is of */
};

/* False: there is nothing to ask now. What is too old is settled on the way. */
bool feed_gaps_ask_next(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                        int64_t exchange_ms, int64_t now_ms, struct feed_ask *out_ask);

/* The first minute of the oldest hole that begins after after_ms and may be asked for now;
 * FEED_NO_TIME: there is none. Of kind minutes only. What is too old is settled on the way. */
int64_t feed_gaps_ask_oldest(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                             int64_t after_ms, int64_t exchange_ms, int64_t now_ms);

/* One question for all minutes that are missing from from_ms to to_ms, both inside, and at most
 * FEED_GAPS_ASK_MINUTES apart. Holes that begin earlier are left out; one that goes on behind the
 * stretch is divided there. False: nothing is missing. */
bool feed_gaps_ask_stretch(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                           int64_t from_ms, int64_t to_ms, int64_t exchange_ms, int64_t now_ms,
                           struct feed_ask *out_ask);

/* Whether a minute of an answer is still wanted. */
bool feed_gaps_ask_wants(const struct feed_gaps *g, const struct feed_ask *ask, int64_t open_ms);

/* The answer has been read, and its minutes were given to feed_gaps_took(). newest_ms: the newest
 * closed minute in it, FEED_NO_TIME if there was none: what is missing before it the exchange has
 * not got. A hole of kind trades is over with any:
 * rows without ids cannot fill it. */
void feed_gaps_ask_answered(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                            const struct feed_ask *ask, int64_t newest_ms, int64_t exchange_ms,
                            int64_t now_ms);

/* The answer could not be used: what it was about is asked for again after so long. */
void feed_gaps_ask_postpone(struct feed_gaps *g, const struct feed_ask *ask, int64_t due_ms);

#endif
