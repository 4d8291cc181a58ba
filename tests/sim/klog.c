#include "tests/sim/klog.h"

#include "actors/edge/kafka_log.h"
#include "actors/record.h"

#include <string.h>

/* The cluster does not answer, now and then. */
static enum status ask(struct kafka_log *log)
{
    return faults_strike(log->faults, FAULT_log_unavailable, 5) ? STATUS_TIMED_OUT : STATUS_OK;
}

enum status kafka_log_partition_count(struct kafka_log *log, int32_t *out_count)
{
    enum status status = ask(log);
    if (status == STATUS_OK) {
        *out_count = (int32_t)log->topic->scenario->partitions;
    }
    return status;
}

enum status kafka_log_cluster(struct kafka_log *log, char id[META_TEXT_MAX])
{
    (void)log;
    strcpy(id, "virtual");
    return STATUS_OK;
}

enum status kafka_log_ends(struct kafka_log *log, int32_t partition, int64_t *out_begin,
                           int64_t *out_end)
{
    enum status status = ask(log);
    if (status == STATUS_OK) {
        *out_begin = log->topic->begin[partition];
        *out_end = log->topic->end[partition];
    }
    return status;
}

enum status kafka_log_record(struct kafka_log *log, int32_t partition, int64_t offset,
                             kafka_log_visit_fn *visit, void *context)
{
    int64_t begin = log->topic->begin[partition];
    int64_t at = offset < begin ? begin : offset;
    enum status status = ask(log);
    if (status == STATUS_OK && at >= log->topic->end[partition]) {
        return STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK) {
        struct record record = topic_record(log->topic, (size_t)partition, at);
        visit(context, &record);
    }
    return status;
}

enum status kafka_log_offset_at(struct kafka_log *log, int32_t partition, int64_t time_ms,
                                int64_t *out_offset)
{
    enum status status = ask(log);
    if (status == STATUS_OK) {
        *out_offset = topic_offset_at(log->topic, (size_t)partition, time_ms);
    }
    return status;
}

enum status kafka_log_committed(struct kafka_log *log, int32_t partition,
                                struct kafka_log_commit *out_commit)
{
    const struct group_commit *commit = &log->group->partitions[partition].commit;
    enum status status = ask(log);
    if (status == STATUS_OK && commit->offset < 0) {
        return STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK) {
        *out_commit = (struct kafka_log_commit){commit->offset, commit->era, commit->acked, 0};
    }
    return status;
}

enum status kafka_log_commits(struct kafka_log *log, int32_t count,
                              struct kafka_log_commit *commits)
{
    enum status status = ask(log);
    for (int32_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct group_commit *commit = &log->group->partitions[i].commit;
        commits[i] = (struct kafka_log_commit){commit->offset, commit->era, commit->acked, 0};
    }
    return status;
}
