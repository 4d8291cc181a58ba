#include "actors/pipeline.h"

#include "actors/dispatcher.h"
#include "runtime/mem.h"
#include "state/store.h"

#include <assert.h>

struct pipeline {
    struct partition *partition;
    struct dispatcher *dispatchers[SINK_COUNT]; /* NULL: the sink is off */
};

static interval_set wanted_outputs(const struct pipeline_options *options)
{
    interval_set outputs = 0;
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (options->sinks[sink].edge != NULL) {
            outputs = (interval_set)(outputs | options->sinks[sink].filter.intervals);
        }
    }
    return outputs;
}

/* The cursor is known only when the partition has heard of its dispatcher, and the other way round:
 * the dispatcher comes first, and begins at pipeline_start(). */
static void add_dispatcher(struct pipeline *pipeline, const struct pipeline_options *options,
                           enum sink sink)
{
    const struct meta *meta = store_meta(options->partition.store);
    const struct pipeline_sink *wanted = &options->sinks[sink];
    struct dispatcher_options dispatcher_options = {
        .sched = options->partition.sched,
        .sink = sink,
        .filter = wanted->filter,
        .partition = partition_actor(pipeline->partition),
        .store_reader = options->store_reader,
        .sink_edge = wanted->edge,
        .topic = options->partition.topic,
        .partition_id = options->partition.partition,
        .cursor = partition_first_cursor(meta, sink),
        .last_sequence = meta->outbox_next - 1,
        .rows_max = wanted->rows_max,
        .may_forget = wanted->may_forget,
        .is_quiet = partition_is_quiet(pipeline->partition),
        .ttl_ms = wanted->ttl_ms,
        .acked_revision = meta->acked_revisions[sink],
        .acked_count = meta->acked_counts[sink],
        .life = meta->lives[sink],
        .seed = options->seed + (uint64_t)sink,
    };
    pipeline->dispatchers[sink] = dispatcher_create(&dispatcher_options);
    partition_add_dispatcher(pipeline->partition, sink,
                             dispatcher_actor(pipeline->dispatchers[sink]));
}

struct pipeline *pipeline_create(const struct pipeline_options *options)
{
    struct pipeline *pipeline = mem_new(1, sizeof(*pipeline));
    struct partition_options partition_options = options->partition;

    partition_options.rules.outputs = wanted_outputs(options);
    pipeline->partition = partition_create(&partition_options);
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (options->sinks[sink].edge != NULL) {
            add_dispatcher(pipeline, options, sink);
        }
    }
    return pipeline;
}

void pipeline_kill(struct pipeline **pipeline_p)
{
    struct pipeline *pipeline = *pipeline_p;
    *pipeline_p = NULL;
    if (pipeline == NULL) {
        return;
    }
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        dispatcher_destroy(&pipeline->dispatchers[sink]);
    }
    partition_destroy(&pipeline->partition);
    mem_free(pipeline);
}

void pipeline_destroy(struct pipeline **pipeline_p)
{
    assert(*pipeline_p == NULL || !pipeline_is_busy(*pipeline_p)); /* edges hold what is ours */
    pipeline_kill(pipeline_p);
}

void pipeline_start(struct pipeline *pipeline)
{
    partition_start(pipeline->partition);
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (pipeline->dispatchers[sink] != NULL) {
            dispatcher_start(pipeline->dispatchers[sink]);
        }
    }
}

void pipeline_drain(struct pipeline *pipeline, int64_t deadline_ms)
{
    partition_drain(pipeline->partition, deadline_ms);
}

void pipeline_halt(struct pipeline *pipeline, enum status why)
{
    partition_halt(pipeline->partition, why);
}

void pipeline_note_log_end(struct pipeline *pipeline, int64_t log_end)
{
    partition_note_log_end(pipeline->partition, log_end);
}

void pipeline_stop(struct pipeline *pipeline)
{
    partition_stop(pipeline->partition);
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (pipeline->dispatchers[sink] != NULL) {
            dispatcher_stop(pipeline->dispatchers[sink]);
        }
    }
}

bool pipeline_is_busy(const struct pipeline *pipeline)
{
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (pipeline->dispatchers[sink] != NULL &&
            dispatcher_is_busy(pipeline->dispatchers[sink])) {
            return true;
        }
    }
    return partition_is_busy(pipeline->partition);
}

struct actor *pipeline_partition(struct pipeline *pipeline)
{
    return partition_actor(pipeline->partition);
}
