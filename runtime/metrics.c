#include "runtime/metrics.h"

#include "runtime/mem.h"
#include "runtime/stage.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum kind { KIND_counter, KIND_gauge, KIND_gauge_known, KIND_gauge_ms, KIND_histogram };

static const char *const kind_names[] = {
    [KIND_counter] = "counter", [KIND_gauge] = "gauge",         [KIND_gauge_known] = "gauge",
    [KIND_gauge_ms] = "gauge",  [KIND_histogram] = "histogram",
};

static const struct {
    enum metric_scope scope;
    enum kind kind;
    const char *name;
    const char *help;
} infos[METRIC_COUNT] = {
#define X(scope, name, kind, help)                                                                 \
    [METRIC_##name] = {METRIC_SCOPE_##scope, KIND_##kind, "candled_" #name, help},
    METRICS_TABLE(X)
#undef X
};

/* Steps of 1, 2 and 5, and a finer one around the 10 ms that candled promises. */
static const int64_t bounds_us[METRIC_BUCKET_COUNT] = {
    100,   200,   500,    1000,   2000,   5000,    7500,    10000,   15000,
    20000, 50000, 100000, 200000, 500000, 1000000, 2000000, 5000000, 10000000,
};

struct metrics {
    struct metrics_set *sets; /* in the order they came */
};

struct metrics *metrics_create(void)
{
    return mem_new(1, sizeof(struct metrics));
}

static void free_set(struct metrics_set *set)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        mem_free(set->histograms[i]);
    }
    mem_free(set);
}

void metrics_destroy(struct metrics **metrics_p)
{
    struct metrics *metrics = *metrics_p;
    *metrics_p = NULL;
    if (metrics == NULL) {
        return;
    }
    while (metrics->sets != NULL) {
        struct metrics_set *set = metrics->sets;
        metrics->sets = set->next;
        free_set(set);
    }
    mem_free(metrics);
}

static struct metrics_set *create_set(enum metric_scope scope, const char *labels)
{
    struct metrics_set *set = mem_new(1, sizeof(*set));
    assert(strlen(labels) < sizeof(set->labels));
    set->scope = scope;
    (void)snprintf(set->labels, sizeof(set->labels), "%s", labels);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (infos[i].scope == scope && infos[i].kind == KIND_histogram) {
            set->histograms[i] = mem_new(1, sizeof(struct metric_histogram));
        }
        if (infos[i].kind == KIND_gauge_known) {
            metrics_put(set, (enum metric)i, METRIC_NOT_KNOWN);
        }
    }
    return set;
}

struct metrics_set *metrics_set_of(struct metrics *metrics, enum metric_scope scope,
                                   const char *labels)
{
    struct metrics_set **link = &metrics->sets;
    while (*link != NULL) {
        if ((*link)->scope == scope && strcmp((*link)->labels, labels) == 0) {
            return *link;
        }
        link = &(*link)->next;
    }
    *link = create_set(scope, labels);
    return *link;
}

void metrics_remove(struct metrics *metrics, struct metrics_set **set_p)
{
    struct metrics_set *set = *set_p;
    *set_p = NULL;
    if (set == NULL) {
        return;
    }
    struct metrics_set **link = &metrics->sets;
    while (*link != set) {
        assert(*link != NULL);
        link = &(*link)->next;
    }
    *link = set->next;
    free_set(set);
}

/* One writer, as with the plain values. */
static void add(_Atomic uint64_t *to, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(to, memory_order_relaxed);
    atomic_store_explicit(to, value + amount, memory_order_relaxed);
}

void metrics_observe_us(struct metrics_set *set, enum metric metric, int64_t value_us)
{
    struct metric_histogram *histogram = set->histograms[metric];
    assert(histogram != NULL);
    int64_t value = value_us > 0 ? value_us : 0;
    size_t bucket = 0;
    while (bucket < METRIC_BUCKET_COUNT && value > bounds_us[bucket]) {
        bucket++;
    }
    add(&histogram->buckets[bucket], 1);
    add(&histogram->sum_us, (uint64_t)value);
}

struct text {
    char *bytes;
    size_t length;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    enum { CHUNK_BYTES_MAX = 1024 }; /* more than any one call needs: labels are the longest part */
    if (text->size - text->length < CHUNK_BYTES_MAX) {
        text->size = text->size * 2 + CHUNK_BYTES_MAX;
        text->bytes = mem_resize(text->bytes, text->size, 1);
    }
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text->bytes + text->length, CHUNK_BYTES_MAX, format, args);
    va_end(args);
    assert(length >= 0);
    assert(length < CHUNK_BYTES_MAX);
    text->length += (size_t)length;
}

