#include "actors/edge/kafka_sink.h"

#include "actors/edge/kafka_flight.h"
#include "actors/edge/kafka_health.h"
#include "actors/edge/kafka_letter.h"
#include "actors/edge/kafka_producer.h"
#include "actors/edge/sink_gate.h"
#include "actors/messages.h"
#include "runtime/actor.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { TICK_MS = 1000, NS_PER_US = 1000, DISPATCHERS_MAX = 4096, LABELS_BYTES_MAX = 128 };

enum topic_state { TOPIC_unknown, TOPIC_asked, TOPIC_settled };

struct kafka_sink {
    struct actor actor;
    struct kafka_sink_options options;
    struct kafka_property *properties;
    char *texts;
    struct metrics_set *metrics;
    struct kafka_health health;
    struct kafka_producer *producer; /* NULL: it could not be made, and the next tick tries again */
    struct kafka_flight *flights;    /* oldest first */
    enum topic_state topic_state;
    rd_kafka_resp_err_t last_error; /* so that a lasting one is logged once */
};

static void answer(struct kafka_sink *sink, struct kafka_flight *flight, enum status status)
{
    kafka_flight_unlink(&sink->flights, flight);
    if (status == STATUS_OK) {
        int64_t took_us = (int64_t)((uv_hrtime() - flight->began_ns) / NS_PER_US);
        metrics_add(sink->metrics, METRIC_sink_writes_total, (int64_t)flight->acked);
        metrics_observe_us(sink->metrics, METRIC_sink_write_seconds, took_us);
    } else {
        metrics_add(sink->metrics, METRIC_sink_failures_total, 1);
    }
    struct msg msg = {
        .type = MSG_SINK_DELIVERED,
        .from = &sink->actor,
        .as_SINK_DELIVERED = {.status = status, .delivery = flight->delivery},
    };
    actor_send(flight->from, &msg);
    kafka_flight_destroy(&flight);
}

static void log_once(struct kafka_sink *sink, rd_kafka_resp_err_t code, const char *text)
{
    if (code != sink->last_error) {
        sink->last_error = code;
        log_event(LOG_kafka_error, log_text("sink", sink->options.sink_name),
                  log_text("topic", sink->options.topic), log_text("error", text));
    }
}

static void ask_for_topic(struct kafka_sink *sink)
{
    if (sink->producer != NULL && sink->flights != NULL && sink->topic_state == TOPIC_unknown) {
        sink->topic_state = TOPIC_asked;
        kafka_producer_ask_for_topic(sink->producer, sink->options.topic);
    }
}

static void reject(struct kafka_sink *sink, struct kafka_row *row, const char *error)
{
    metrics_add(sink->metrics, METRIC_sink_rejected_total, 1);
    log_event(LOG_sink_rejected, log_text("sink", sink->options.sink_name),
              log_text("error", error));
    kafka_flight_reject(row, error);
}

/* What the broker, or librdkafka before it, said of one row. */
static void on_result(struct kafka_sink *sink, struct kafka_row *row, rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        sink->last_error = code;
        kafka_flight_acknowledge(row);
        break;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
        if (row->is_cut) {
            reject(sink, row, rd_kafka_err2str(code));
        } else {
            kafka_flight_cut(row);
        }
        break;
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
        reject(sink, row, rd_kafka_err2str(code));
        break;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        sink->topic_state = TOPIC_unknown;
        log_once(sink, code, rd_kafka_err2str(code));
        kafka_flight_fail(row);
        break;
    default:
        log_once(sink, code, rd_kafka_err2str(code));
        kafka_flight_fail(row);
        break;
    }
}

/* False: the producer's queue is full. */
static bool send_row(struct kafka_sink *sink, struct kafka_flight *flight, size_t index)
{
    struct kafka_row *row = &flight->rows[index];
    rd_kafka_resp_err_t code =
        kafka_letter_produce(kafka_producer_client(sink->producer), sink->options.topic,
                             flight->delivery, index, row->is_cut, row);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return false;
    }
    row->state = KAFKA_ROW_sent;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_result(sink, row, code);
    }
    return true;
}

