#include "actors/edge/kafka_source_internal.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    EVENTS_PER_POLL_MAX = 200,
    METADATA_BYTES_MAX = 64,
    COMMIT_WAIT_MS = 1000,
    LEAVE_WAIT_MS = 1000,
    CLOSE_WAIT_MS = 3000,
};

rd_kafka_topic_partition_list_t *kafka_group_list(void)
{
    return rd_kafka_topic_partition_list_new(8);
}

/* What librdkafka refuses here changes nothing: the next event says what is so. */
static bool accept_error(rd_kafka_error_t *error, const char *call)
{
    if (error == NULL) {
        return true;
    }
    log_event(LOG_kafka_error, log_text("call", call),
              log_text("error", rd_kafka_error_string(error)));
    rd_kafka_error_destroy(error);
    return false;
}

static void log_move(const struct kafka_source *source, const char *what, int count)
{
    log_event(LOG_kafka_rebalance, log_text("topic", source->options.topic), log_text("what", what),
              log_int("partitions", count));
}

static void disturb_all(struct kafka_source *source)
{
    for (struct kafka_partition *p = source->partitions; p != NULL; p = p->next) {
        kafka_partition_disturb(p);
    }
}

/* The answer comes at once and is empty, because until it comes all our partitions stand still;
 * each new partition follows on its own when its offset is known. */
static void on_assigned(struct kafka_source *source, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *none = kafka_group_list();
    (void)accept_error(rd_kafka_incremental_assign(source->client, none), "incremental_assign");
    rd_kafka_topic_partition_list_destroy(none);

    source->has_joined = true;
    source->is_moving = false;
    source->last_error = RD_KAFKA_RESP_ERR_NO_ERROR;
    disturb_all(source);
    if (list->cnt > 0) {
        source->is_topic_missing = false;
        log_move(source, "assigned", list->cnt);
    }
    const struct kafka_source_owner *owner = &source->options.owner;
    for (int i = 0; i < list->cnt && source->stop == KAFKA_STOP_no; i++) {
        int32_t number = list->elems[i].partition;
        if (kafka_source_find(source, number) == NULL) {
            (void)kafka_partition_create(source, number);
            owner->assigned(owner->context, number);
        }
    }
}

static void ask_back(struct kafka_source *source, int32_t number, bool is_lost)
{
    struct kafka_partition *p = kafka_source_find(source, number);
    if (p == NULL || (p->is_revoked && (p->is_lost || !is_lost))) {
        return;
    }
    p->is_revoked = true;
    p->is_lost = is_lost;
    source->options.owner.revoked(source->options.owner.context, number, is_lost);
}

/* The answer, which ends the list, waits until every one has been asked for: the owner may release
 * a partition in the call. */
static void revoke_all(struct kafka_source *source, bool is_lost)
{
    source->is_answer_due = false;
    for (int i = 0; i < source->revoked->cnt; i++) {
        ask_back(source, source->revoked->elems[i].partition, is_lost);
    }
    source->is_answer_due = true;
}

