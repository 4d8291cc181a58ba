/* The collector: which connections to hold, which frames are new, what to ask REST for.
 *
 * It decides, and asks its port to act; the edges tell it what happened. Two clocks come with each
 * call or are made from what comes: now_ms is monotonic; the exchange's clock is the furthest that
 * its frames and answers have told, and goes on with the monotonic one in a silence. The time of
 * day is never asked for.
 * Pure. Ownership: collector_destroy() frees. */
#ifndef CANDLED_ACTORS_COLLECTOR_H
#define CANDLED_ACTORS_COLLECTOR_H

#include "runtime/slice.h"
#include "state/feed_batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COLLECTOR_TICK_MS = 100 };

struct collector;
struct exchange_answer;
struct metrics_set;

struct collector_port {
    void *context;
    void (*connect)(void *context, int lane, int place);
    void (*disconnect)(void *context, int lane, int place);
    void (*send)(void *context, int lane, int place, struct slice text);
    /* Into the spool. False: there is no room. */
    bool (*put)(void *context, struct slice symbol, struct slice value, bool is_closed);
    /* The ledger has changed: collector_prepare() is wanted. */
    void (*touch)(void *context);
    /* One question at a time; collector_answered() ends it. */
    void (*ask_klines)(void *context, const char *symbol, int64_t from_ms, int64_t to_ms);
    void (*ask_info)(void *context, const char *const *symbols, size_t count);
};

struct collector_options {
    struct collector_port port;
    const char *const *symbols; /* copied */
    size_t symbol_count;
    int64_t silence_ms;
    int64_t age_ms_max;
    int64_t backfill_ms;
    int64_t keep_ms;  /* what a shard takes */
    int64_t grace_ms; /* for which it waits: younger holes do not hold the stream back */
    bool proves_by_ids;
    uint64_t seed;
    struct metrics_set *metrics; /* borrowed */
};

struct collector *collector_create(const struct collector_options *options);

/* NULL inside is fine. */
void collector_destroy(struct collector **collector_p);

size_t collector_lane_count(const struct collector *collector);

/* What the ledger holds, before the first tick, symbols first. Symbols that are not asked for are
 * passed over. */
void collector_restore_symbol(struct collector *collector, const struct feed_symbol *row);

void collector_restore_hole(struct collector *collector, const struct feed_hole *hole);

/* Every COLLECTOR_TICK_MS. */
void collector_tick(struct collector *collector, int64_t now_ms);

void collector_opened(struct collector *collector, int lane, int place, int64_t now_ms);

void collector_closed(struct collector *collector, int lane, int place, const char *why,
                      int64_t now_ms);

void collector_received(struct collector *collector, int lane, int place, struct slice frame,
                        int64_t now_ms);

void collector_answered(struct collector *collector, const struct exchange_answer *answer,
                        int64_t now_ms);

/* Puts what the ledger has to say into the batch of the next commit. */
void collector_prepare(struct collector *collector, struct feed_batch *batch);

/* What a record is stamped with that comes now: the time of day, which is given. Shards would
 * refuse what is an hour behind, and brokers what is an hour ahead: the exchange's clock takes its
 * place, if it is known, when it is half an hour later, or when `is_refused`, and it says so once.
 */
int64_t collector_stamp_ms(struct collector *collector, int64_t wall_ms, bool is_refused,
                           int64_t now_ms);

/* All symbols are subscribed to, and klines come. */
bool collector_is_serving(const struct collector *collector);

/* Connections that are open; symbols without klines for too long, and those that the exchange does
 * not trade; minutes still to be asked for. */
struct collector_state {
    size_t symbols;
    size_t connections;
    size_t silent;
    size_t unlisted;
    int64_t open_minutes;
    bool is_catching_up; /* the past is read first: nothing is connected yet */
};

struct collector_state collector_look(const struct collector *collector);

#endif
