/* The Redis sink: candles as JSON under three keys, written by one server-side script.
 *
 * Per candle, guarded by its revision: the candle's key with a TTL, the symbol's index (a sorted
 * set trimmed to the TTL back from its newest member), and `latest`, which only moves forward. A
 * stored value without a revision is older than any; an equal one changes nothing. One connection
 * for all partitions, pipelined with a bounded window. It reconnects for ever, with backoff, and
 * repeats by itself what was in flight. A delivery that finds no Redis is held for three seconds,
 * so that it goes out as soon as the connection is back, and is then answered UNAVAILABLE, so that
 * its dispatcher can go when its partition does. A key of another type is a rejected row; any other
 * complaint of the server (READONLY, OOM, LOADING, a cluster, a wrong password ...) is a sink that
 * is down. A dispatcher that attaches is told when this Redis has forgotten what it had
 * acknowledged (see redis_marks.h). Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_SINK_H
#define CANDLED_ACTORS_EDGE_REDIS_SINK_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;
struct loop;
struct metrics;
struct redis_sink;
struct sink_gate;

enum redis_ttl_from {
    REDIS_TTL_FROM_write, /* the TTL counts from the moment of writing */
    REDIS_TTL_FROM_open,  /* from the candle's open time */
};

struct redis_sink_options {
    struct loop *loop;            /* borrowed */
    struct metrics *metrics;      /* borrowed */
    const char *url;              /* see redis_url.h; copied, as are the other texts */
    const char *password;         /* overrides the url's; NULL or empty: none */
    const char *const *sentinels; /* host:port each: then the url's host is the primary's name */
    size_t sentinel_count;        /* 0: the url names the server */
    const char *group;            /* of the consumers: part of the keys of marks */
    const char *key;              /* templates */
    const char *index_key;
    const char *latest_key;
    int64_t ttl_ms;
    enum redis_ttl_from ttl_from;
    uint64_t seed;          /* of jitter, and of what must be told from other processes' */
    struct sink_gate *gate; /* borrowed; while it is closed nothing is written; NULL: none */
};

/* STATUS_BAD_CONFIG (logged) for a url or template that cannot be used. Connects on its own; a
 * Redis that is away is no error. */
MUST_CHECK enum status redis_sink_create(const struct redis_sink_options *options,
                                         struct redis_sink **out_sink);

struct actor *redis_sink_actor(struct redis_sink *sink);

/* True while the server answers. */
bool redis_sink_is_up(const struct redis_sink *sink);

/* Deliveries that it holds are answered UNAVAILABLE first. Its handles close in a later round of
 * the loop (see loop_drain()). */
void redis_sink_close(struct redis_sink **sink_p);

#endif