static void on_revoked(struct kafka_source *source, const rd_kafka_topic_partition_list_t *list)
{
    bool is_lost = rd_kafka_assignment_lost(source->client) != 0;
    source->is_moving = true;
    source->revoked = rd_kafka_topic_partition_list_copy(list);
    log_move(source, is_lost ? "lost" : "revoked", list->cnt);
    revoke_all(source, is_lost);
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

/* Of those that were revoked, some never came so far that librdkafka knows them. */
static rd_kafka_topic_partition_list_t *known_of_revoked(struct kafka_source *source)
{
    rd_kafka_topic_partition_list_t *known = kafka_group_list();
    rd_kafka_topic_partition_list_t *all = NULL;
    if (rd_kafka_assignment(source->client, &all) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return known;
    }
    for (int i = 0; i < all->cnt; i++) {
        const rd_kafka_topic_partition_t *item = &all->elems[i];
        if (rd_kafka_topic_partition_list_find(source->revoked, item->topic, item->partition)) {
            rd_kafka_topic_partition_list_add(known, item->topic, item->partition);
        }
    }
    rd_kafka_topic_partition_list_destroy(all);
    return known;
}

static void answer_revoke(struct kafka_source *source)
{
    if (!source->is_answer_due || !is_all_released(source)) {
        return;
    }
    source->is_answer_due = false;
    rd_kafka_topic_partition_list_t *known = known_of_revoked(source);
    (void)accept_error(rd_kafka_incremental_unassign(source->client, known),
                       "incremental_unassign");
    rd_kafka_topic_partition_list_destroy(known);
    rd_kafka_topic_partition_list_destroy(source->revoked);
    source->revoked = NULL;
    disturb_all(source);
}

/* The queue is taken apart from the source's before librdkafka may put a record into it. */
static void start_ready(struct kafka_source *source)
{
    if (source->is_answer_due || source->stop != KAFKA_STOP_no) {
        return;
    }
    for (struct kafka_partition *p = source->partitions; p != NULL; p = p->next) {
        if (p->state != KAFKA_PARTITION_ready || p->is_revoked) {
            continue;
        }
        if (kafka_partition_open(p) != STATUS_OK) {
            kafka_source_fail(source, STATUS_IO);
            return;
        }
        rd_kafka_topic_partition_list_t *list = kafka_group_list();
        rd_kafka_topic_partition_list_add(list, source->options.topic, p->number)->offset =
            p->position;
        (void)accept_error(rd_kafka_incremental_assign(source->client, list), "incremental_assign");
        rd_kafka_topic_partition_list_destroy(list);
        kafka_partition_disturb(p);
    }
}

static void on_rebalance(struct kafka_source *source, rd_kafka_event_t *event)
{
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    metrics_add(source->metrics, METRIC_rebalances_total, list->cnt > 0);
    if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        on_assigned(source, list);
    } else {
        on_revoked(source, list);
    }
}

static void on_topic_missing(struct kafka_source *source, const char *text)
{
    if (!source->is_topic_missing) {
        source->is_topic_missing = true;
        log_event(LOG_kafka_topic_missing, log_text("topic", source->options.topic),
                  log_text("error", text));
    }
}

static void on_error(struct kafka_source *source, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *text = rd_kafka_event_error_string(event);
    if (rd_kafka_event_error_is_fatal(event)) {
        log_event(LOG_kafka_fatal, log_text("error", text));
        kafka_source_fail(source, STATUS_PEER_FATAL);
    } else if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
               code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
        on_topic_missing(source, text);
    } else if (!kafka_health_on_error(&source->health, code, text) && code != source->last_error) {
        source->last_error = code;
        log_event(LOG_kafka_error, log_text("error", text));
    }
}

static void on_stats(struct kafka_source *source, rd_kafka_event_t *event)
{
    if (kafka_health_on_stats(&source->health, rd_kafka_event_stats(event))) {
        disturb_all(source); /* nobody knows what the log did while it was away */
    }
}

static void on_event(struct kafka_source *source, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
        on_rebalance(source, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error(source, event);
        break;
    case RD_KAFKA_EVENT_STATS:
        on_stats(source, event);
        break;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        source->is_commit_answered = true; /* a failure is repaired by the next commit */
        break;
    default:
        break;
    }
}

static void tell_failure(struct kafka_source *source)
{
    if (source->failure != STATUS_OK && !source->has_failed) {
        source->has_failed = true;
        source->options.owner.failed(source->options.owner.context, source->failure);
    }
}

void kafka_group_poll(struct kafka_source *source)
{
    tell_failure(source);
    for (int i = 0; i < EVENTS_PER_POLL_MAX; i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(source->queue, 0);
        if (event == NULL) {
            kafka_group_advance(source);
            return;
        }
        on_event(source, event);
        rd_kafka_event_destroy(event);
    }
    kafka_wakeup_again(&source->wakeup);
    kafka_group_advance(source);
}

