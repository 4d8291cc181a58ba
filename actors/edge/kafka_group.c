#include "actors/edge/kafka_source_internal.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

rd_kafka_topic_partition_list_t *kafka_group_list(void)
{
    return rd_kafka_topic_partition_list_new(8);
}

enum status kafka_group_join(struct kafka_source *source)
{
    rd_kafka_topic_partition_list_t *list = kafka_group_list();
    rd_kafka_topic_partition_list_add(list, source->options.topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t rc = rd_kafka_subscribe(source->group.client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return rc == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : STATUS_BAD_CONFIG;
}

static void log_move(const struct kafka_source *source, const char *what, int count)
{
    log_event(LOG_kafka_rebalance, log_text("topic", source->options.topic), log_text("what", what),
              log_int("partitions", count));
}

/* What the group has given us, librdkafka remembers by itself; what the client reads is another
 * list, which stays empty here. So the answer is empty, and there is nothing to pause. */
static void answer(struct kafka_source *source, bool is_assign)
{
    kafka_change_ask(&source->group, is_assign, kafka_group_list(), NULL);
}

/* Each call to the owner may take partitions out of the list. */
static struct kafka_partition *next_to_tell(struct kafka_source *source)
{
    struct kafka_partition *p = source->partitions;
    while (p != NULL && (p->is_told || p->number >= source->partition_count)) {
        p = p->next;
    }
    return p;
}

void kafka_group_tell(struct kafka_source *source)
{
    const struct kafka_source_owner *owner = &source->options.owner;
    struct kafka_partition *p;
    while (source->stop == KAFKA_STOP_no && (p = next_to_tell(source)) != NULL) {
        p->is_told = true;
        owner->assigned(owner->context, p->number);
    }
}

static void on_assigned(struct kafka_source *source, const rd_kafka_topic_partition_list_t *list)
{
    answer(source, true);
    source->has_joined = true;
    source->was_assigned = true;
    source->is_moving = false;
    source->last_error = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (list->cnt > 0) {
        log_move(source, "assigned", list->cnt);
    }
    for (int i = 0; i < list->cnt && source->stop == KAFKA_STOP_no; i++) {
        int32_t number = list->elems[i].partition;
        if (kafka_source_find(source, number) == NULL) {
            (void)kafka_partition_create(source, number);
        }
        if (number >= source->partition_count) {
            kafka_topic_count(source); /* its answer tells the owner */
        }
    }
    kafka_group_tell(source);
}

void kafka_group_ask_back(struct kafka_partition *p, bool is_lost)
{
    const struct kafka_source_owner *owner = &p->source->options.owner;
    if (!p->is_told) {
        kafka_partition_release(p);
        return;
    }
    p->is_revoked = true;
    p->is_lost = is_lost;
    owner->revoked(owner->context, p->number, is_lost);
}

static bool is_to_hear(const struct kafka_partition *p, bool is_lost)
{
    return p != NULL && (!p->is_revoked || (is_lost && !p->is_lost));
}

/* The answer, which ends the list, waits until every one has been asked for: the owner may release
 * a partition in the call. */
static void revoke_all(struct kafka_source *source, bool is_lost)
{
    source->is_answer_due = false;
    for (int i = 0; i < source->revoked->cnt; i++) {
        struct kafka_partition *p = kafka_source_find(source, source->revoked->elems[i].partition);
        if (is_to_hear(p, is_lost)) {
            kafka_group_ask_back(p, is_lost);
        }
    }
    source->is_answer_due = true;
}

static void on_revoked(struct kafka_source *source, const rd_kafka_topic_partition_list_t *list)
{
    bool is_lost = rd_kafka_assignment_lost(source->group.client) != 0;
    source->is_moving = true;
    source->revoked = rd_kafka_topic_partition_list_copy(list);
    log_move(source, is_lost ? "lost" : "revoked", list->cnt);
    if (is_lost) {
        source->has_joined = false;
        kafka_confirm_on_lost(source);
    }
    revoke_all(source, is_lost);
}

void kafka_group_on_rebalance(struct kafka_source *source, rd_kafka_event_t *event)
{
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    metrics_add(source->metrics, METRIC_rebalances_total, list->cnt > 0);
    if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        on_assigned(source, list);
    } else {
        on_revoked(source, list);
    }
}

static bool is_all_released(struct kafka_source *source)
{
    for (int i = 0; i < source->revoked->cnt; i++) {
        if (kafka_source_find(source, source->revoked->elems[i].partition) != NULL) {
            return false;
        }
    }
    return true;
}

static void answer_revoke(struct kafka_source *source)
{
    if (!source->is_answer_due || !is_all_released(source)) {
        return;
    }
    source->is_answer_due = false;
    rd_kafka_topic_partition_list_destroy(source->revoked);
    source->revoked = NULL;
    answer(source, false);
}

void kafka_group_on_fenced(struct kafka_source *source)
{
    if (source->is_answer_due) {
        revoke_all(source, true);
    }
}

/* Librdkafka says so once; what was given back in good order may be lost before it is done. */
static void look_for_loss(struct kafka_source *source)
{
    if (source->is_answer_due && rd_kafka_assignment_lost(source->group.client) != 0) {
        revoke_all(source, true);
    }
}

void kafka_group_tick(struct kafka_source *source)
{
    kafka_event_poll(&source->group);
    kafka_event_poll(&source->fetch);
    look_for_loss(source);
    kafka_topic_tick(source);
    for (struct kafka_partition *p = source->partitions; p != NULL; p = p->next) {
        kafka_partition_tick(p);
    }
    kafka_group_advance(source);
}

void kafka_group_advance(struct kafka_source *source)
{
    answer_revoke(source);
    kafka_leave_advance(source);
}