static void send_waiting(struct kafka_sink *sink)
{
    if (sink->producer == NULL || sink->topic_state != TOPIC_settled) {
        return;
    }
    for (struct kafka_flight *flight = sink->flights; flight != NULL; flight = flight->next) {
        size_t index;
        while ((index = kafka_flight_next(flight)) < flight->delivery->rows->count) {
            if (!send_row(sink, flight, index)) {
                return; /* reports make room, and call again */
            }
        }
    }
}

static void answer_what_is_over(struct kafka_sink *sink)
{
    struct kafka_flight *next;
    for (struct kafka_flight *flight = sink->flights; flight != NULL; flight = next) {
        next = flight->next;
        if (kafka_flight_is_over(flight)) {
            answer(sink, flight, flight->has_failed ? STATUS_UNAVAILABLE : STATUS_OK);
        }
    }
}

static void open_producer(struct kafka_sink *sink);
static void replace_producer(struct kafka_sink *sink, const char *error);

/* What the producer holds already would go out by itself, so the producer goes. */
static void give_back_all(struct kafka_sink *sink)
{
    if (sink->producer != NULL && kafka_flight_is_any_held(sink->flights)) {
        replace_producer(sink, "this process stood still");
    }
    while (sink->flights != NULL) {
        answer(sink, sink->flights, STATUS_UNAVAILABLE);
    }
}

static void advance(struct kafka_sink *sink)
{
    if (!sink_gate_look(sink->options.gate)) {
        answer_what_is_over(sink);
        give_back_all(sink);
        return;
    }
    ask_for_topic(sink);
    send_waiting(sink);
    answer_what_is_over(sink);
}

static void on_topic_result(struct kafka_sink *sink, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    bool is_away = code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT;
    if (is_away && !sink->health.is_up) {
        sink->topic_state = TOPIC_unknown; /* the next tick asks again */
        return;
    }
    sink->topic_state = TOPIC_settled;
    const char *text = rd_kafka_event_error_string(event);
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && result != NULL) {
        size_t count;
        const rd_kafka_topic_result_t **topics =
            rd_kafka_CreateTopics_result_topics(result, &count);
        code = count == 0 ? code : rd_kafka_topic_result_error(topics[0]);
        text = count == 0 ? text : rd_kafka_topic_result_error_string(topics[0]);
    }
    /* Not made: somebody else may make it, or the broker on first use; librdkafka's mock cluster
     * does not even answer. */
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && !is_away &&
        code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS &&
        code != RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) {
        log_once(sink, code, text);
    }
}

static void on_reports(struct kafka_sink *sink, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *message;
    while ((message = rd_kafka_event_message_next(event)) != NULL) {
        on_result(sink, message->_private, message->err);
    }
}

/* Its sequence numbers are lost. What it had under way may be written or not: it is repeated, and
 * the id header tells the two apart. */
static void replace_producer(struct kafka_sink *sink, const char *error)
{
    log_event(LOG_kafka_error, log_text("sink", sink->options.sink_name), log_text("error", error));
    kafka_producer_destroy(&sink->producer);
    sink->topic_state = TOPIC_unknown;
    while (sink->flights != NULL) {
        answer(sink, sink->flights, STATUS_UNAVAILABLE);
    }
    open_producer(sink);
}

static void on_error(struct kafka_sink *sink, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *text = rd_kafka_event_error_string(event);
    if (rd_kafka_event_error_is_fatal(event)) {
        replace_producer(sink, text);
    } else if (!kafka_health_on_error(&sink->health, code, text)) {
        log_once(sink, code, text);
    }
}

static void on_event(void *context, rd_kafka_event_t *event)
{
    struct kafka_sink *sink = context;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        on_reports(sink, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error(sink, event);
        break;
    case RD_KAFKA_EVENT_STATS:
        (void)kafka_health_on_stats(&sink->health, rd_kafka_event_stats(event));
        break;
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        on_topic_result(sink, event);
        break;
    default:
        break;
    }
}

static void on_drained(void *context)
{
    advance(context);
}

