/* What the parts of the collector share; see collector.h. */
#ifndef CANDLED_ACTORS_COLLECTOR_INTERNAL_H
#define CANDLED_ACTORS_COLLECTOR_INTERNAL_H

#include "actors/collector.h"
#include "actors/core/feed_budget.h"
#include "actors/core/feed_gaps.h"
#include "actors/core/feed_gaps_ask.h"
#include "actors/core/feed_merge.h"
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

/* One answer of REST. */
struct collector_page {
    size_t symbol; /* its index */
    struct feed_ask ask;
    int64_t newest_ms; /* the newest closed minute in it; FEED_NO_TIME: none */
};

/* Answers that are held, and their rows. */
struct collector_pages {
    struct collector_page *pages;
    size_t count;
    struct feed_merge rows;
};

/* See collector_catch_up.c. */
struct catch_up {
    bool is_over;
    bool is_told;     /* that it has begun */
    int64_t began_ms; /* FEED_NO_TIME: not yet */
    int64_t heard_ms; /* the last answer of use */
    int64_t from_ms;  /* the stretch of this round */
    int64_t to_ms;    /* inside; FEED_NO_TIME: there was no round yet */
    size_t next;      /* whose page is asked for next; symbol_count: the round is complete */
};

/* What a question for klines weighs, as the exchange counts. */
enum { COLLECTOR_WEIGHT_KLINES = 2 };

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
    struct collector_pages pages;
    struct catch_up catch_up;
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

/* Finds the minutes that should have come by now. Only with has_clock. */
void collector_find_holes(struct collector *c, struct collected *symbol, int64_t now_ms);

/* Keeps an answer to the question for klines. */
void collector_pages_hold(struct collector *c, const struct exchange_answer *answer,
                          int64_t now_ms);

/* Puts the rows of all pages into the log, in order of time, and settles what was asked. False:
 * there was no room for all; what is left is asked for again later. */
bool collector_pages_put(struct collector *c, int64_t now_ms);

void collector_pages_deinit(struct collector_pages *pages);

/* The lanes are not connected yet. */
bool collector_is_catching_up(const struct collector *c);

/* With each tick and each answer: begins it, and ends it when its time is up. */
void collector_catch_up_tick(struct collector *c, int64_t now_ms);

/* The next question, into asked_symbol and ask. False: there is none, and it is over. */
bool collector_catch_up_next(struct collector *c, int64_t now_ms);

/* An answer of use came; and one that a page was made of. */
void collector_catch_up_heard(struct collector *c, int64_t now_ms);

void collector_catch_up_held(struct collector *c);

/* Asks the next question, if there is one and it may be asked. */
void collector_ask(struct collector *c, int64_t now_ms);

void collector_changed(struct collector *c);

#endif
