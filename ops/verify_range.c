#include "ops/verify_internal.h"

#include "actors/edge/kafka_log.h"
#include "actors/record.h"
#include "ops/config.h"
#include "ops/log_start.h"
#include "ops/state_ask.h"
#include "ops/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400000, IDLE_MARGIN_MS = 10000 };

/* Of `"floor":123` in the line of a partition. */
static void take_floor(const char *lines, int32_t partition, int64_t *floor_ms)
{
    char mark[32];
    snprintf(mark, sizeof(mark), "\"partition\":%d,", (int)partition);
    const char *line = strstr(lines, mark);
    const char *floor = line == NULL ? NULL : strstr(line, "\"floor\":");
    if (floor != NULL && floor < line + strcspn(line, "\n") && strncmp(floor + 8, "null", 4) != 0) {
        *floor_ms = strtoll(floor + 8, NULL, 10);
    }
}

static void add_part(void *context, const char *bytes, size_t size)
{
    text_add_bytes(context, bytes, size);
}

/* What opened before a partition's state began was never emitted. */
static int64_t floor_of(const struct verify *v, int32_t partition)
{
    int64_t floor_ms = INT64_MIN;
    struct text text = {.bytes = NULL};
    struct state_tally tally = {.answers = 0};
    struct state_request request = {
        .data_dir = v->options.config->data_dir,
        .topic = v->options.config->kafka.topic,
        .word = "list",
        .symbol = "",
        .part = add_part,
        .context = &text,
    };
    state_ask(&request, &tally);
    take_floor(text_get(&text), partition, &floor_ms);
    text_deinit(&text);
    return floor_ms;
}

static void take_timestamp(void *context, const struct record *record)
{
    *(int64_t *)context = record->timestamp_ms;
}

/* Whether the shard has closed by wall time what was due. */
static bool is_idle(struct verify *v, int32_t partition, int64_t end)
{
    int64_t begin;
    int64_t log_end;
    int64_t newest_ms = INT64_MAX;

    if (kafka_log_ends(v->log, partition, &begin, &log_end) != STATUS_OK || log_end != end ||
        kafka_log_record(v->log, partition, end - 1, take_timestamp, &newest_ms) != STATUS_OK) {
        return false;
    }
    return newest_ms + v->rules.idle_ms + IDLE_MARGIN_MS < v->now_ms;
}

/* Where the log has lost its head, what is torn by its new beginning cannot be folded again. */
static enum status raise_floor(struct verify *v, struct verify_range *range)
{
    int64_t begin;
    int64_t end;
    int64_t first_ms;
    enum status status = kafka_log_ends(v->log, range->partition, &begin, &end);
    if (status != STATUS_OK || range->begin_offset > begin || begin == 0) {
        return status;
    }
    status = log_start_first_event_time(v->log, range->partition, begin, &first_ms);
    if (status == STATUS_OK) {
        int64_t whole_ms = first_ms + v->rules.grace_ms + PROOF_MS;
        range->floor_ms = range->floor_ms < whole_ms ? whole_ms : range->floor_ms;
        range->log_floor_ms = whole_ms;
    }
    return status;
}

enum status verify_find_range(struct verify *v, int32_t partition, struct verify_range *out_range)
{
    struct kafka_log_commit commit;
    int64_t newest_ms;
    struct verify_range range = {.partition = partition, .log_floor_ms = INT64_MIN};

    enum status status = kafka_log_committed(v->log, partition, &commit);
    if (status != STATUS_OK) {
        return status;
    }
    /* While a shard rebuilds, its state is not as far as the sinks are. */
    bool is_owing = commit.acked >= 0 && commit.acked < commit.offset;
    range.end_offset = is_owing ? commit.acked : commit.offset;
    range.era = commit.era;
    if (range.end_offset == 0) {
        return STATUS_NOT_FOUND;
    }
    status = log_start_event_time(v->log, partition, range.end_offset, &newest_ms);
    if (status != STATUS_OK) {
        return status;
    }
    range.from_ms = v->options.from_ms == INT64_MIN ? newest_ms - DAY_MS : v->options.from_ms;
    range.floor_ms = floor_of(v, partition);
    range.is_idle = is_idle(v, partition, range.end_offset);
    int64_t before_ms = v->rules.grace_ms + PROOF_MS + rules_derived_longest_ms(&v->rules);
    status = log_start_before(v->log, partition, &v->rules, range.from_ms - before_ms,
                              range.end_offset, &range.begin_offset);
    if (status == STATUS_OK) {
        status = raise_floor(v, &range);
    }
    *out_range = range;
    return status;
}
