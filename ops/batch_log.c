#include "ops/batch_log.h"

#include "actors/edge/kafka_log.h"
#include "actors/record.h"
#include "ops/config.h"
#include "ops/kafka_options.h"
#include "ops/log_start.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { IDLE_MARGIN_MS = 10000, MS_PER_S = 1000, TRIES_MAX = 6 };

struct part {
    struct batch_fold fold;
    int64_t begin_offset; /* what is read: [begin, end) */
    int64_t end_offset;
    int64_t era;
    int64_t floor_ms;
    bool is_idle;
};

struct batch_log {
    struct batch_log_options options;
    struct kafka_log *log;
    struct kafka_property *properties;
    struct part *parts;
    int32_t part_count;
    struct batch_source *sources;
    size_t source_count;
    int64_t records; /* in all parts */
    int64_t before;  /* in the parts that are folded */
    int64_t part_begin;
    char *error;
};

static enum status fail(struct batch_log *b, int32_t partition, const char *what,
                        enum status status)
{
    snprintf(b->error, BATCH_LOG_ERROR_MAX, "%s, partition %" PRId32 ": %s: %s",
             b->options.config->kafka.topic, partition, what, status_text(status));
    return status;
}

static void take_timestamp(void *context, const struct record *record)
{
    *(int64_t *)context = record->timestamp_ms;
}

/* Whether a shard has closed by wall time what was due. */
static bool is_idle(struct batch_log *b, int32_t partition, int64_t end)
{
    int64_t newest_ms = INT64_MAX;
    int64_t now_ms = (int64_t)time(NULL) * MS_PER_S;
    return kafka_log_record(b->log, partition, end - 1, take_timestamp, &newest_ms) == STATUS_OK &&
           newest_ms < now_ms - b->options.rules.idle_ms - IDLE_MARGIN_MS;
}

