/* A commit says which generation of the group it is of. One that arrives while the group is between
 * two generations is refused, and librdkafka before 2.10 gives up all its partitions for lost then.
 * So offsets are committed only on the heels of statistics that show the membership at rest, where
 * kafka_heartbeat.c has no doubt of them. */
#include "actors/edge/kafka_mark.h"
#include "actors/edge/kafka_source_internal.h"
#include "runtime/log.h"

#include <string.h>

enum { COMMIT_EVERY_MS = 1000 };

void kafka_commit_add(rd_kafka_topic_partition_list_t *list, const struct kafka_partition *p,
                      int64_t offset, struct slice metadata)
{
    rd_kafka_topic_partition_t *item =
        rd_kafka_topic_partition_list_add(list, p->source->options.topic, p->number);
    item->offset = offset;
    item->metadata_size = metadata.size;
    item->metadata = rd_kafka_mem_malloc(p->source->group.client, metadata.size);
    memcpy(item->metadata, metadata.bytes, metadata.size);
}

void kafka_commit_add_newest(rd_kafka_topic_partition_list_t *list, const struct kafka_partition *p)
{
    char text[KAFKA_MARK_BYTES_MAX];
    size_t size = kafka_mark_write(p->commit_mark, text);
    kafka_commit_add(list, p, p->commit_offset, (struct slice){text, size});
}

bool kafka_commit_send(struct kafka_source *source, rd_kafka_topic_partition_list_t *list,
                       void *question)
{
    bool is_sent = list->cnt > 0;
    if (is_sent) {
        (void)rd_kafka_commit_queue(source->group.client, list, source->group.queue, NULL,
                                    question);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return is_sent;
}

static bool has_news(const struct kafka_partition *p)
{
    return p->commit_offset >= 0 && !p->is_committed && !p->is_lost;
}

static void commit_newest(struct kafka_source *source)
{
    int64_t now_ms = kafka_source_now_ms(source);
    if (now_ms < source->committed_ms + COMMIT_EVERY_MS) {
        return;
    }
    rd_kafka_topic_partition_list_t *list = kafka_group_list();
    for (struct kafka_partition *p = source->partitions; p != NULL; p = p->next) {
        if (has_news(p)) {
            kafka_commit_add_newest(list, p);
            p->is_committed = true; /* unless the answer is another */
        }
    }
    if (kafka_commit_send(source, list, NULL)) {
        source->committed_ms = now_ms;
    }
}

void kafka_commit_on_rest(struct kafka_source *source)
{
    if (!source->is_moving && source->stop == KAFKA_STOP_no) {
        commit_newest(source);
    }
}

/* What does not heal by itself, or shows that somebody else uses the group. */
static bool is_worth_a_line(const struct kafka_source *source, rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
        return true;
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
        return kafka_source_is_ordinal(source);
    default:
        return false;
    }
}

static void on_refused(struct kafka_source *source, rd_kafka_resp_err_t code)
{
    for (struct kafka_partition *p = source->partitions; p != NULL; p = p->next) {
        p->is_committed = false;
    }
    if (code != source->commit_error && is_worth_a_line(source, code)) {
        source->commit_error = code;
        log_event(LOG_kafka_error, log_text("call", "commit"),
                  log_text("group", source->options.group),
                  log_text("error", rd_kafka_err2str(code)));
    }
}

void kafka_commit_on_answer(struct kafka_source *source, rd_kafka_resp_err_t code)
{
    source->is_commit_answered = true;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_refused(source, code);
    } else {
        source->commit_error = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
}

void kafka_commit_keep(struct kafka_source *source, const struct kafka_partition *p)
{
    if (has_news(p)) {
        kafka_commit_add_newest(source->left_over, p);
    }
}

bool kafka_commit_last(struct kafka_source *source)
{
    rd_kafka_topic_partition_list_t *list = source->left_over;
    source->left_over = kafka_group_list();
    return kafka_commit_send(source, list, NULL);
}
