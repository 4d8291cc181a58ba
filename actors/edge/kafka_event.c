#include "actors/edge/kafka_source_internal.h"
#include "runtime/log.h"

#include <stdlib.h>
#include <string.h>

enum { EVENTS_PER_POLL_MAX = 200, NEWS_US_MAX = 100000 };

#define JOIN_STATE "\"join_state\": \""

static void on_error(struct kafka_link *link, rd_kafka_event_t *event)
{
    struct kafka_source *source = link->source;
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *text = rd_kafka_event_error_string(event);
    link->is_up = link->is_up && code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    if (rd_kafka_event_error_is_fatal(event)) {
        log_event(LOG_kafka_fatal, log_text("error", text));
        kafka_source_fail(source, STATUS_PEER_FATAL);
    } else if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
               code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
        kafka_topic_on_missing(source, text);
    } else if (!kafka_health_on_error(&source->health, code, text) && code != source->last_error) {
        source->last_error = code;
        log_event(LOG_kafka_error, log_text("error", text));
    }
}

/* The words are those of librdkafka's statistics. */
static bool is_joined_as(const char *json, const char *state)
{
    const char *found = strstr(json, JOIN_STATE);
    return found != NULL && strncmp(found + strlen(JOIN_STATE), state, strlen(state)) == 0;
}

/* Microseconds of the monotonic clock. */
static int64_t taken_us(const char *json)
{
    const char *taken = strstr(json, "\"ts\":");
    return taken == NULL ? 0 : strtoll(taken + strlen("\"ts\":"), NULL, 10);
}

/* What lay in the queue while the loop was busy, or stopped, says nothing of now. */
static bool is_at_rest(struct kafka_source *source, const char *json)
{
    int64_t age_us = (int64_t)(uv_hrtime() / 1000) - taken_us(json);
    bool is_heard = kafka_heartbeat_is_heard(&source->heartbeat, taken_us(json));
    return is_heard && age_us < NEWS_US_MAX && is_joined_as(json, "steady");
}

/* While a revoke waits for its answer, the generation is still the one in which it came. */
static void on_group_stats(struct kafka_source *source, const char *json)
{
    bool is_ordinal = kafka_source_is_ordinal(source);
    bool is_certain = is_ordinal || is_at_rest(source, json);
    if (is_certain) {
        kafka_commit_on_rest(source);
    }
    if (is_certain || (source->is_answer_due && is_joined_as(json, "wait-unassign-call"))) {
        kafka_confirm_ask(source);
    }
}

/* The reader may not be there yet. */
static bool is_up(const struct kafka_link *link)
{
    return link->client == NULL || link->is_up;
}

/* It is up when both clients are. */
static void on_stats(struct kafka_link *link, const char *json)
{
    struct kafka_source *source = link->source;
    link->is_up = strstr(json, "\"state\":\"UP\"") != NULL;
    if (is_up(&source->group) && is_up(&source->fetch) &&
        kafka_health_on_stats(&source->health, json)) {
        struct kafka_partition *p; /* nobody knows what the log did while it was away */
        for (p = source->partitions; p != NULL; p = p->next) {
            kafka_partition_disturb(p);
        }
    }
    if (link == &source->group) {
        on_group_stats(source, json);
    }
}

static void on_commit(struct kafka_source *source, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (rd_kafka_event_opaque(event) == &source->confirm) {
        kafka_confirm_on_answer(source, code);
    } else {
        kafka_commit_on_answer(source, code);
    }
}

/* Records of a partition come by its own queue. What came here instead would be missing there. */
static void on_fetch(struct kafka_source *source, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *message;
    while ((message = rd_kafka_event_message_next(event)) != NULL) {
        const struct kafka_partition *p = kafka_source_find(source, message->partition);
        if (p != NULL && p->state == KAFKA_PARTITION_flowing && !p->is_revoked) {
            log_event(LOG_kafka_fatal,
                      log_text("error", "a record came by the client's own queue"));
            kafka_source_fail(source, STATUS_PEER_FATAL);
        }
    }
}

static void on_event(struct kafka_link *link, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
        kafka_group_on_rebalance(link->source, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error(link, event);
        break;
    case RD_KAFKA_EVENT_STATS:
        on_stats(link, rd_kafka_event_stats(event));
        break;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        on_commit(link->source, event);
        break;
    case RD_KAFKA_EVENT_FETCH:
        on_fetch(link->source, event);
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

void kafka_event_poll(struct kafka_link *link)
{
    struct kafka_source *source = link->source;
    tell_failure(source);
    for (int i = 0; link->client != NULL; i++) {
        if (i == EVENTS_PER_POLL_MAX) {
            kafka_wakeup_again(&link->wakeup);
            break;
        }
        rd_kafka_event_t *event = rd_kafka_queue_poll(link->queue, 0);
        if (event == NULL) {
            break;
        }
        on_event(link, event);
        rd_kafka_event_destroy(event);
    }
    kafka_confirm_tell(source);
    kafka_group_advance(source);
}
