/* A log as those see it who ask for it before anything is read: in the place of
 * actors/edge/kafka_log.c. One partition has records, a kline a minute; of the others, commits
 * only. */
#ifndef CANDLED_TESTS_UNIT_OPS_FAKE_LOG_H
#define CANDLED_TESTS_UNIT_OPS_FAKE_LOG_H

#include "actors/edge/kafka_log.h"

#include "actors/record.h"
#include "proto/interval.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FAKE_LOG_PARTITIONS_MAX = 12, FAKE_LOG_START_MS = 1738368000 };

struct kafka_log {
    int64_t begin;
    int64_t end;
    int64_t garbage_end; /* what lies before it is no kline */
    int32_t partitions;
    struct kafka_log_commit commits[FAKE_LOG_PARTITIONS_MAX];
};

static inline void fake_log_init(struct kafka_log *log, int32_t partitions)
{
    *log = (struct kafka_log){.partitions = partitions};
    for (int32_t i = 0; i < FAKE_LOG_PARTITIONS_MAX; i++) {
        log->commits[i] = (struct kafka_log_commit){-1, 0, -1, 0};
    }
}

static inline int64_t fake_log_open_ms(int64_t offset)
{
    return FAKE_LOG_START_MS * (int64_t)1000 + offset * MINUTE_MS;
}

enum status kafka_log_partition_count(struct kafka_log *log, int32_t *out_count)
{
    *out_count = log->partitions;
    return STATUS_OK;
}

enum status kafka_log_cluster(struct kafka_log *log, char id[META_TEXT_MAX])
{
    (void)log;
    strcpy(id, "fake");
    return STATUS_OK;
}

enum status kafka_log_ends(struct kafka_log *log, int32_t partition, int64_t *out_begin,
                           int64_t *out_end)
{
    (void)partition;
    *out_begin = log->begin;
    *out_end = log->end;
    return STATUS_OK;
}

enum status kafka_log_record(struct kafka_log *log, int32_t partition, int64_t offset,
                             kafka_log_visit_fn *visit, void *context)
{
    (void)partition;
    char text[400];
    int64_t at = offset < log->begin ? log->begin : offset;
    int64_t open_ms = fake_log_open_ms(at);
    if (at >= log->end) {
        return STATUS_NOT_FOUND;
    }
    int size = snprintf(text, sizeof(text),
                        "{\"t\":%" PRId64 ",\"T\":%" PRId64 ",\"s\":\"AAA\",\"i\":\"1m\","
                        "\"f\":1,\"L\":1,\"o\":\"1\",\"c\":\"1\",\"h\":\"1\",\"l\":\"1\","
                        "\"v\":\"1\",\"n\":1,\"x\":true,\"q\":\"1\",\"V\":\"1\",\"Q\":\"1\"}",
                        open_ms, open_ms + MINUTE_MS - 1);
    if (at < log->garbage_end) {
        size = snprintf(text, sizeof(text), "garbage");
    }
    struct record record = {
        .key = {"AAA", 3},
        .value = {text, (size_t)size},
        .offset = at,
        .timestamp_ms = open_ms + MINUTE_MS,
    };
    visit(context, &record);
    return STATUS_OK;
}

enum status kafka_log_offset_at(struct kafka_log *log, int32_t partition, int64_t time_ms,
                                int64_t *out_offset)
{
    (void)partition;
    int64_t offset = log->begin;
    while (offset < log->end && fake_log_open_ms(offset) + MINUTE_MS < time_ms) {
        offset++;
    }
    *out_offset = offset;
    return STATUS_OK;
}

enum status kafka_log_commits(struct kafka_log *log, int32_t count,
                              struct kafka_log_commit *commits)
{
    memcpy(commits, log->commits, (size_t)count * sizeof(*commits));
    return STATUS_OK;
}

#endif
