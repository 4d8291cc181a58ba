/* One lane of the feed: up to a connection's worth of streams, and when to be connected how often.
 *
 * It decides, and asks its port to do it. There is one connection, or two while the newer one takes
 * over: before the exchange's 24 hours are over, and when it says that it shuts down. A connection
 * is asked for only while there is none for that place, so that none is ever doubled. The pace of
 * requests and attempts keeps inside the exchange's limits.
 * Pure: the time comes with each call, monotonic, in milliseconds. */
#ifndef CANDLED_ACTORS_FEED_LANE_H
#define CANDLED_ACTORS_FEED_LANE_H

#include "actors/core/feed_budget.h"
#include "runtime/backoff.h"
#include "runtime/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FEED_LANE_SYMBOLS_MAX = 1000, /* the exchange allows 1024 streams */
    FEED_LANE_CHUNK = 100,        /* streams in a request */
    FEED_LANE_PACE_MS = 300,      /* between two requests: 5 messages a second, pongs among them */
    FEED_LANE_CONNECT_MS = 15000, /* the longest an attempt may take */
    FEED_LANE_ANSWER_MS = 10000,  /* and an answer */
    FEED_LANE_OVERLAP_MS = 3000,  /* how long two connections run side by side */
    FEED_LANE_REQUESTS_MAX = 16,
};

/* Why a connection is given up, or a new one opened; for the log. */
struct feed_lane_port {
    void *context;
    /* `place` is 0 or 1. */
    void (*connect)(void *context, int place);
    void (*disconnect)(void *context, int place, bool is_planned, const char *why);
    void (*send)(void *context, int place, struct slice text);
};

enum feed_place_state { FEED_PLACE_free, FEED_PLACE_connecting, FEED_PLACE_open };

struct feed_request {
    int64_t id; /* 0: free */
    size_t first;
    size_t count;
    int64_t sent_ms;
};

struct feed_place {
    enum feed_place_state state;
    int64_t since_ms;  /* of the state */
    int64_t heard_ms;  /* the last kline, or since when one is waited for */
    int64_t served_ms; /* the first kline; 0: none yet */
    int64_t lives_ms;  /* how long it may live: jittered */
    size_t asked;      /* symbols before this one have been subscribed to */
    bool is_leaving;   /* the exchange said so */
    struct feed_request requests[FEED_LANE_REQUESTS_MAX];
};

struct feed_lane_options {
    struct feed_lane_port port;
    const char *const *symbols; /* borrowed; at most FEED_LANE_SYMBOLS_MAX */
    size_t symbol_count;
    int64_t silence_ms;
    int64_t age_ms_max;
    uint64_t seed;
    struct feed_budget *budget; /* borrowed; of connection attempts, shared by all lanes */
};

struct feed_lane {
    struct feed_lane_options options;
    struct feed_place places[2];
    int main; /* the place that serves; the other one is free, or about to take over */
    struct backoff backoff;
    int64_t retry_ms; /* no attempt before */
    int64_t last_sent_ms;
    int64_t next_id;
    unsigned char *again; /* of each symbol: enum feed_again, see feed_lane.c */
    size_t again_count;   /* that wait to be subscribed to once more */
    int64_t again_id;     /* the request for them that is under way; 0: none */
    int64_t again_ms;     /* not before */
    int64_t refusals;
    bool is_refused; /* a refused subscription is still to be repeated */
};

void feed_lane_init(struct feed_lane *lane, const struct feed_lane_options *options);

void feed_lane_deinit(struct feed_lane *lane);

/* At least every FEED_LANE_PACE_MS. */
void feed_lane_tick(struct feed_lane *lane, int64_t now_ms);

void feed_lane_opened(struct feed_lane *lane, int place, int64_t now_ms);

/* The connection is gone; not called for one that the lane gave up itself. */
void feed_lane_closed(struct feed_lane *lane, int place, int64_t now_ms);

/* A kline came. */
void feed_lane_heard(struct feed_lane *lane, int place, int64_t now_ms);

/* The exchange wants us to go elsewhere. */
void feed_lane_told_to_leave(struct feed_lane *lane, int place);

void feed_lane_granted(struct feed_lane *lane, int place, int64_t id);

/* has_id false: the oldest request is meant. False: there was none. A connection that is to take
 * over is given up: another one takes over, with all symbols. */
bool feed_lane_refused(struct feed_lane *lane, int place, bool has_id, int64_t id, int64_t now_ms);

/* A symbol is silent: its stream is given back and asked for again. */
void feed_lane_resubscribe(struct feed_lane *lane, size_t symbol);

/* Each symbol has been asked for, and klines come. */
bool feed_lane_is_serving(const struct feed_lane *lane);

/* And each was granted. */
bool feed_lane_is_subscribed(const struct feed_lane *lane);

size_t feed_lane_open_count(const struct feed_lane *lane);

#endif
