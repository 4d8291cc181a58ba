#include "actors/edge/redis_sink.h"

#include "actors/edge/redis_error.h"
#include "actors/edge/redis_link.h"
#include "actors/edge/redis_marks.h"
#include "actors/edge/redis_queue.h"
#include "actors/edge/redis_script.h"
#include "actors/edge/redis_sentinels.h"
#include "actors/edge/redis_server.h"
#include "actors/edge/sink_gate.h"
#include "actors/edge/sink_health.h"
#include "actors/messages.h"
#include "runtime/actor.h"
#include "runtime/backoff.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <stdio.h>
#include <string.h>

enum {
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 5000,
    HOLD_MS = 3000,   /* so long a delivery waits for a Redis that is away */
    PROOF_MS = 10000, /* so long a Redis that refused a write must stay without another to be up */
    GATE_POLL_MS = 100,
    DISPATCHERS_MAX = 1024,
    MESSAGES_MAX = 6, /* of one dispatcher */
};

struct redis_sink {
    struct actor actor;
    struct redis_queue *queue;
    struct redis_marks *marks;
    struct sink_gate *gate; /* NULL: none */
    struct redis_link *link;
    struct redis_server server;
    struct sink_health health;
    struct metrics_set *metrics;
    struct backoff backoff;
    bool is_due;        /* redis_link_step() wants to be called in the next turn */
    bool is_ready;      /* the link was, when we last looked */
    bool is_proof_owed; /* it refused a write: up is told only after the next one that works */
    int64_t ready_ms;   /* since when the link is ready */
    int64_t down_ms;    /* since when the sink is not up */
    int64_t reopen_ms;  /* while the link is closed */
};

static void come(void *context)
{
    struct redis_sink *sink = context;
    sink->is_due = true;
    actor_set_deadline(&sink->actor, actor_now_ms(&sink->actor));
}

static void replied(void *context, void *token, const struct redisReply *reply)
{
    struct redis_sink *sink = context;
    if (token != NULL) {
        redis_marks_take_reply(sink->marks, token, reply);
    } else {
        redis_queue_take_reply(sink->queue, reply);
    }
}

static bool may_write(void *context)
{
    struct redis_sink *sink = context;
    if (sink_gate_look(sink->gate)) {
        return true;
    }
    come(sink);
    return false;
}

static void set_up(struct redis_sink *sink)
{
    sink->is_proof_owed = false;
    backoff_reset(&sink->backoff);
    if (sink_health_set_up(&sink->health)) {
        metrics_put(sink->metrics, METRIC_sink_up, 1);
    }
}

/* Sentinels name another primary sooner or later: there is nothing to do. */
static const char *advice_on(const struct redis_sink *sink, const char *error)
{
    bool is_replica = strstr(error, "READONLY") != NULL;
    return sink->server.sentinels != NULL && is_replica ? "" : redis_error_advice(error);
}

static void set_down(struct redis_sink *sink, const char *error)
{
    int64_t now_ms = actor_now_ms(&sink->actor);
    if (sink_health_set_down(&sink->health, error, advice_on(sink, error), now_ms)) {
        sink->down_ms = now_ms;
        metrics_put(sink->metrics, METRIC_sink_up, 0);
    }
}

static void hang_up(struct redis_sink *sink)
{
    redis_link_close(sink->link);
    sink->is_ready = false;
    redis_marks_rewind(sink->marks);
    metrics_add(sink->metrics, METRIC_sink_failures_total, redis_queue_rewind(sink->queue));
}

/* A forgotten script is no fault: it is loaded anew with the next connection. Were it forgotten
 * again and again, the backoff grows all the same, because no write works. */
static void reconnect(struct redis_sink *sink, const char *error)
{
    hang_up(sink);
    sink->reopen_ms = actor_now_ms(&sink->actor) + backoff_next_ms(&sink->backoff);
    if (redis_error_of(error) != REDIS_ERROR_no_script) {
        set_down(sink, error);
    }
}

static const char *said_error(const struct redis_sink *sink)
{
    const char *error = redis_queue_error(sink->queue);
    return error != NULL ? error : redis_marks_error(sink->marks);
}

/* Marks first: they are there before a candle is written, and moved on when candles are there. */
static void exchange(struct redis_sink *sink, int64_t now_ms)
{
    redis_marks_send(sink->marks, sink->link, now_ms);
    redis_queue_send(sink->queue, sink->link, now_ms);
    redis_queue_answer(sink->queue);
    redis_marks_send(sink->marks, sink->link, now_ms);
}

