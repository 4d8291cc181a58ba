/* Counters, gauges and histograms, and their Prometheus text.
 *
 * A *set* holds the values of one scope under one group of labels: a set for the process, one a
 * partition, one a sink, and so on. A metric exists because it has a line in metrics_table.h.
 * Ownership: the registry owns its sets.
 * Thread: values may be written by one thread and read by any; sets come and go on the loop's. */
#ifndef CANDLED_RUNTIME_METRICS_H
#define CANDLED_RUNTIME_METRICS_H

#include "runtime/metrics_table.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum metric_scope {
    METRIC_SCOPE_process,
    METRIC_SCOPE_partition,   /* topic, partition */
    METRIC_SCOPE_sink,        /* sink */
    METRIC_SCOPE_outbox,      /* topic, partition, sink */
    METRIC_SCOPE_dead_letter, /* topic, partition, reason */
    METRIC_SCOPE_feed,
};

enum metric {
#define X(scope, name, kind, help) METRIC_##name,
    METRICS_TABLE(X)
#undef X
        METRIC_COUNT
};

/* Histograms are told in microseconds and shown in seconds. So many bounds from 100 us to 10 s, and
 * one bucket beyond the last. */
enum { METRIC_BUCKET_COUNT = 18 };

/* What a gauge_known holds until somebody puts a value. */
#define METRIC_NOT_KNOWN INT64_MIN

struct metric_histogram {
    _Atomic uint64_t buckets[METRIC_BUCKET_COUNT + 1]; /* each on its own, not cumulative */
    _Atomic uint64_t sum_us;
};

struct metrics_set {
    _Atomic int64_t values[METRIC_COUNT];
    struct metric_histogram *histograms[METRIC_COUNT]; /* NULL: no histogram of this scope */
    enum metric_scope scope;
    char labels[400]; /* `topic="x",partition="3"`, or empty */
    struct metrics_set *next;
};

struct metrics; /* the registry */

struct metrics *metrics_create(void);

/* With all its sets; NULL inside is fine. */
void metrics_destroy(struct metrics **metrics_p);

/* labels: as they stand in the exposition, values already escaped; copied; shorter than the field
 * above. The same scope and labels give the same set again. */
struct metrics_set *metrics_set_of(struct metrics *metrics, enum metric_scope scope,
                                   const char *labels);

/* Takes a set out of the exposition (a partition was given back) and frees it. */
void metrics_remove(struct metrics *metrics, struct metrics_set **set_p);

/* One writer, so that a load and a store are enough: no locked instruction. */
static inline void metrics_add(struct metrics_set *set, enum metric metric, int64_t amount)
{
    int64_t value = atomic_load_explicit(&set->values[metric], memory_order_relaxed);
    atomic_store_explicit(&set->values[metric], value + amount, memory_order_relaxed);
}

static inline void metrics_put(struct metrics_set *set, enum metric metric, int64_t value)
{
    atomic_store_explicit(&set->values[metric], value, memory_order_relaxed);
}

static inline int64_t metrics_get(const struct metrics_set *set, enum metric metric)
{
    return atomic_load_explicit(&set->values[metric], memory_order_relaxed);
}

/* The metric must be a histogram of the set's scope. Below zero counts as zero. */
void metrics_observe_us(struct metrics_set *set, enum metric metric, int64_t value_us);

/* The Prometheus text exposition (version 0.0.4): families in the table's order, each once with
 * HELP and TYPE; sets in the order they came; families without a value are left out. The caller
 * frees the text with mem_free(); a zero byte follows it. */
char *metrics_render(const struct metrics *metrics, size_t *out_length);

#endif
