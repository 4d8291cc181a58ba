/* The metrics of a partition, found by its labels. */
#ifndef CANDLED_ACTORS_PARTITION_METRICS_H
#define CANDLED_ACTORS_PARTITION_METRICS_H

#include "runtime/metrics.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

/* Ownership: the metrics'. */
static inline struct metrics_set *partition_metrics(struct metrics *metrics, const char *topic,
                                                    int32_t partition)
{
    char labels[400];
    snprintf(labels, sizeof(labels), "topic=\"%s\",partition=\"%" PRId32 "\"", topic, partition);
    return metrics_set_of(metrics, METRIC_SCOPE_partition, labels);
}

#endif
