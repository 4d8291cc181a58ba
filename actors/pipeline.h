/* The pipeline of one partition: its partition actor and a dispatcher a sink, wired to edges.
 *
 * The edges are pointers: the real ones in a shard, others in the simulator. The pipeline knows no
 * file, no socket and no thread.
 * Ownership: pipeline_destroy() may be called once pipeline_is_busy() is false; after
 * pipeline_stop() that comes as soon as the edges have answered what is under way. */
#ifndef CANDLED_ACTORS_PIPELINE_H
#define CANDLED_ACTORS_PIPELINE_H

#include "actors/partition.h"
#include "state/outbox.h"
#include "state/schema.h"

#include <stdbool.h>
#include <stdint.h>

struct pipeline;

/* A sink that takes part; edge NULL: it does not. */
struct pipeline_sink {
    struct actor *edge;
    struct outbox_filter filter;
    size_t rows_max; /* of one delivery */
    bool may_forget; /* it takes ATTACH, REFILLED and DETACH */
    int64_t ttl_ms;  /* how long it keeps what it is given; of one that may forget */
};

struct pipeline_options {
    struct partition_options partition; /* rules.outputs follows from the sinks */
    struct actor *store_reader;
    struct pipeline_sink sinks[SINK_COUNT];
    uint64_t seed; /* of the backoffs' jitter */
};

struct pipeline *pipeline_create(const struct pipeline_options *options);

void pipeline_destroy(struct pipeline **pipeline_p);

/* As if the process had died: what the edges still hold is theirs to forget. For the simulator. */
void pipeline_kill(struct pipeline **pipeline_p);

/* Goes on from the last commit: asks for records, and delivers what the sinks are owed. */
void pipeline_start(struct pipeline *pipeline);

/* See partition_drain(). */
void pipeline_drain(struct pipeline *pipeline, int64_t deadline_ms);

/* See partition_halt(). */
void pipeline_halt(struct pipeline *pipeline, enum status why);

/* See partition_note_log_end(). */
void pipeline_note_log_end(struct pipeline *pipeline, int64_t log_end);

/* Nothing new is asked of the edges. */
void pipeline_stop(struct pipeline *pipeline);

/* True while an edge works for it. */
bool pipeline_is_busy(const struct pipeline *pipeline);

struct actor *pipeline_partition(struct pipeline *pipeline);

#endif
