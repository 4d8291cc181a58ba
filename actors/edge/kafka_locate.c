#include "actors/edge/kafka_source_internal.h"
#include "runtime/loop.h"

enum { LOCATE_TIMEOUT_MS = 5000 };

static int64_t locate_time(const struct kafka_partition *p, int64_t end)
{
    const struct kafka_source_options *o = &p->source->options;
    rd_kafka_topic_partition_list_t *list = kafka_group_list();
    rd_kafka_topic_partition_t *item = rd_kafka_topic_partition_list_add(list, o->topic, p->number);
    item->offset = o->start_time_ms;
    rd_kafka_resp_err_t rc =
        rd_kafka_offsets_for_times(p->source->fetch.client, list, LOCATE_TIMEOUT_MS);
    int64_t offset = -1;
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR && item->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        offset = item->offset >= 0 ? item->offset : end; /* every record is older than that */
    }
    rd_kafka_topic_partition_list_destroy(list);
    return offset;
}

/* Thread: a worker. */
static void on_locate(struct job *job)
{
    struct kafka_partition *p = container_of(job, struct kafka_partition, locate);
    const struct kafka_source_options *o = &p->source->options;
    int64_t low = -1;
    int64_t high = -1;
    p->located = -1;
    if (rd_kafka_query_watermark_offsets(p->source->fetch.client, o->topic, p->number, &low, &high,
                                         LOCATE_TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    switch (o->start) {
    case KAFKA_START_earliest:
        p->located = low;
        break;
    case KAFKA_START_latest:
        p->located = high;
        break;
    case KAFKA_START_time:
        p->located = locate_time(p, high);
        break;
    }
}

static void on_located(struct job *job)
{
    struct kafka_partition *p = container_of(job, struct kafka_partition, locate);
    if (!p->is_released && !p->is_revoked && p->located >= 0) { /* else the next tick asks again */
        kafka_partition_flow(p, p->located);
    }
    kafka_partition_let_go(p);
}

void kafka_locate_start(struct kafka_partition *p)
{
    p->state = KAFKA_PARTITION_locating;
    if (!p->locate.is_running) {
        p->holders++;
        job_start(&p->locate, loop_uv(p->source->options.loop), on_locate, on_located);
    }
}