static void open_producer(struct kafka_sink *sink)
{
    enum status status = kafka_producer_create(
        &(struct kafka_producer_options){
            .loop = sink->options.loop,
            .brokers = sink->options.brokers,
            .properties = sink->properties,
            .context = sink,
            .on_event = on_event,
            .on_drained = on_drained,
        },
        &sink->producer);
    if (status != STATUS_OK) {
        sink->producer = NULL;
    }
}

static void on_deliver(struct kafka_sink *sink, const struct msg *msg)
{
    kafka_flight_append(&sink->flights,
                        kafka_flight_create(msg->as_SINK_DELIVER.delivery, msg->from));
    advance(sink);
}

/* The producer holds on to what it has under way, so the producer goes. What others have under way
 * is repeated by their dispatchers. */
static void on_cancel(struct kafka_sink *sink, const struct actor *asker)
{
    if (kafka_flight_find(sink->flights, asker) != NULL) {
        replace_producer(sink, "a partition leaves while Kafka does not answer");
    }
}

static void receive(struct actor *actor, const struct msg *msg)
{
    switch (msg->type) {
    case MSG_SINK_DELIVER:
        on_deliver(container_of(actor, struct kafka_sink, actor), msg);
        break;
    case MSG_SINK_CANCEL:
        on_cancel(container_of(actor, struct kafka_sink, actor), msg->from);
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

static void on_tick(struct actor *actor)
{
    struct kafka_sink *sink = container_of(actor, struct kafka_sink, actor);
    if (sink->producer == NULL) {
        open_producer(sink);
    }
    advance(sink);
    actor_set_deadline(actor, actor_now_ms(actor) + TICK_MS);
}

static const struct actor_class class = {
    .name = "kafka_sink",
    .receive = receive,
    .deadline = on_tick,
    .mailbox_capacity = DISPATCHERS_MAX, /* each has one delivery under way */
    .stage = STAGE_kafka,
};

static void copy_texts(struct kafka_sink *sink)
{
    struct kafka_sink_options *o = &sink->options;
    const char **texts[] = {&o->sink_name, &o->brokers, &o->topic};
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        size += strlen(*texts[i]) + 1;
    }
    char *at = sink->texts = mem_new(size, 1);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        size_t text_size = strlen(*texts[i]) + 1;
        *texts[i] = memcpy(at, *texts[i], text_size);
        at += text_size;
    }
    sink->properties = kafka_property_copy(o->properties);
    o->properties = sink->properties;
}

enum status kafka_sink_create(const struct kafka_sink_options *options,
                              struct kafka_sink **out_sink)
{
    struct kafka_sink *sink = mem_new(1, sizeof(*sink));
    sink->options = *options;
    copy_texts(sink);
    char labels[LABELS_BYTES_MAX];
    (void)snprintf(labels, sizeof(labels), "sink=\"%s\"", sink->options.sink_name);
    sink->metrics = metrics_set_of(options->metrics, METRIC_SCOPE_sink, labels);
    kafka_health_init(&sink->health, sink->options.sink_name, sink->metrics, METRIC_sink_up);
    actor_init(&sink->actor, &class, loop_sched(options->loop));
    open_producer(sink);
    if (sink->producer == NULL) {
        kafka_sink_close(&sink);
        return STATUS_BAD_CONFIG;
    }
    actor_set_deadline(&sink->actor, actor_now_ms(&sink->actor) + TICK_MS);
    *out_sink = sink;
    return STATUS_OK;
}

struct actor *kafka_sink_actor(struct kafka_sink *sink)
{
    return &sink->actor;
}

bool kafka_sink_is_up(const struct kafka_sink *sink)
{
    return sink->health.is_up;
}

void kafka_sink_close(struct kafka_sink **sink_p)
{
    struct kafka_sink *sink = *sink_p;
    *sink_p = NULL;
    if (sink == NULL) {
        return;
    }
    kafka_producer_destroy(&sink->producer);
    while (sink->flights != NULL) {
        struct kafka_flight *flight = sink->flights;
        kafka_flight_unlink(&sink->flights, flight);
        kafka_flight_destroy(&flight);
    }
    metrics_put(sink->metrics, METRIC_sink_up, 0);
    actor_deinit(&sink->actor);
    kafka_property_destroy(&sink->properties);
    mem_free(sink->texts);
    mem_free(sink);
}
