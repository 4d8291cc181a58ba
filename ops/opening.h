/* How a partition begins: with the furthest valid state that fits the log, or without any, and the
 * offset from which it goes on. What stands against it is logged, with what to do.
 *
 * Thread: a worker; blocks. */
#ifndef CANDLED_OPS_OPENING_H
#define CANDLED_OPS_OPENING_H

#include "actors/core/rules.h"
#include "ops/log_start.h"
#include "runtime/base.h"
#include "runtime/status.h"
#include "state/recovery.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct kafka_log;
struct object_store;

struct opening_options {
    struct store_options store;
    struct object_store *remote; /* snapshots elsewhere; NULL: none */
    struct kafka_log *log;
    struct log_start_options start;
    bool begins_new_era;            /* when the log is not the one that the state was made from */
    const atomic_bool *is_given_up; /* looked at between the steps, and while a snapshot is copied;
                                       NULL: never */
};

struct opening {
    struct store *store;
    int64_t next_offset;
    int64_t log_end;     /* -1: not known */
    int64_t floor_ms;    /* of a state that is new: see struct meta */
    int64_t quiet_until; /* the same */
    int32_t topic_partitions;
    char cluster[META_TEXT_MAX];
};

/* STATUS_LOG_LOST, STATUS_REPARTITIONED: this partition must not go on until somebody decides (see
 * the log); nothing was changed. Of class RETRY: call again; it was given up, too. */
MUST_CHECK enum status opening_run(const struct opening_options *options,
                                   struct opening *out_opening);

#endif
