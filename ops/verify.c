#include "ops/verify.h"

#include "actors/edge/kafka_log.h"
#include "actors/edge/mongo_reader.h"
#include "actors/edge/redis_reader.h"
#include "actors/record.h"
#include "ops/candle_options.h"
#include "ops/config.h"
#include "ops/kafka_options.h"
#include "ops/refold.h"
#include "ops/state_book.h"
#include "ops/store_readers.h"
#include "ops/verify_internal.h"
#include "runtime/mem.h"
#include "state/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *verify_place_name(enum verify_place place)
{
    static const char *const names[] = {
#define X(name) #name,
        VERIFY_PLACES(X)
#undef X
    };
    return names[place];
}

const char *verify_verdict_name(enum verify_verdict verdict)
{
    static const char *const names[] = {
#define X(name, is_difference, text) #name,
        VERIFY_VERDICTS(X)
#undef X
    };
    return names[verdict];
}

bool verify_is_difference(enum verify_verdict verdict)
{
    static const bool are_differences[] = {
#define X(name, is_difference, text) is_difference,
        VERIFY_VERDICTS(X)
#undef X
    };
    return are_differences[verdict];
}

static enum status fail_at(struct verify *v, int32_t partition, const char *what,
                           enum status status)
{
    snprintf(v->result.error, sizeof(v->result.error), "%s, partition %d: %s: %s",
             v->options.config->kafka.topic, (int)partition, what, status_text(status));
    return status;
}

static bool is_symbol_wanted(const struct verify *v, const char *symbol)
{
    for (size_t i = 0; i < v->options.symbol_count; i++) {
        if (strcmp(v->options.symbols[i], symbol) == 0) {
            return true;
        }
    }
    return v->options.symbol_count == 0;
}

static interval_set outputs_of(const struct config *config)
{
    interval_set outputs = config->candles.intervals; /* LMDB's own */
    if (config->redis.enabled) {
        outputs = (interval_set)(outputs | config->redis.intervals);
    }
    if (config->mongo.enabled) {
        outputs = (interval_set)(outputs | config->mongo.intervals);
    }
    return outputs;
}

struct walk {
    struct verify *v;
    const struct verify_range *range;
    interval_set outputs;
};

/* Derived values are told by the windows before, all of which the log must still hold. */
static bool is_derived_whole(const struct verify *v, const struct verify_range *range,
                             const struct candle *candle)
{
    return range->log_floor_ms == INT64_MIN ||
           candle->open_ms - rules_derived_ms(&v->rules, candle->interval) >= range->log_floor_ms;
}

static bool visit_candle(void *context, struct slice key, struct slice value)
{
    const struct walk *walk = context;
    struct verify *v = walk->v;
    struct candle *candle = &v->candles[v->count];
    (void)key;
    if (candle_decode(value, candle) != STATUS_OK) {
        v->status = STATUS_CORRUPT;
        return false;
    }
    bool is_in_range = candle->open_ms >= walk->range->from_ms &&
                       candle->open_ms < v->options.to_ms &&
                       candle->open_ms >= walk->range->floor_ms;
    if (candle->is_emitted && is_in_range && is_derived_whole(v, walk->range, candle) &&
        is_symbol_wanted(v, candle->symbol) &&
        (walk->outputs & INTERVAL_BIT(candle->interval)) != 0) {
        v->count++;
    }
    if (v->count == VERIFY_CHUNK) {
        verify_compare_chunk(v);
    }
    return v->status == STATUS_OK;
}

static enum status compare_all(struct verify *v, const struct verify_range *range,
                               struct store *store)
{
    struct walk walk = {v, range, outputs_of(v->options.config)};
    struct store_view *view = store_view_create(store);
    enum status status = store_view_open(view);

    if (status == STATUS_OK) {
        v->stream_time_ms = store_meta(store)->stream_time_ms;
        status = store_view_each(view, TABLE_candles, (struct slice){"", 0}, visit_candle, &walk);
        store_view_close(view);
    }
    store_view_destroy(&view);
    if (status == STATUS_OK && v->status == STATUS_OK) {
        verify_compare_chunk(v);
    }
    return status == STATUS_OK ? v->status : status;
}

static const char *scratch_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder == NULL || *folder == '\0' ? "/tmp" : folder;
}

struct reading {
    struct verify *v;
    const struct verify_range *range;
};

static void on_progress(void *context, int64_t offset)
{
    const struct reading *reading = context;
    struct verify *v = reading->v;
    if (v->options.progress != NULL) {
        v->options.progress(v->options.context, offset - reading->range->begin_offset,
                            reading->range->end_offset - reading->range->begin_offset);
    }
}

static enum status refold(struct verify *v, const struct verify_range *range,
                          struct refold **out_refold)
{
    struct reading reading = {v, range};
    struct refold_options options = {
        .brokers = v->options.config->kafka.brokers,
        .topic = v->options.config->kafka.topic,
        .properties = v->properties,
        .rules = v->rules,
        .partition = range->partition,
        .partition_count = v->partition_count,
        .begin_offset = range->begin_offset,
        .end_offset = range->end_offset,
        .era = range->era,
        .is_idle = range->is_idle,
        .parent = scratch_folder(),
        .context = &reading,
        .progress = on_progress,
    };
    return refold_run(&options, out_refold);
}

static enum status verify_partition(struct verify *v, int32_t partition)
{
    struct verify_range range;
    struct refold *refolded;
    enum status status = verify_find_range(v, partition, &range);

    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return fail_at(v, partition, "the log cannot be asked", status);
    }
    status = refold(v, &range, &refolded);
    if (status != STATUS_OK) {
        return fail_at(v, partition, "the log cannot be read", status);
    }
    v->result.partitions++;
    v->result.records += range.end_offset - range.begin_offset;
    status = compare_all(v, &range, refold_store(refolded));
    refold_destroy(&refolded);
    return status;
}

static enum status verify_all(struct verify *v)
{
    enum status status = kafka_log_partition_count(v->log, &v->partition_count);
    if (status != STATUS_OK) {
        return fail_at(v, 0, "the topic cannot be looked at", status);
    }
    for (int32_t i = 0; i < v->partition_count && status == STATUS_OK; i++) {
        if (v->options.partition < 0 || v->options.partition == i) {
            status = verify_partition(v, i);
        }
    }
    return status;
}

static enum status open_all(struct verify *v)
{
    enum status status = store_readers_open_redis(v->options.config, &v->redis, v->result.error);
    if (status == STATUS_OK) {
        status = store_readers_open_mongo(v->options.config, &v->mongo, v->result.error);
    }
    if (status == STATUS_OK) {
        status =
            kafka_options_open_log(v->options.config, v->options.config->kafka.brokers, &v->log);
    }
    return status;
}

static int64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum status verify_run(const struct verify_options *options, struct verify_result *out_result)
{
    struct verify *v = mem_new(1, sizeof(*v));
    struct kafka_property *properties = kafka_options_properties(options->config);

    v->options = *options;
    v->rules = candle_options_rules(options->config);
    v->properties = properties;
    v->now_ms = wall_ms();
    v->book = state_book_create(options->config->data_dir, options->config->kafka.topic);
    enum status status = open_all(v);
    if (status == STATUS_OK) {
        status = verify_all(v);
    }
    *out_result = v->result;
    redis_reader_close(&v->redis);
    mongo_reader_close(&v->mongo);
    kafka_log_destroy(&v->log);
    state_book_destroy(&v->book);
    kafka_options_free(properties);
    mem_free(v);
    return status;
}
