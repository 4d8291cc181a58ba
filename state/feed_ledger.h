/* What the collector knows of a symbol, and of the minutes of it that it did not get. Plain data.
 *
 * Minutes are told by their open times. */
#ifndef CANDLED_STATE_FEED_LEDGER_H
#define CANDLED_STATE_FEED_LEDGER_H

#include "proto/kline.h"

#include <stdint.h>

#define FEED_NO_TIME INT64_MIN

/* clang-format off */
#define FEED_HOLE_KINDS(X)                                                        \
    /* kind      what is missing                                               */ \
    X(minutes,   "whole minutes")                                                 \
    X(trades,    "trades between two minutes that are there, proved by their ids")

#define FEED_HOLE_STATES(X)                                                       \
    /* state     what became of it                                             */ \
    X(open,      "REST is still to be asked, or to be asked again")               \
    X(filled,    "REST had it, and it is in the log")                             \
    X(absent,    "the exchange has none itself, or none to prove; it is not asked again")           \
    X(too_old,   "older than what a shard takes; it was not asked for")
/* clang-format on */

enum feed_hole_kind {
#define X(name, what) FEED_HOLE_##name,
    FEED_HOLE_KINDS(X)
#undef X
        FEED_HOLE_KIND_COUNT
};

enum feed_hole_state {
#define X(name, what) FEED_HOLE_STATE_##name,
    FEED_HOLE_STATES(X)
#undef X
        FEED_HOLE_STATE_COUNT
};

enum { FEED_STATUS_MAX = 32 };

struct feed_symbol {
    char name[SYMBOL_BYTES_MAX + 1];
    char status[FEED_STATUS_MAX]; /* the exchange's word; "unknown": it has none; "": not asked */
    int64_t known_to_ms;   /* the newest minute that is in the log, or in the ledger as a hole */
    int64_t last_trade_id; /* of the newest closed minute with trades; -1: unknown */
    int64_t last_id_ms;    /* that minute */
    int64_t checked_ms;    /* when the exchange was last asked for the status */
};

/* from_ms and to_ms are both inside. Symbol, kind and from_ms are its name. */
struct feed_hole {
    char symbol[SYMBOL_BYTES_MAX + 1];
    enum feed_hole_kind kind;
    enum feed_hole_state state;
    int64_t from_ms;
    int64_t to_ms;
    int64_t asked;
    int64_t found_ms;   /* by the exchange's clock, as is the next */
    int64_t settled_ms; /* FEED_NO_TIME: still open */
};

const char *feed_ledger_kind_name(enum feed_hole_kind kind);

const char *feed_ledger_state_name(enum feed_hole_state state);

#endif
