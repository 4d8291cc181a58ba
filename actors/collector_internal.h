/* What the parts of the collector share; see collector.h. */
#ifndef CANDLED_ACTORS_COLLECTOR_INTERNAL_H
#define CANDLED_ACTORS_COLLECTOR_INTERNAL_H

#include "actors/collector.h"
#include "actors/core/feed_budget.h"
#include "actors/core/feed_gaps.h"
#include "actors/core/feed_gaps_ask.h"
#include "actors/feed_lane.h"
#include "proto/exchange_frame.h"
#include "runtime/backoff.h"

struct collected {
    struct feed_gaps gaps;
    size_t lane;
    size_t place_in_lane;
    int64_t heard_ms;   /* its last kline, or since when one is waited for */
    int64_t silence_ms; /* after so long it is reported (again); grows */
    bool is_silent;
    bool wants_info;
    bool wants_info_alone; /* among others it made the exchange refuse all */
};

enum question { QUESTION_none, QUESTION_klines, QUESTION_info };

/* The context of a lane's port. */
struct lane_port {
    struct collector *collector;
    int lane;
};

struct collector {
    struct collector_options options;
    struct collected *symbols; /* sorted by name */
    size_t symbol_count;
    const char **names; /* of the lanes, in the order of `symbols` */
    struct feed_lane *lanes;
    struct lane_port *ports;
    size_t lane_count;
    struct feed_budget attempts;
    struct feed_budget weight;
    struct feed_gaps_rules rules;
    struct exchange_frame_decoder *decoder;
    struct feed_batch ledger; /* holes that changed since the last commit */
    bool has_changed;         /* symbols or holes */
    int64_t restored_ms;      /* the newest minute that the ledger knew */
    bool has_clock;
    int64_t told_ms;    /* the furthest that the exchange's clock was told */
    int64_t told_at_ms; /* and when, by ours */
    int64_t jump_ms;    /* the last kline that was far ahead of it */
    int jump_count;     /* how many of them agreed */
    int64_t next_look_ms;
    int64_t next_info_ms; /* when all symbols are asked for again */
    int64_t bad_told_ms;
    bool has_told_clock; /* that ours is wrong */

    enum question question;
    size_t asked_symbol; /* of klines: its index; where the next search begins */
    struct feed_ask ask;
    size_t asked_infos[64];
    size_t asked_info_count;
    struct backoff rest_backoff;
    int64_t rest_not_before_ms;
    int64_t info_not_before_ms; /* it failed: klines have their turn */
    bool has_rest_failed;
};

/* The exchange's clock; only with has_clock. */
int64_t collector_exchange_ms(const struct collector *c, int64_t now_ms);

/* A time that the exchange has told. */
void collector_set_clock(struct collector *c, int64_t exchange_ms, int64_t now_ms);

/* NULL: not ours. */
struct collected *collector_find(struct collector *c, const char *name);

/* Asks the next question, if there is one and it may be asked. */
void collector_ask(struct collector *c, int64_t now_ms);

void collector_changed(struct collector *c);

#endif
