#include "actors/edge/kafka_feed.h"

#include "actors/edge/kafka_health.h"
#include "actors/edge/kafka_producer.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

enum {
    TICK_MS = 1000,
    TOPIC_TIMEOUT_MS = 2000,
    IN_FLIGHT_MAX = 10000,
    IN_FLIGHT_BYTES_MAX = 8 << 20,
    ERROR_BYTES_MAX = 256,
};

enum topic_state { TOPIC_unknown, TOPIC_asked, TOPIC_settled };

struct kafka_feed {
    struct kafka_feed_options options;
    struct kafka_producer *producer; /* NULL: the next tick makes it */
    struct kafka_health health;
    enum topic_state topic_state;
    rd_kafka_resp_err_t last_error; /* so that a lasting one is logged once */
    int64_t in_flight;
    int64_t in_flight_bytes;
    bool is_broken; /* a frame failed: the next tick begins anew */
    bool was_stamp_refused;
    uv_timer_t tick;
};

static void log_once(struct kafka_feed *f, rd_kafka_resp_err_t code, const char *text)
{
    if (code != f->last_error) {
        f->last_error = code;
        log_event(LOG_kafka_error, log_text("topic", f->options.topic), log_text("error", text));
    }
}

static void set_settings(const struct kafka_feed *f, rd_kafka_NewTopic_t *topic)
{
    char retention[32];
    (void)snprintf(retention, sizeof(retention), "%" PRId64, f->options.retention_ms);
    (void)rd_kafka_NewTopic_set_config(topic, "retention.ms", retention);
}

static void ask_for_topic(struct kafka_feed *f)
{
    rd_kafka_t *client = kafka_producer_client(f->producer);
    char error[ERROR_BYTES_MAX];
    rd_kafka_NewTopic_t *wanted =
        rd_kafka_NewTopic_new(f->options.topic, f->options.partitions,
                              f->options.replication_factor, error, sizeof(error));
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(client);
    rd_kafka_AdminOptions_t *admin =
        rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);

    f->topic_state = TOPIC_asked;
    (void)rd_kafka_AdminOptions_set_request_timeout(admin, TOPIC_TIMEOUT_MS, error, sizeof(error));
    if (wanted != NULL) {
        set_settings(f, wanted);
        rd_kafka_CreateTopics(client, &wanted, 1, admin, queue);
        rd_kafka_NewTopic_destroy(wanted);
    } else {
        f->topic_state = TOPIC_settled;
        log_event(LOG_kafka_error, log_text("topic", f->options.topic), log_text("error", error));
    }
    rd_kafka_AdminOptions_destroy(admin);
    rd_kafka_queue_destroy(queue);
}

static void on_topic_result(struct kafka_feed *f, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    bool is_away = code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT;
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    const char *text = rd_kafka_event_error_string(event);
    size_t count = 0;

    if (is_away && !f->health.is_up) {
        f->topic_state = TOPIC_unknown; /* the next tick asks again */
        return;
    }
    f->topic_state = TOPIC_settled;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && result != NULL) {
        const rd_kafka_topic_result_t **topics =
            rd_kafka_CreateTopics_result_topics(result, &count);
        code = count == 0 ? code : rd_kafka_topic_result_error(topics[0]);
        text = count == 0 ? text : rd_kafka_topic_result_error_string(topics[0]);
    }
    /* Not made: somebody else may make it, or the broker on first use. */
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && !is_away &&
        code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS &&
        code != RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) {
        log_once(f, code, text);
    }
    f->options.ready(f->options.context);
}

static bool is_poison(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           code == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || code == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
           code == RD_KAFKA_RESP_ERR__BAD_MSG;
}

/* Its private pointer is the sequence. */
static void on_report(struct kafka_feed *f, const rd_kafka_message_t *message)
{
    f->in_flight--;
    f->in_flight_bytes -= (int64_t)message->len;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        f->last_error = RD_KAFKA_RESP_ERR_NO_ERROR;
        f->options.acknowledged(f->options.context, (uint64_t)(uintptr_t)message->_private);
        return;
    }
    if (is_poison(message->err)) { /* it would stand in the way for ever */
        log_event(LOG_kafka_error, log_text("topic", f->options.topic),
                  log_text("error", rd_kafka_err2str(message->err)),
                  log_text("what", "a frame is dropped: the broker will never take it"));
        f->options.acknowledged(f->options.context, (uint64_t)(uintptr_t)message->_private);
        return;
    }
    log_once(f, message->err, rd_kafka_err2str(message->err));
    f->was_stamp_refused |= message->err == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
    f->is_broken = true;
}

static void on_reports(struct kafka_feed *f, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *message;
    while ((message = rd_kafka_event_message_next(event)) != NULL) {
        on_report(f, message);
    }
}