static void put_head(struct text *text, enum metric metric)
{
    put(text, "# HELP %s %s\n", infos[metric].name, infos[metric].help);
    put(text, "# TYPE %s %s\n", infos[metric].name, kind_names[infos[metric].kind]);
}

/* The name, a suffix and the labels, of which `extra` is one more. */
static void put_series(struct text *text, const struct metrics_set *set, enum metric metric,
                       const char *suffix, const char *extra)
{
    const char *comma = set->labels[0] != '\0' && extra[0] != '\0' ? "," : "";
    put(text, "%s%s", infos[metric].name, suffix);
    if (set->labels[0] != '\0' || extra[0] != '\0') {
        put(text, "{%s%s%s}", set->labels, comma, extra);
    }
}

static void put_value(struct text *text, const struct metrics_set *set, enum metric metric)
{
    int64_t value = metrics_get(set, metric);
    put_series(text, set, metric, "", "");
    if (infos[metric].kind == KIND_gauge_ms) {
        uint64_t ms = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        put(text, " %s%" PRIu64 ".%03" PRIu64 "\n", value < 0 ? "-" : "", ms / 1000, ms % 1000);
    } else {
        put(text, " %" PRId64 "\n", value);
    }
}

/* 7500 -> 0.0075: exact, and without the zeros that say nothing. */
static void format_bound(int64_t bound_us, char *out, size_t size)
{
    int length =
        snprintf(out, size, "le=\"%" PRId64 ".%06" PRId64, bound_us / 1000000, bound_us % 1000000);
    while (out[length - 1] == '0') {
        length--;
    }
    if (out[length - 1] == '.') {
        length--;
    }
    (void)snprintf(out + length, size - (size_t)length, "\"");
}

static void put_histogram(struct text *text, const struct metrics_set *set, enum metric metric)
{
    const struct metric_histogram *histogram = set->histograms[metric];
    uint64_t count = 0;
    for (size_t i = 0; i <= METRIC_BUCKET_COUNT; i++) {
        char bound[32] = "le=\"+Inf\"";
        if (i < METRIC_BUCKET_COUNT) {
            format_bound(bounds_us[i], bound, sizeof(bound));
        }
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        put_series(text, set, metric, "_bucket", bound);
        put(text, " %" PRIu64 "\n", count);
    }
    uint64_t sum_us = atomic_load_explicit(&histogram->sum_us, memory_order_relaxed);
    put_series(text, set, metric, "_sum", "");
    put(text, " %" PRIu64 ".%06" PRIu64 "\n", sum_us / 1000000, sum_us % 1000000);
    put_series(text, set, metric, "_count", "");
    put(text, " %" PRIu64 "\n", count);
}

static bool is_unknown(const struct metrics_set *set, enum metric metric)
{
    return infos[metric].kind == KIND_gauge_known && metrics_get(set, metric) == METRIC_NOT_KNOWN;
}

static void put_family(struct text *text, const struct metrics *metrics, enum metric metric)
{
    bool has_head = false;
    for (const struct metrics_set *set = metrics->sets; set != NULL; set = set->next) {
        if (set->scope != infos[metric].scope || is_unknown(set, metric)) {
            continue;
        }
        if (!has_head) {
            put_head(text, metric);
            has_head = true;
        }
        if (infos[metric].kind == KIND_histogram) {
            put_histogram(text, set, metric);
        } else {
            put_value(text, set, metric);
        }
    }
}

/* Nothing, unless this is a build that measures itself. */
static void put_stages(struct text *text)
{
    size_t length;
    char *stages = stage_render(&length);
    if (length > 0) {
        text->size = text->length + length + 1;
        text->bytes = mem_resize(text->bytes, text->size, 1);
        memcpy(text->bytes + text->length, stages, length + 1);
        text->length += length;
    }
    mem_free(stages);
}

char *metrics_render(const struct metrics *metrics, size_t *out_length)
{
    struct text text = {0};
    put(&text, "%s", ""); /* so that there is a text even without a set */
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        put_family(&text, metrics, (enum metric)i);
    }
    put_stages(&text);
    *out_length = text.length;
    return text.bytes;
}