/* With sentinels it says where the primary is now. */
static void show_address(struct redis_sink *sink)
{
    char url[SINK_HEALTH_ADDRESS_MAX - REDIS_SENTINELS_HOST_MAX];
    redis_url_print(&sink->server.url, url, sizeof(url));
    if (sink->server.sentinels == NULL || !sink->is_ready) {
        (void)snprintf(sink->health.address, sizeof(sink->health.address), "%s", url);
    } else {
        (void)snprintf(sink->health.address, sizeof(sink->health.address), "%s at %s:%s", url,
                       redis_link_host(sink->link), redis_link_port(sink->link));
    }
}

static void on_ready(struct redis_sink *sink)
{
    int64_t now_ms = actor_now_ms(&sink->actor);
    bool is_proved = redis_queue_take_proof(sink->queue);

    if (!sink->is_ready) {
        sink->is_ready = true;
        sink->ready_ms = now_ms;
        show_address(sink);
    }
    const char *error = said_error(sink);
    if (error != NULL) {
        char kept[REDIS_LINK_ERROR_MAX]; /* it is about to be forgotten */
        (void)snprintf(kept, sizeof(kept), "%s", error);
        sink->is_proof_owed = true;
        reconnect(sink, kept);
        return;
    }
    if (is_proved || !sink->is_proof_owed || now_ms - sink->ready_ms >= PROOF_MS) {
        set_up(sink);
    }
    exchange(sink, now_ms);
}

/* Nothing more leaves this process: what waits in the connection goes with it. */
static void stand_back(struct redis_sink *sink)
{
    if (redis_link_is_waiting(sink->link)) {
        hang_up(sink);
        sink->reopen_ms = actor_now_ms(&sink->actor);
    }
    metrics_add(sink->metrics, METRIC_sink_failures_total,
                redis_queue_give_back(sink->queue, INT64_MIN, INT64_MAX));
}

