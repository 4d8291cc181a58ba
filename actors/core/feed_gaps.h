/* What has come of each symbol, and what is missing: minutes by the exchange's clock, trades by
 * their ids. It says which kline is new, what to ask REST for, and when to stop asking.
 *
 * known_to: each minute up to it has been taken, or is in the ledger. Whatever lies between it and
 * the exchange's clock, a few seconds allowed, is a hole that is asked for: after a start, after a
 * reconnect, when a frame was lost. A minute that REST has not got is the exchange's own hole, and
 * is not asked for again, as soon as a later one was in the same answer. REST may lag, though: an
 * answer without a later one proves nothing, and the hole is asked for ever more rarely, until
 * FEED_GAPS_ASKS answers had none and its minutes are older than FEED_GAPS_PATIENCE_MS.
 * Pure: times come with each call. exchange_ms is the exchange's clock, now_ms is monotonic. */
#ifndef CANDLED_ACTORS_CORE_FEED_GAPS_H
#define CANDLED_ACTORS_CORE_FEED_GAPS_H

#include "proto/kline.h"
#include "state/feed_ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FEED_GAPS_GRACE_MS = 10000, /* how long after its end a minute may come by itself */
    FEED_GAPS_RETRY_MS = 2000,  /* a hole is asked for again after this, then after twice as long */
    FEED_GAPS_ASKS = 11,
    FEED_GAPS_PATIENCE_MS = 1800000, /* less than FEED_GAPS_ASKS take */
    FEED_GAPS_ASK_MINUTES = 1000,    /* the most that one answer holds */
    FEED_GAPS_RECENT = 8,
};

/* A closed minute that came a moment ago. */
struct feed_recent {
    int64_t open_ms;
    int64_t event_ms;
    uint32_t content; /* a checksum of what it says, event time aside */
};

struct feed_gap {
    struct feed_hole hole; /* open */
    int64_t due_ms;        /* when it is asked for (again) */
    bool is_found;         /* of kind trades: an answer had something */
};

/* One symbol. */
struct feed_gaps {
    struct feed_symbol row;
    bool is_dirty;           /* the row has to be written */
    int64_t newest_open_ms;  /* of the newest open kline */
    int64_t newest_event_ms; /* and its event time */
    struct feed_recent recent[FEED_GAPS_RECENT];
    size_t recent_at;
    struct feed_gap *gaps; /* the open ones, by no order */
    size_t gap_count;
    size_t gap_room;
    /* The newest hole that came to each end; symbol empty: none. */
    struct feed_hole settled[FEED_HOLE_STATE_COUNT];
    int64_t tail_not_before_ms; /* monotonic: the exchange has nothing new of it */
    int64_t tail_wait_ms;
};

struct feed_gaps_rules {
    int64_t keep_ms;     /* older than this a shard takes nothing */
    int64_t backfill_ms; /* how far back a symbol is asked for that the ledger does not know */
    bool proves_by_ids;
    /* A hole has changed: it is new, or its state is another. `is_gone`: its name is no more. */
    void *context;
    void (*changed)(void *context, const struct feed_hole *hole, bool is_gone);
};

enum feed_verdict {
    FEED_take,
    FEED_duplicate, /* the same content, or older than what came of that minute */
    FEED_stale,     /* an open kline that a later one has overtaken */
};

void feed_gaps_init(struct feed_gaps *g, const char *symbol);

void feed_gaps_deinit(struct feed_gaps *g);

/* From the ledger. */
void feed_gaps_restore(struct feed_gaps *g, const struct feed_symbol *row);

void feed_gaps_restore_hole(struct feed_gaps *g, const struct feed_hole *hole);

/* Changes nothing. */
enum feed_verdict feed_gaps_judge(const struct feed_gaps *g, const struct kline *kline);

/* It is on its way into the log. REST's rows prove nothing. */
void feed_gaps_took(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                    const struct kline *kline, bool is_of_rest, int64_t exchange_ms,
                    int64_t now_ms);

/* Finds the minutes that should have come by now. */
void feed_gaps_look(struct feed_gaps *g, const struct feed_gaps_rules *rules, int64_t exchange_ms,
                    int64_t now_ms);

/* Minutes that are still to be asked for. */
int64_t feed_gaps_open_minutes(const struct feed_gaps *g);

#endif
