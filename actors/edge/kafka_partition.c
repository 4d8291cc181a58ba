#include "actors/edge/kafka_source_internal.h"
#include "actors/messages.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/stage.h"

#include <assert.h>
#include <string.h>
#include <time.h>

enum { SLICE_BYTES_MAX = 2 << 20, BYTES_PER_KIB = 1024 };

static void drop_slice(struct kafka_partition *p)
{
    for (size_t i = 0; i < p->count; i++) {
        rd_kafka_message_destroy(p->messages[i]);
    }
    p->count = 0;
}

static void reserve(struct kafka_partition *p, size_t capacity)
{
    if (capacity > p->capacity) {
        p->messages = mem_resize(p->messages, capacity, sizeof(*p->messages));
        p->records = mem_resize(p->records, capacity, sizeof(*p->records));
        p->capacity = capacity;
    }
}

static struct slice slice_of(const void *bytes, size_t size)
{
    return (struct slice){bytes, bytes == NULL ? 0 : size};
}

static void keep(struct kafka_partition *p, rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t type;
    p->messages[p->count] = message;
    p->records[p->count] = (struct record){
        .key = slice_of(message->key, message->key_len),
        .value = slice_of(message->payload, message->len),
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, &type),
    };
    p->count++;
    p->position = message->offset + 1;
}

/* The owner hears of a cut log once it has what was read before: see read_slice(). */
static void on_error(struct kafka_partition *p, const rd_kafka_message_t *message)
{
    const char *text = rd_kafka_message_errstr(message);
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        log_event(LOG_kafka_log_lost, log_text("topic", p->source->options.topic),
                  log_int("partition", p->number), log_int("offset", p->position),
                  log_text("error", text));
        p->state = KAFKA_PARTITION_cut;
        return;
    }
    log_event(LOG_kafka_error, log_text("topic", p->source->options.topic),
              log_int("partition", p->number), log_text("error", text));
}

/* Reads one by one: the batch call of 2.0 loses records around a rebalance. */
static bool fill_slice(struct kafka_partition *p, size_t *out_bytes)
{
    size_t looks_left = p->records_max + 1000; /* some are errors, or below our position */
    size_t bytes = 0;
    bool is_drained = false;
    while (p->count < p->records_max && bytes < SLICE_BYTES_MAX && looks_left-- > 0 &&
           p->state == KAFKA_PARTITION_flowing) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(p->queue, 0);
        if (message == NULL) {
            is_drained = true;
            break;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= p->position) {
            bytes += message->len + message->key_len;
            keep(p, message);
            continue;
        }
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            on_error(p, message);
        }
        rd_kafka_message_destroy(message);
    }
    *out_bytes = bytes;
    return is_drained;
}

/* As far as the last fetch told; -1: no fetch has. */
static int64_t log_end(const struct kafka_partition *p)
{
    int64_t low = -1;
    int64_t high = -1;
    (void)rd_kafka_get_watermark_offsets(p->source->fetch.client, p->source->options.topic,
                                         p->number, &low, &high);
    return high < 0 ? -1 : high;
}

static void send_slice(struct kafka_partition *p, bool is_drained, int64_t end)
{
    p->is_waiting = false;
    p->quiet_since_ms = kafka_source_now_ms(p->source);
    struct msg msg = {
        .type = MSG_SOURCE_RECORDS,
        .from = &p->actor,
        .as_SOURCE_RECORDS =
            {
                .records = p->records,
                .count = p->count,
                .is_drained = is_drained,
                .log_end = end,
            },
    };
    actor_send(p->reader, &msg);
}

/* The queue runs low, and the log has more than it. */
static void poke_if_low(struct kafka_partition *p, size_t bytes, int64_t end)
{
    size_t queued = rd_kafka_queue_length(p->queue);
    size_t low = (size_t)p->source->ahead_kib * BYTES_PER_KIB / 2;
    bool has_more = end > p->position + (int64_t)queued;
    if (has_more && queued * (bytes / p->count) < low) {
        kafka_source_poke(p->source);
    }
}

static void read_slice(struct kafka_partition *p)
{
    if (p->state != KAFKA_PARTITION_flowing || !p->is_waiting || p->is_revoked) {
        return;
    }
    size_t bytes;
    bool is_drained = fill_slice(p, &bytes);
    if (p->count > 0) {
        int64_t end = log_end(p);
        poke_if_low(p, bytes, end);
        send_slice(p, is_drained, end);
    } else if (!is_drained) {
        kafka_wakeup_again(&p->wakeup);
    }
    if (p->state == KAFKA_PARTITION_cut) {
        const struct kafka_source_owner *owner = &p->source->options.owner;
        owner->lost_log(owner->context, p->number);
    }
}

static void on_woken(struct kafka_wakeup *wakeup)
{
    enum stage before = stage_enter(STAGE_receive);
    read_slice(container_of(wakeup, struct kafka_partition, wakeup));
    (void)stage_enter(before);
}

