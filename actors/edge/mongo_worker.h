/* The thread of the MongoDB sink: takes deliveries from a queue, writes them, hands them back.
 *
 * Deliveries that wait are merged into one bulk. While MongoDB is away the worker keeps them,
 * connects again with backoff and repeats; one that has waited too long is handed back UNAVAILABLE.
 * Thread: all functions on the loop's; the worker is behind them. `wake` is called on the loop's
 * when something was handed back, or up and down have changed. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_WORKER_H
#define CANDLED_ACTORS_EDGE_MONGO_WORKER_H

#include "actors/edge/mongo_jobs.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct actor;
struct delivery;
struct mongo_worker;
struct mongo_writer;
struct uv_loop_s;

enum {
    MONGO_WORKER_BULK_ROWS = 2000, /* a delivery that begins below it is still merged */
    MONGO_WORKER_HOLD_MS = 3000,   /* so long a delivery waits for a MongoDB that is away */
    MONGO_WORKER_PING_MS = 10000,  /* with nothing to write */
};

struct mongo_worker_options {
    struct uv_loop_s *loop;      /* borrowed */
    struct mongo_writer *writer; /* taken over, unless the start fails */
    const char *shown_uri;       /* copied */
    void *context;
    void (*wake)(void *context);
    void (*closed)(void *context); /* after mongo_worker_stop(), in a later round of the loop */
};

MUST_CHECK enum status mongo_worker_start(const struct mongo_worker_options *options,
                                          struct mongo_worker **out_worker);

void mongo_worker_submit(struct mongo_worker *worker, struct delivery *delivery,
                         struct actor *from);

/* Hands back UNAVAILABLE what came from `asker` and is not being written. */
void mongo_worker_cancel(struct mongo_worker *worker, const struct actor *asker);

/* What was handed back; the caller frees it with mem_free(). NULL: no more. */
struct mongo_job *mongo_worker_take(struct mongo_worker *worker);

bool mongo_worker_is_up(const struct mongo_worker *worker);

/* Waits for the thread (at most the timeouts of a call) and hands everything back: take it before
 * the next round of the loop. The worker frees itself after `closed`. */
void mongo_worker_stop(struct mongo_worker *worker);

#endif
