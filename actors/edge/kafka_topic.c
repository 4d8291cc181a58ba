#include "actors/edge/kafka_metadata.h"
#include "actors/edge/kafka_source_internal.h"
#include "runtime/log.h"
#include "runtime/loop.h"

enum { ANSWER_TIMEOUT_MS = 5000, LOOK_AGAIN_MS = 10000 };

void kafka_topic_on_missing(struct kafka_source *source, const char *text)
{
    if (!source->is_topic_missing) {
        source->is_topic_missing = true;
        log_event(LOG_kafka_topic_missing, log_text("topic", source->options.topic),
                  log_text("error", text));
    }
}

/* Thread: a worker. The reader does not come and go while it works. */
static void on_count(struct job *job)
{
    struct kafka_source *source = container_of(job, struct kafka_source, count_job);
    bool has_reader = source->fetch.client != NULL;
    source->count_error =
        kafka_metadata_partition_count(has_reader ? source->fetch.client : source->group.client,
                                       source->options.topic, ANSWER_TIMEOUT_MS, &source->counted);
}

static void create_ours(struct kafka_source *source)
{
    const struct kafka_source_options *o = &source->options;
    for (int32_t i = o->shard_index; i < source->partition_count; i += o->shard_count) {
        if (kafka_source_find(source, i) == NULL) {
            (void)kafka_partition_create(source, i);
        }
    }
}

static void take_count(struct kafka_source *source)
{
    bool is_news = source->counted != source->partition_count;
    source->partition_count = source->counted;
    source->is_topic_missing = false;
    if (is_news) {
        source->options.owner.partition_count(source->options.owner.context, source->counted);
    }
    if (kafka_source_is_ordinal(source) && source->stop == KAFKA_STOP_no) {
        create_ours(source);
        source->has_joined = true;
    }
    kafka_group_tell(source);
}

/* It asks once more for itself: it would look for the leaders of what it is assigned once a second
 * only, did it not know them. */
static void make_reader(struct kafka_source *source)
{
    if (source->stop != KAFKA_STOP_no) {
        return;
    }
    enum status status = kafka_source_open_fetch(source, source->counted);
    if (status == STATUS_OK) {
        kafka_topic_count(source);
    } else {
        kafka_source_fail(source, status);
    }
}

static void on_counted(struct job *job)
{
    struct kafka_source *source = container_of(job, struct kafka_source, count_job);
    if (!source->is_destroyed) {
        source->counted_ms = kafka_source_now_ms(source);
        if (source->count_error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
            kafka_topic_on_missing(source, rd_kafka_err2str(source->count_error));
        } else if (source->count_error == RD_KAFKA_RESP_ERR_NO_ERROR &&
                   source->fetch.client == NULL) {
            make_reader(source);
        } else if (source->count_error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            take_count(source);
        } /* else the next tick asks again */
    }
    kafka_source_let_go(source);
}

void kafka_topic_count(struct kafka_source *source)
{
    if (!source->count_job.is_running) {
        source->holders++;
        job_start(&source->count_job, loop_uv(source->options.loop), on_count, on_counted);
    }
}

/* An assigned partition waits for a count that covers it. */
static bool is_waited_for(const struct kafka_source *source)
{
    const struct kafka_partition *p = source->partitions;
    while (p != NULL && p->is_told) {
        p = p->next;
    }
    return p != NULL || source->partition_count < 0;
}

void kafka_topic_tick(struct kafka_source *source)
{
    bool is_due = kafka_source_now_ms(source) >= source->counted_ms + LOOK_AGAIN_MS;
    if (source->stop != KAFKA_STOP_no) {
        return;
    }
    if (is_waited_for(source) || (is_due && source->health.is_up)) {
        kafka_topic_count(source);
    }
}