void kafka_group_add_commit(rd_kafka_topic_partition_list_t *list, struct kafka_partition *p)
{
    if (p->commit_offset < 0 || p->is_lost) {
        return;
    }
    char metadata[METADATA_BYTES_MAX];
    int size = snprintf(metadata, sizeof(metadata), "%" PRId64 ",%" PRId64, p->commit_era,
                        p->commit_acked);
    rd_kafka_topic_partition_t *item =
        rd_kafka_topic_partition_list_add(list, p->source->options.topic, p->number);
    item->offset = p->commit_offset;
    item->metadata_size = (size_t)size;
    item->metadata = rd_kafka_mem_malloc(p->source->client, (size_t)size);
    memcpy(item->metadata, metadata, (size_t)size);
    p->commit_offset = -1;
}

static void send_commits(struct kafka_source *source, rd_kafka_topic_partition_list_t *list)
{
    if (list->cnt > 0) {
        source->is_commit_answered = false;
        (void)rd_kafka_commit_queue(source->client, list, source->queue, NULL, NULL);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

static void commit_newest(struct kafka_source *source)
{
    if (source->is_moving || source->stop != KAFKA_STOP_no) {
        return;
    }
    rd_kafka_topic_partition_list_t *list = kafka_group_list();
    for (struct kafka_partition *p = source->partitions; p != NULL; p = p->next) {
        kafka_group_add_commit(list, p);
    }
    send_commits(source, list);
}

/* Librdkafka says so once; what was given back in good order may be lost before it is done. */
static void look_for_loss(struct kafka_source *source)
{
    if (source->is_answer_due && rd_kafka_assignment_lost(source->client) != 0) {
        revoke_all(source, true);
    }
}

void kafka_group_tick(struct kafka_source *source)
{
    kafka_group_poll(source);
    look_for_loss(source);
    for (struct kafka_partition *p = source->partitions; p != NULL; p = p->next) {
        kafka_partition_tick(p);
    }
    commit_newest(source);
    kafka_group_advance(source);
}

static void enter(struct kafka_source *source, enum kafka_stop step, int64_t wait_ms)
{
    source->stop = step;
    source->stop_deadline_ms = kafka_source_now_ms(source) + wait_ms;
}

static void commit_last(struct kafka_source *source)
{
    rd_kafka_topic_partition_list_t *list = source->left_over;
    source->left_over = kafka_group_list();
    source->is_commit_answered = true;
    enter(source, KAFKA_STOP_committing, COMMIT_WAIT_MS);
    send_commits(source, list);
}

static void unsubscribe(struct kafka_source *source)
{
    enter(source, KAFKA_STOP_leaving, source->options.moves_partitions ? LEAVE_WAIT_MS : 0);
    if (source->options.moves_partitions) {
        source->is_moving = false;
        (void)rd_kafka_unsubscribe(source->client);
    }
}

static void close_group(struct kafka_source *source)
{
    enter(source, KAFKA_STOP_closing, CLOSE_WAIT_MS);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(source->client, source->queue);
    if (!accept_error(error, "consumer_close")) {
        source->stop_deadline_ms = kafka_source_now_ms(source);
    }
}

/* An unsubscribe has been carried out when its revoke was answered. */
static bool has_left(const struct kafka_source *source)
{
    return source->is_moving && !source->is_answer_due;
}

static void advance_stop(struct kafka_source *source)
{
    bool is_late = kafka_source_now_ms(source) >= source->stop_deadline_ms;
    switch (source->stop) {
    case KAFKA_STOP_no:
    case KAFKA_STOP_done:
        break;
    case KAFKA_STOP_releasing:
        if (source->partitions == NULL) {
            commit_last(source);
        }
        break;
    case KAFKA_STOP_committing:
        if (source->is_commit_answered || is_late) {
            unsubscribe(source);
        }
        break;
    case KAFKA_STOP_leaving:
        if (has_left(source) || is_late) {
            close_group(source);
        }
        break;
    case KAFKA_STOP_closing:
        if (rd_kafka_consumer_closed(source->client) != 0 || is_late) {
            source->stop = KAFKA_STOP_done;
            source->options.owner.stopped(source->options.owner.context);
        }
        break;
    }
}

void kafka_group_advance(struct kafka_source *source)
{
    answer_revoke(source);
    start_ready(source);
    enum kafka_stop before;
    do {
        before = source->stop;
        advance_stop(source);
    } while (source->stop != before);
}