static void on_error(struct kafka_feed *f, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *text = rd_kafka_event_error_string(event);
    if (rd_kafka_event_error_is_fatal(event)) {
        log_event(LOG_kafka_fatal, log_text("topic", f->options.topic), log_text("error", text));
        f->is_broken = true;
    } else if (!kafka_health_on_error(&f->health, code, text)) {
        log_once(f, code, text);
    }
}

static void on_event(void *context, rd_kafka_event_t *event)
{
    struct kafka_feed *f = context;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        on_reports(f, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error(f, event);
        break;
    case RD_KAFKA_EVENT_STATS:
        (void)kafka_health_on_stats(&f->health, rd_kafka_event_stats(event));
        break;
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        on_topic_result(f, event);
        break;
    default:
        break;
    }
}

static void on_drained(void *context)
{
    struct kafka_feed *f = context;
    if (!f->is_broken) {
        f->options.ready(f->options.context);
    }
}

static enum status open_producer(struct kafka_feed *f)
{
    return kafka_producer_create(
        &(struct kafka_producer_options){
            .loop = f->options.loop,
            .brokers = f->options.brokers,
            .properties = f->options.properties,
            .context = f,
            .on_event = on_event,
            .on_drained = on_drained,
        },
        &f->producer);
}

/* What it had under way may be written or not: it is sent again, and whoever reads it drops what is
 * there twice. */
static void begin_anew(struct kafka_feed *f)
{
    kafka_producer_destroy(&f->producer);
    f->in_flight = 0;
    f->in_flight_bytes = 0;
    f->is_broken = open_producer(f) != STATUS_OK;
    f->topic_state = f->options.has_topic ? TOPIC_settled : TOPIC_unknown;
    f->options.lost(f->options.context);
}

static void on_tick(uv_timer_t *tick)
{
    struct kafka_feed *f = container_of(tick, struct kafka_feed, tick);
    if (f->is_broken) {
        begin_anew(f);
    }
    if (f->topic_state == TOPIC_unknown && f->producer != NULL) {
        ask_for_topic(f);
    }
    if (!f->is_broken) {
        f->options.ready(f->options.context);
    }
}

enum status kafka_feed_open(const struct kafka_feed_options *options, struct kafka_feed **out_feed)
{
    struct kafka_feed *f = mem_new(1, sizeof(*f));
    f->options = *options;
    kafka_health_init(&f->health, "feed", options->metrics, METRIC_feed_kafka_up);
    enum status status = open_producer(f);
    if (status != STATUS_OK) {
        mem_free(f);
        return status;
    }
    f->topic_state = options->has_topic ? TOPIC_settled : TOPIC_unknown;
    (void)uv_timer_init(loop_uv(options->loop), &f->tick);
    (void)uv_timer_start(&f->tick, on_tick, 0, TICK_MS);
    *out_feed = f;
    return STATUS_OK;
}

static void *unconst(const void *bytes)
{
    return (void *)(uintptr_t)bytes;
}

/* A frame may have waited since our clock was wrong. */
static int64_t stamp_ms(const struct kafka_feed *f, const struct feed_frame *frame)
{
    int64_t latest_ms = f->options.latest_ms(f->options.context, f->was_stamp_refused);
    return frame->received_ms < latest_ms ? frame->received_ms : latest_ms;
}

static rd_kafka_resp_err_t produce(struct kafka_feed *f, const struct feed_frame *frame)
{
    rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = f->options.topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {unconst(frame->symbol.bytes), frame->symbol.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {unconst(frame->value.bytes), frame->value.size}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = stamp_ms(f, frame)},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)frame->sequence},
    };
    rd_kafka_error_t *failure =
        rd_kafka_produceva(kafka_producer_client(f->producer), fields, ARRAY_COUNT(fields));
    if (failure == NULL) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_resp_err_t code = rd_kafka_error_code(failure);
    rd_kafka_error_destroy(failure);
    return code;
}

bool kafka_feed_send(struct kafka_feed *f, const struct feed_frame *frame)
{
    if (f->producer == NULL || f->is_broken || f->topic_state != TOPIC_settled ||
        f->in_flight >= IN_FLIGHT_MAX || f->in_flight_bytes >= IN_FLIGHT_BYTES_MAX) {
        return false;
    }
    rd_kafka_resp_err_t code = produce(f, frame);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return false;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_once(f, code, rd_kafka_err2str(code));
        f->is_broken = true;
        return false;
    }
    f->in_flight++;
    f->in_flight_bytes += (int64_t)frame->value.size;
    return true;
}

bool kafka_feed_is_up(const struct kafka_feed *f)
{
    return f->health.is_up;
}

int64_t kafka_feed_in_flight(const struct kafka_feed *f)
{
    return f->in_flight;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(container_of((uv_timer_t *)handle, struct kafka_feed, tick));
}

void kafka_feed_close(struct kafka_feed **feed_p)
{
    struct kafka_feed *f = *feed_p;
    *feed_p = NULL;
    if (f != NULL) {
        kafka_producer_destroy(&f->producer);
        uv_close((uv_handle_t *)&f->tick, on_closed);
    }
}
