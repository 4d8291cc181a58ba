/* The MongoDB sink: one document a candle, written by unordered bulks of guarded upserts.
 *
 * _id = "{symbol}:{interval}:{openTime}"; filter {_id, revision: {$not: {$gte: new}}}; a duplicate
 * key is re-issued once without upsert and then counts as done. w: majority, j: true, short
 * explicit timeouts. The index {symbol: 1, interval: 1, openTime: -1} is made at start. With a
 * retention, a TTL index on openTime is made too. Waiting deliveries are merged into one bulk. A
 * MongoDB that is away is asked again for ever, with backoff; what was in flight is repeated by the
 * sink itself. A delivery waits for three seconds (and for a call that blocks, at most its
 * timeouts) and is then answered UNAVAILABLE, so that its dispatcher can go when its partition
 * does. Thread: the actor lives on the loop; the driver's blocking client on one thread of the
 * sink's own. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_SINK_H
#define CANDLED_ACTORS_EDGE_MONGO_SINK_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;
struct loop;
struct metrics;
struct mongo_sink;
struct sink_gate;

struct mongo_sink_options {
    struct loop *loop;       /* borrowed */
    struct metrics *metrics; /* borrowed */
    const char *uri;         /* copied, as are the others */
    const char *database;
    const char *collection;       /* template: {symbol} and {interval} may stand in it */
    int64_t retention_ms;         /* 0: documents stay for ever */
    const struct sink_gate *gate; /* borrowed; while it is closed nothing is written; NULL: none */
};

/* Whether it would take such a uri; STATUS_BAD_CONFIG, with what is wrong in `error`. */
MUST_CHECK enum status mongo_sink_check(const char *uri, char *error, size_t error_size);

/* STATUS_BAD_CONFIG (logged) for a uri that cannot be used. Connects on its own; a server that is
 * away is no error. */
MUST_CHECK enum status mongo_sink_create(const struct mongo_sink_options *options,
                                         struct mongo_sink **out_sink);

struct actor *mongo_sink_actor(struct mongo_sink *sink);

bool mongo_sink_is_up(const struct mongo_sink *sink);

/* Deliveries that it holds are answered UNAVAILABLE first. Joins the thread (it may be inside a
 * call: at most its timeouts). Memory goes in a later round of the loop. */
void mongo_sink_close(struct mongo_sink **sink_p);

#endif
