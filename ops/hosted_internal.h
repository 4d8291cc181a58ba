/* What hosted.c and hosted_look.c share. */
#ifndef CANDLED_OPS_HOSTED_INTERNAL_H
#define CANDLED_OPS_HOSTED_INTERNAL_H

#include "ops/hosted.h"

#include "runtime/job.h"

#include <stdatomic.h>
#include <uv.h>

enum hosted_state {
    HOSTED_opening,
    HOSTED_open,   /* until hosted_start() */
    HOSTED_halted, /* without its state: see the log */
    HOSTED_running,
    HOSTED_draining,
    HOSTED_resting, /* waits for the edges to answer */
    HOSTED_closing,
};

struct hosted {
    struct hosted_options options;
    enum hosted_state state;
    atomic_bool is_given_up; /* to be closed as soon as it can be */
    bool is_dropped;
    bool is_waiting_told;
    struct job job;
    uv_timer_t timer;
    struct opening opening;
    int64_t next_offset;   /* see hosted_next_offset() */
    int64_t looked_offset; /* at the last look whether it stands still */
    struct store *store;
    enum status status;
    enum status halt;
    enum status halt_due; /* to be halted as soon as it runs */
    int64_t snapshot_deadline_ms;
    struct object_store *remote;
    struct snapshotter *snapshotter;
    struct store_writer *writer;
    struct store_reader *reader;
    struct pipeline *pipeline;
};

const char *hosted_topic(const struct hosted *hosted);

struct metrics_set *hosted_metrics(const struct hosted *hosted);

#endif
