#include "actors/edge/kafka_log_internal.h"
#include "actors/edge/kafka_mark.h"

#include <assert.h>
#include <string.h>

static struct kafka_log_commit commit_of(const rd_kafka_topic_partition_t *item)
{
    struct kafka_mark mark = {.acked = -1};
    struct slice metadata = {item->metadata, item->metadata == NULL ? 0 : item->metadata_size};
    (void)kafka_mark_read(metadata, &mark);
    return (struct kafka_log_commit){item->offset, mark.era, mark.acked, mark.partitions};
}

static enum status take_commits(const rd_kafka_topic_partition_list_t *list,
                                struct kafka_log_commit *commits)
{
    for (int i = 0; i < list->cnt; i++) {
        if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return kafka_log_status_of(list->elems[i].err);
        }
        bool is_there = list->elems[i].offset >= 0;
        commits[i] =
            is_there ? commit_of(&list->elems[i]) : (struct kafka_log_commit){-1, 0, -1, 0};
    }
    return STATUS_OK;
}

static enum status read_commits(struct kafka_log *log, int32_t first, int32_t count,
                                struct kafka_log_commit *commits)
{
    assert(log->has_group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int32_t i = 0; i < count; i++) {
        (void)rd_kafka_topic_partition_list_add(list, log->topic, first + i);
    }
    uv_mutex_lock(&log->lock);
    rd_kafka_resp_err_t code = rd_kafka_committed(log->client, list, KAFKA_LOG_CALL_MS);
    uv_mutex_unlock(&log->lock);
    enum status status = kafka_log_status_of(code);
    if (status == STATUS_OK) {
        status = take_commits(list, commits);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

enum status kafka_log_commits(struct kafka_log *log, int32_t count,
                              struct kafka_log_commit *commits)
{
    return read_commits(log, 0, count, commits);
}

enum status kafka_log_committed(struct kafka_log *log, int32_t partition,
                                struct kafka_log_commit *out_commit)
{
    struct kafka_log_commit commit;
    enum status status = read_commits(log, partition, 1, &commit);
    if (status == STATUS_OK && commit.offset < 0) {
        status = STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK) {
        *out_commit = commit;
    }
    return status;
}

static void set_mark(struct kafka_log *log, rd_kafka_topic_partition_t *item,
                     const struct kafka_log_commit *commit)
{
    if (commit->acked < 0) {
        return;
    }
    char text[KAFKA_MARK_BYTES_MAX];
    item->metadata_size =
        kafka_mark_write((struct kafka_mark){commit->era, commit->acked, commit->partitions}, text);
    item->metadata = rd_kafka_mem_malloc(log->client, item->metadata_size);
    memcpy(item->metadata, text, item->metadata_size);
}

/* Not the call that waits: that one does so for ever. */
static rd_kafka_resp_err_t send_commit(struct kafka_log *log,
                                       const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(log->client);
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(log->client, list, queue, NULL, NULL);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_LOG_CALL_MS);
        code = event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    return code;
}

enum status kafka_log_commit(struct kafka_log *log, int32_t partition,
                             const struct kafka_log_commit *commit)
{
    assert(log->has_group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, log->topic, partition)->offset = commit->offset;
    set_mark(log, &list->elems[0], commit);
    uv_mutex_lock(&log->lock);
    rd_kafka_resp_err_t code = send_commit(log, list);
    uv_mutex_unlock(&log->lock);
    rd_kafka_topic_partition_list_destroy(list);
    switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID: /* we are none, and it has some */
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
        return STATUS_BUSY;
    default:
        return kafka_log_status_of(code);
    }
}
