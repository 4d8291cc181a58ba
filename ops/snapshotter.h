/* Copies a partition's state every so often, and copies the copies on to where other machines find
 * them.
 *
 * One at a time, on a worker; commits go on meanwhile. A failure is logged, counted, and left to
 * the next time.
 * Thread: the loop's, but for snapshotter_finish(). */
#ifndef CANDLED_OPS_SNAPSHOTTER_H
#define CANDLED_OPS_SNAPSHOTTER_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct metrics;
struct object_store;
struct snapshotter;
struct store;

struct snapshotter_options {
    struct loop *loop; /* borrowed, as are the next three */
    struct metrics *metrics;
    struct store *store;
    struct object_store *remote; /* NULL: none */
    const char *topic;           /* borrowed */
    int32_t partition;
    int64_t interval_ms;
    size_t keep;
};

struct snapshotter *snapshotter_create(const struct snapshotter_options *options);

/* Takes one now, or joins the one under way; `done` is called once, on the loop. */
typedef void snapshotter_done_fn(void *context, enum status status,
                                 const struct snapshot *snapshot);

void snapshotter_ask(struct snapshotter *snapshotter, snapshotter_done_fn *done, void *context);

/* Begins no more; one under way is given up as soon as it can be, which is no failure. */
void snapshotter_stop(struct snapshotter *snapshotter);

bool snapshotter_is_busy(const struct snapshotter *snapshotter);

/* The last one: copies, closes the store (which lets others have it), and copies on until
 * deadline_ms (monotonic).
 * Thread: a worker, while the snapshotter is stopped and not busy. */
void snapshotter_finish(struct snapshotter *snapshotter, struct store **store_p,
                        int64_t deadline_ms);

/* Not while busy. Memory goes in a later round of the loop. */
void snapshotter_destroy(struct snapshotter **snapshotter_p);

#endif
