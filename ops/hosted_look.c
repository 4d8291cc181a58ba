/* What others may know of a partition that is hosted. */
#include "ops/hosted_internal.h"

#include "actors/partition_metrics.h"
#include "runtime/metrics.h"

const char *hosted_topic(const struct hosted *h)
{
    return h->options.opening.store.topic;
}

struct metrics_set *hosted_metrics(const struct hosted *h)
{
    return partition_metrics(h->options.metrics, hosted_topic(h), hosted_partition(h));
}

enum status hosted_halt_reason(const struct hosted *h)
{
    return h->halt;
}

struct snapshotter *hosted_snapshotter(struct hosted *h)
{
    return h->state == HOSTED_running ? h->snapshotter : NULL;
}

struct store *hosted_store(struct hosted *h)
{
    bool is_away = h->state == HOSTED_opening || h->state == HOSTED_closing;
    return is_away ? NULL : h->store;
}

void hosted_measure(struct hosted *h)
{
    struct store_stats stats;
    if (h->state == HOSTED_running && store_stats(h->store, &stats) == STATUS_OK) {
        metrics_put(hosted_metrics(h), METRIC_state_size_bytes, (int64_t)stats.used_bytes);
    }
}

int32_t hosted_partition(const struct hosted *h)
{
    return h->options.opening.store.partition;
}

bool hosted_is_running(const struct hosted *h)
{
    return h->state == HOSTED_running;
}

int64_t hosted_next_offset(const struct hosted *h)
{
    return h->next_offset;
}

bool hosted_is_opening(const struct hosted *h)
{
    return h->state == HOSTED_opening;
}

bool hosted_stands_still(struct hosted *h)
{
    bool has_moved = h->looked_offset != h->next_offset;
    h->looked_offset = h->next_offset;
    return h->state == HOSTED_running && h->next_offset >= 0 && !has_moved;
}

void hosted_note_log_end(struct hosted *h, int64_t log_end)
{
    if (h->state == HOSTED_running && h->next_offset >= 0 && log_end >= 0) {
        int64_t lag = log_end - h->next_offset;
        metrics_put(hosted_metrics(h), METRIC_consumer_lag, lag > 0 ? lag : 0);
        pipeline_note_log_end(h->pipeline, log_end);
    }
}
