/* The feed of `candled run`: klines from files or from the simulated market into the log, on the
 * shard's own loop.
 *
 * With the embedded broker, which keeps little, it stays at most RUN_FEED_AHEAD records ahead of
 * the shard's checkpoints. Records are stamped with their event time.
 * Thread: the loop's. */
#ifndef CANDLED_OPS_RUN_FEED_H
#define CANDLED_OPS_RUN_FEED_H

#include "ops/kline_file.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RUN_FEED_AHEAD = 8000 };

struct loop;
struct replay_producer;
struct run_feed;

struct run_feed_options {
    struct loop *loop;
    struct replay_producer *producer; /* borrowed */
    const char *const *files;         /* borrowed; count 0: the simulated market */
    size_t file_count;
    const char *symbol; /* of CSV files whose name does not tell; may be NULL */
    uint64_t seed;      /* of the simulated market */
    double speed;       /* times real time; 0: as fast as it goes */
    int64_t history_ms; /* the simulated market begins so long ago, and catches up first */
    bool waits_for_checkpoints;
    void *context;
    /* The files have been read, or cannot be: error is NULL or says why. */
    void (*ended)(void *context, const char *error);
};

/* `error` says what is wrong with a file. */
MUST_CHECK enum status run_feed_open(const struct run_feed_options *options,
                                     struct run_feed **out_feed, char error[KLINE_FILE_ERROR_MAX]);

void run_feed_start(struct run_feed *feed);

/* How many of its records checkpoints cover by now. */
void run_feed_covered(struct run_feed *feed, uint64_t records);

uint64_t run_feed_sent(const struct run_feed *feed);

/* Memory goes in a later round of the loop. */
void run_feed_close(struct run_feed **feed_p);

#endif