static void move(struct redis_sink *sink)
{
    int64_t now_ms = actor_now_ms(&sink->actor);

    switch (redis_link_step(sink->link, now_ms)) {
    case REDIS_LINK_closed:
        if (now_ms >= sink->reopen_ms) {
            redis_link_open(sink->link);
        }
        break;
    case REDIS_LINK_ready:
        if (sink_gate_look(sink->gate)) {
            on_ready(sink);
        } else {
            stand_back(sink);
        }
        break;
    case REDIS_LINK_failed:
        reconnect(sink, redis_link_error(sink->link));
        break;
    default:
        break;
    }
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

static int64_t next_deadline_ms(const struct redis_sink *sink)
{
    int64_t next_ms = redis_link_deadline_ms(sink->link);
    if (sink->is_due) {
        return actor_now_ms(&sink->actor);
    }
    if (!sink_gate_is_open(sink->gate)) {
        next_ms = earlier(next_ms, actor_now_ms(&sink->actor) + GATE_POLL_MS);
    }
    if (sink->is_ready) {
        return sink->is_proof_owed ? earlier(next_ms, sink->ready_ms + PROOF_MS) : next_ms;
    }
    if (next_ms == DEADLINE_NONE) {
        next_ms = sink->reopen_ms;
    }
    int64_t held_ms = redis_queue_oldest_ms(sink->queue, sink->down_ms);
    return held_ms == DEADLINE_NONE ? next_ms : earlier(next_ms, held_ms + HOLD_MS);
}

static void on_deadline(struct actor *actor)
{
    struct redis_sink *sink = container_of(actor, struct redis_sink, actor);

    sink->is_due = false;
    move(sink);
    if (!sink->is_ready) {
        int64_t limit_ms = actor_now_ms(actor) - HOLD_MS;
        int64_t given_back = redis_queue_give_back(sink->queue, sink->down_ms, limit_ms);
        metrics_add(sink->metrics, METRIC_sink_failures_total, given_back);
    }
    actor_set_deadline(actor, next_deadline_ms(sink));
}

static void cancel(struct redis_sink *sink, const struct actor *asker)
{
    metrics_add(sink->metrics, METRIC_sink_failures_total, redis_queue_cancel(sink->queue, asker));
}

static void tell_detached(struct actor *dispatcher)
{
    struct msg msg = {.type = MSG_SINK_DETACHED};
    actor_send(dispatcher, &msg);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct redis_sink *sink = container_of(actor, struct redis_sink, actor);

    switch (msg->type) {
    case MSG_SINK_DELIVER:
        redis_queue_add(sink->queue, msg->as_SINK_DELIVER.delivery, msg->from,
                        redis_marks_find(sink->marks, msg->from), actor_now_ms(actor));
        come(sink);
        break;
    case MSG_SINK_CANCEL:
        cancel(sink, msg->from);
        break;
    case MSG_SINK_ATTACH:
        redis_marks_attach(sink->marks, msg->from, &msg->as_SINK_ATTACH);
        come(sink);
        break;
    case MSG_SINK_REFILLED:
        if (redis_marks_end_refill(sink->marks, msg->from, &msg->as_SINK_REFILLED)) {
            come(sink);
        }
        break;
    case MSG_SINK_DETACH:
        cancel(sink, msg->from);
        redis_marks_detach(sink->marks, msg->from);
        tell_detached(msg->from);
        come(sink);
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

static void discard(const struct msg *unread)
{
    if (unread->type == MSG_SINK_DELIVER) {
        redis_queue_answer_one(unread->from, unread->as_SINK_DELIVER.delivery, STATUS_UNAVAILABLE);
    } else if (unread->type == MSG_SINK_DETACH) {
        tell_detached(unread->from);
    }
}

static const struct actor_class redis_sink_class = {
    .name = "redis_sink",
    .receive = receive,
    .deadline = on_deadline,
    .discard = discard,
    .mailbox_capacity = MESSAGES_MAX * DISPATCHERS_MAX,
    .stage = STAGE_redis,
};

static enum status prepare(struct redis_sink *sink, const struct redis_sink_options *options,
                           char *error, size_t error_size)
{
    struct redis_queue_options queue_options = {
        .metrics = sink->metrics,
        .ttl_ms = options->ttl_ms,
        .is_ttl_from_open = options->ttl_from == REDIS_TTL_FROM_open,
    };
    enum status status =
        redis_script_keys_parse(options->key, options->index_key, options->latest_key,
                                &queue_options.keys, error, error_size);
    if (status != STATUS_OK) {
        return status;
    }
    status = redis_server_init(&sink->server, options, sink, come, error, error_size);
    if (status != STATUS_OK) {
        return status;
    }
    sink_health_init(&sink->health, "redis", "");
    show_address(sink);
    sink->queue = redis_queue_create(&queue_options);
    sink->marks = redis_marks_create(options->group, sink->health.address, options->seed);
    sink->gate = options->gate;
    return STATUS_OK;
}

static void start(struct redis_sink *sink, const struct redis_sink_options *options)
{
    actor_init(&sink->actor, &redis_sink_class, loop_sched(options->loop));
    backoff_init(&sink->backoff, BACKOFF_MIN_MS, BACKOFF_MAX_MS, options->seed);
    sink->down_ms = actor_now_ms(&sink->actor);
    sink->link = redis_link_create(&(struct redis_link_options){
        .loop = loop_uv(options->loop),
        .url = &sink->server.url,
        .tls = sink->server.tls,
        .sentinels = sink->server.sentinels,
        .script = redis_script_text,
        .context = sink,
        .come = come,
        .replied = replied,
        .may_write = may_write,
    });
    metrics_put(sink->metrics, METRIC_sink_up, 0);
    redis_link_open(sink->link);
}

enum status redis_sink_create(const struct redis_sink_options *options,
                              struct redis_sink **out_sink)
{
    struct redis_sink *sink = mem_new(1, sizeof(*sink));
    char error[REDIS_LINK_ERROR_MAX];

    sink->metrics = metrics_set_of(options->metrics, METRIC_SCOPE_sink, "sink=\"redis\"");
    enum status status = prepare(sink, options, error, sizeof(error));
    if (status != STATUS_OK) {
        log_event(LOG_sink_refused, log_text("sink", "redis"), log_text("error", error));
        mem_free(sink);
        return status;
    }
    start(sink, options);
    *out_sink = sink;
    return STATUS_OK;
}

struct actor *redis_sink_actor(struct redis_sink *sink)
{
    return &sink->actor;
}

bool redis_sink_is_up(const struct redis_sink *sink)
{
    return sink_health_is_up(&sink->health);
}

void redis_sink_close(struct redis_sink **sink_p)
{
    struct redis_sink *sink = *sink_p;
    *sink_p = NULL;
    if (sink == NULL) {
        return;
    }
    redis_link_destroy(&sink->link);
    (void)redis_queue_rewind(sink->queue);
    (void)redis_queue_give_back(sink->queue, INT64_MIN, INT64_MAX);
    redis_queue_destroy(&sink->queue);
    redis_marks_destroy(&sink->marks);
    redis_server_deinit(&sink->server);
    metrics_put(sink->metrics, METRIC_sink_up, 0);
    actor_deinit(&sink->actor);
    mem_free(sink);
}