/* Where the log has lost its head, what is torn by its new beginning cannot be folded again. */
static enum status find_floor(struct batch_log *b, int32_t partition, int64_t begin,
                              struct part *part)
{
    int64_t first_ms;
    part->floor_ms = INT64_MIN;
    if (part->begin_offset > begin || begin == 0) {
        return STATUS_OK;
    }
    enum status status = log_start_first_event_time(b->log, partition, begin, &first_ms);
    if (status == STATUS_OK) {
        part->floor_ms = first_ms + b->options.rules.grace_ms + PROOF_MS;
    } else if (status == STATUS_NOT_FOUND) { /* no kline is seen: none is known to be whole */
        part->floor_ms = INT64_MAX;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status find_era(struct batch_log *b, int32_t partition, struct part *part)
{
    struct kafka_log_commit commit;
    enum status status = kafka_log_committed(b->log, partition, &commit);
    part->era = status == STATUS_OK ? commit.era : 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status plan_part(struct batch_log *b, int32_t partition, struct part *part)
{
    int64_t begin;
    int64_t event_ms = b->options.from_ms - b->options.reach_ms;
    enum status status = kafka_log_ends(b->log, partition, &begin, &part->end_offset);

    if (status != STATUS_OK) {
        return status;
    }
    part->floor_ms = INT64_MAX;
    part->begin_offset = part->end_offset;
    if (part->end_offset <= begin) {
        return STATUS_OK;
    }
    status = find_era(b, partition, part);
    if (status == STATUS_OK) {
        status = log_start_before(b->log, partition, &b->options.rules, event_ms, part->end_offset,
                                  &part->begin_offset);
    }
    if (status == STATUS_OK) {
        status = find_floor(b, partition, begin, part);
    }
    part->is_idle = status == STATUS_OK && is_idle(b, partition, part->end_offset);
    b->records += status == STATUS_OK ? part->end_offset - part->begin_offset : 0;
    return status;
}

/* A cluster that is slow for a moment; each question waits for some seconds of its own. */
static bool must_ask_again(enum status status, int tries)
{
    bool is_unwell = status_class_of(status) == STATUS_CLASS_RETRY && tries < TRIES_MAX;
    if (is_unwell) {
        (void)sleep(1);
    }
    return is_unwell;
}

static enum status plan(struct batch_log *b)
{
    enum status status = STATUS_OK;
    for (int tries = 0; tries == 0 || must_ask_again(status, tries); tries++) {
        status = kafka_log_partition_count(b->log, &b->part_count);
    }
    if (status == STATUS_NOT_FOUND) { /* no log at all: archive and exchange may know more */
        b->part_count = 0;
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return fail(b, 0, "the topic cannot be looked at", status);
    }
    b->parts = mem_new((size_t)b->part_count, sizeof(*b->parts));
    for (int32_t i = 0; i < b->part_count && status == STATUS_OK; i++) {
        for (int tries = 0; tries == 0 || must_ask_again(status, tries); tries++) {
            status = plan_part(b, i, &b->parts[i]);
        }
        if (status != STATUS_OK) {
            return fail(b, i, "the log cannot be asked", status);
        }
    }
    return status;
}

static void on_progress(void *context, int64_t offset)
{
    struct batch_log *b = context;
    if (b->options.progress != NULL) {
        b->options.progress(b->options.context, b->before + offset + 1 - b->part_begin, b->records);
    }
}

static enum status fold_part(struct batch_log *b, int32_t partition, struct part *part)
{
    struct refold_options options = {
        .brokers = b->options.config->kafka.brokers,
        .topic = b->options.config->kafka.topic,
        .properties = b->properties,
        .rules = b->options.rules,
        .partition = partition,
        .partition_count = b->part_count,
        .begin_offset = part->begin_offset,
        .end_offset = part->end_offset,
        .era = part->era,
        .is_idle = part->is_idle,
        .context = b,
        .progress = on_progress,
    };
    if (part->begin_offset == part->end_offset) {
        return STATUS_OK;
    }
    b->part_begin = part->begin_offset;
    enum status status = batch_fold_open(&options, &part->fold);
    b->before += part->end_offset - part->begin_offset;
    return status == STATUS_OK ? status : fail(b, partition, "the log cannot be read", status);
}

static bool take_first(void *context, const struct candle *candle)
{
    *(int64_t *)context = candle->open_ms;
    return false;
}

static enum status add_source(struct batch_log *b, const struct part *part, const char *symbol)
{
    struct batch_source source = {
        .fold = &part->fold, .first_ms = INT64_MAX, .floor_ms = part->floor_ms};

    snprintf(source.symbol, sizeof(source.symbol), "%s", symbol);
    enum status status = batch_fold_each(&part->fold, symbol, INTERVAL_1m, 0, INT64_MAX, take_first,
                                         &source.first_ms);
    b->sources = mem_resize(b->sources, b->source_count + 1, sizeof(*b->sources));
    b->sources[b->source_count++] = source;
    return status;
}

static int compare_sources(const void *a, const void *b)
{
    return strcmp(((const struct batch_source *)a)->symbol,
                  ((const struct batch_source *)b)->symbol);
}

static enum status list_sources(struct batch_log *b)
{
    enum status status = STATUS_OK;
    for (int32_t i = 0; i < b->part_count && status == STATUS_OK; i++) {
        char symbol[SYMBOL_BYTES_MAX + 1] = "";
        status = batch_fold_next_symbol(&b->parts[i].fold, symbol);
        while (status == STATUS_OK) {
            status = add_source(b, &b->parts[i], symbol);
            status =
                status == STATUS_OK ? batch_fold_next_symbol(&b->parts[i].fold, symbol) : status;
        }
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (b->source_count > 0) {
        qsort(b->sources, b->source_count, sizeof(*b->sources), compare_sources);
    }
    return status;
}

static enum status read_all(struct batch_log *b)
{
    const struct config *config = b->options.config;
    enum status status = kafka_options_open_log(config, config->kafka.brokers, &b->log);
    if (status != STATUS_OK) {
        return fail(b, 0, "Kafka cannot be asked", status);
    }
    status = plan(b);
    for (int32_t i = 0; i < b->part_count && status == STATUS_OK; i++) {
        status = fold_part(b, i, &b->parts[i]);
    }
    return status == STATUS_OK ? list_sources(b) : status;
}

enum status batch_log_read(const struct batch_log_options *options, struct batch_log **out_log,
                           char error[BATCH_LOG_ERROR_MAX])
{
    struct batch_log *b = mem_new(1, sizeof(*b));
    b->options = *options;
    b->error = error;
    b->properties = kafka_options_properties(options->config);
    enum status status = read_all(b);
    if (status != STATUS_OK) {
        batch_log_destroy(&b);
        return status;
    }
    *out_log = b;
    return STATUS_OK;
}

void batch_log_destroy(struct batch_log **log_p)
{
    struct batch_log *b = *log_p;
    *log_p = NULL;
    if (b == NULL) {
        return;
    }
    for (int32_t i = 0; b->parts != NULL && i < b->part_count; i++) {
        batch_fold_close(&b->parts[i].fold);
    }
    kafka_log_destroy(&b->log);
    kafka_options_free(b->properties);
    mem_free(b->sources);
    mem_free(b->parts);
    mem_free(b);
}

const struct batch_source *batch_log_sources(const struct batch_log *b, size_t *out_count)
{
    *out_count = b->source_count;
    return b->sources;
}

const struct batch_source *batch_log_find(const struct batch_log *b, const char *symbol,
                                          size_t *out_count)
{
    size_t first = 0;
    while (first < b->source_count && strcmp(b->sources[first].symbol, symbol) < 0) {
        first++;
    }
    size_t end = first;
    while (end < b->source_count && strcmp(b->sources[end].symbol, symbol) == 0) {
        end++;
    }
    *out_count = end - first;
    return b->sources + first;
}

int64_t batch_log_floor_ms(const struct batch_log *b)
{
    int64_t floor_ms = INT64_MIN;
    bool is_empty = true;
    for (int32_t i = 0; i < b->part_count; i++) {
        bool has_records = b->parts[i].begin_offset < b->parts[i].end_offset;
        is_empty = is_empty && !has_records;
        if (has_records && b->parts[i].floor_ms > floor_ms) {
            floor_ms = b->parts[i].floor_ms;
        }
    }
    return is_empty ? INT64_MAX : floor_ms;
}

int64_t batch_log_records(const struct batch_log *b)
{
    return b->records;
}