static void on_resume(struct kafka_partition *p, const struct msg_source_resume *m)
{
    assert(!p->is_waiting);
    assert(m->records_max > 0);
    drop_slice(p);
    reserve(p, m->records_max);
    p->records_max = m->records_max;
    p->is_waiting = true;
    read_slice(p);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct kafka_partition *p = container_of(actor, struct kafka_partition, actor);
    switch (msg->type) {
    case MSG_SOURCE_RESUME:
        on_resume(p, &msg->as_SOURCE_RESUME);
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

static const struct actor_class class = {
    .name = "kafka_source",
    .receive = receive,
    .mailbox_capacity = 1,
    .stage = STAGE_receive,
};

void kafka_partition_disturb(struct kafka_partition *p)
{
    p->quiet_since_ms = kafka_source_now_ms(p->source);
}

struct kafka_partition *kafka_partition_create(struct kafka_source *source, int32_t number)
{
    struct kafka_partition *p = mem_new(1, sizeof(*p));
    p->source = source;
    p->number = number;
    p->began = -1;
    p->position = -1;
    p->commit_offset = -1;
    actor_init(&p->actor, &class, loop_sched(source->options.loop));
    kafka_partition_disturb(p);
    p->next = source->partitions;
    source->partitions = p;
    return p;
}

/* Its queue is taken apart from the client's before librdkafka may put a record into it. */
static enum status open_queue(struct kafka_partition *p)
{
    const struct kafka_source *source = p->source;
    rd_kafka_queue_t *queue =
        rd_kafka_queue_get_partition(source->fetch.client, source->options.topic, p->number);
    rd_kafka_queue_forward(queue, NULL);
    enum status status = kafka_wakeup_open(&p->wakeup, source->options.loop, queue, on_woken);
    if (status != STATUS_OK) {
        rd_kafka_queue_destroy(queue);
        return status;
    }
    p->queue = queue;
    p->holders++;
    return STATUS_OK;
}

static rd_kafka_topic_partition_list_t *list_of(const struct kafka_partition *p)
{
    rd_kafka_topic_partition_list_t *list = kafka_group_list();
    rd_kafka_topic_partition_list_add(list, p->source->options.topic, p->number)->offset =
        p->position;
    return list;
}

void kafka_partition_flow(struct kafka_partition *p, int64_t offset)
{
    p->began = offset;
    p->position = offset;
    if (open_queue(p) != STATUS_OK) {
        kafka_source_fail(p->source, STATUS_IO);
        return;
    }
    p->state = KAFKA_PARTITION_assigning;
    kafka_change_ask(&p->source->fetch, true, list_of(p), p);
}

/* Until now its queue may have held what the client had read for an earlier owner of the number. */
void kafka_partition_on_assigned(struct kafka_partition *p)
{
    if (!p->is_released) {
        p->state = KAFKA_PARTITION_flowing;
        kafka_partition_disturb(p);
        kafka_wakeup_again(&p->wakeup);
    }
    kafka_partition_let_go(p);
}

void kafka_partition_let_go(struct kafka_partition *p)
{
    assert(p->holders > 0);
    p->holders--;
    if (p->holders > 0 || !p->is_released) {
        return;
    }
    struct kafka_source *source = p->source;
    mem_free(p);
    kafka_source_let_go(source);
}

void kafka_partition_start(struct kafka_partition *p, int64_t offset)
{
    if (offset < 0) {
        kafka_locate_start(p);
    } else {
        kafka_partition_flow(p, offset);
    }
}

static int64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void kafka_partition_tick(struct kafka_partition *p)
{
    if (p->state == KAFKA_PARTITION_locating && !p->is_revoked) {
        kafka_locate_start(p);
    }
    if (p->state != KAFKA_PARTITION_flowing || !p->is_waiting || p->is_revoked) {
        return;
    }
    int64_t end = log_end(p);
    if (!p->source->health.is_up || end < 0 || p->position < end) {
        kafka_partition_disturb(p);
        return;
    }
    struct msg msg = {
        .type = MSG_SOURCE_IDLE,
        .from = &p->actor,
        .as_SOURCE_IDLE =
            {
                .wall_ms = wall_ms(),
                .quiet_ms = kafka_source_now_ms(p->source) - p->quiet_since_ms,
            },
    };
    actor_send(p->reader, &msg);
}

static void on_wakeup_closed(struct kafka_wakeup *wakeup)
{
    kafka_partition_let_go(container_of(wakeup, struct kafka_partition, wakeup));
}

static void close_queue(struct kafka_partition *p)
{
    if (!p->source->is_destroyed) { /* else its client ends soon */
        kafka_change_ask(&p->source->fetch, false, list_of(p), NULL);
    }
    kafka_wakeup_close(&p->wakeup, on_wakeup_closed);
    rd_kafka_queue_destroy(p->queue);
}

static void unlink_from(struct kafka_source *source, const struct kafka_partition *p)
{
    struct kafka_partition **at = &source->partitions;
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
}

void kafka_partition_release(struct kafka_partition *p)
{
    unlink_from(p->source, p);
    p->source->holders++;
    p->is_released = true;
    p->holders++; /* ours, until the end of this function */
    actor_deinit(&p->actor);
    drop_slice(p);
    mem_free(p->messages);
    mem_free(p->records);
    if (p->queue != NULL) {
        close_queue(p);
    }
    kafka_partition_let_go(p);
}
