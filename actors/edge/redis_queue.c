#include "actors/edge/redis_queue.h"

#include "actors/candle_batch.h"
#include "actors/edge/redis_error.h"
#include "actors/edge/redis_link.h"
#include "actors/edge/redis_marks.h"
#include "actors/messages.h"
#include "runtime/actor.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <time.h>
#include <uv.h>

enum { WINDOW_BYTES_MAX = 4 << 20, NS_PER_US = 1000, MS_PER_S = 1000, NS_PER_MS = 1000000 };

_Static_assert(REDIS_QUEUE_WINDOW_CANDLES *(CANDLE_JSON_MAX + REDIS_SCRIPT_KEYS * KEY_MAX + 100) <
                   WINDOW_BYTES_MAX,
               "a full window takes too much memory");

struct job {
    struct delivery *delivery; /* borrowed until it is answered */
    struct actor *from;
    struct redis_mark *mark; /* of the asker; NULL: it is not attached */
    bool is_begun;
    bool is_sent;
    size_t rows_waiting; /* sent, and without a reply */
    int64_t came_ms;
    uint64_t came_ns;
    struct job *next;
};

struct call {
    struct job *job; /* NULL: cancelled */
    size_t row_count;
    size_t rows[REDIS_SCRIPT_CANDLES_MAX];
};

struct redis_queue {
    struct redis_queue_options options;
    struct job *first;         /* in order of arrival */
    struct job *sending;       /* the first one with rows left to send; NULL: none */
    struct candle_batch batch; /* the candles of `sending`, once it is begun */
    size_t batch_sent;
    struct call calls[REDIS_QUEUE_WINDOW_CANDLES]; /* a ring: the window is never more calls */
    size_t call_first;
    size_t call_count;
    size_t candles_waiting;
    bool is_proved;
    bool has_error;
    char error[REDIS_LINK_ERROR_MAX];
    struct redis_script_call script_call;
};

struct redis_queue *redis_queue_create(const struct redis_queue_options *options)
{
    struct redis_queue *queue = mem_new(1, sizeof(*queue));
    queue->options = *options;
    candle_batch_init(&queue->batch, "redis");
    return queue;
}

void redis_queue_destroy(struct redis_queue **queue_p)
{
    struct redis_queue *queue = *queue_p;
    *queue_p = NULL;
    if (queue == NULL) {
        return;
    }
    assert(queue->first == NULL);
    candle_batch_deinit(&queue->batch);
    mem_free(queue);
}

static void append(struct redis_queue *queue, struct job *job)
{
    struct job **at = &queue->first;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = job;
}

void redis_queue_add(struct redis_queue *queue, struct delivery *delivery, struct actor *from,
                     struct redis_mark *mark, int64_t now_ms)
{
    struct job *job = mem_new(1, sizeof(*job));
    *job = (struct job){.delivery = delivery,
                        .from = from,
                        .mark = mark,
                        .came_ms = now_ms,
                        .came_ns = uv_hrtime()};
    delivery->stale_count = 0;
    delivery->superseded_count = 0;
    append(queue, job);
    if (queue->sending == NULL) {
        queue->sending = job;
    }
}

static int64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

/* It would vanish as soon as it is written. */
static bool is_expired(const struct redis_queue *queue, const struct candle *candle)
{
    return queue->options.is_ttl_from_open && candle->open_ms + queue->options.ttl_ms <= wall_ms();
}

static struct call *new_call(struct redis_queue *queue, struct job *job)
{
    assert(queue->call_count < REDIS_QUEUE_WINDOW_CANDLES);
    size_t index = (queue->call_first + queue->call_count) % REDIS_QUEUE_WINDOW_CANDLES;
    struct call *call = &queue->calls[index];
    *call = (struct call){.job = job};
    return call;
}

static size_t room(const struct redis_queue *queue)
{
    size_t left = REDIS_QUEUE_WINDOW_CANDLES - queue->candles_waiting;
    return left < REDIS_SCRIPT_CANDLES_MAX ? left : REDIS_SCRIPT_CANDLES_MAX;
}

/* What goes into the next call; what would vanish at once is settled without one. */
static void fill_call(struct redis_queue *queue, struct call *call, size_t candles_max)
{
    redis_script_begin(&queue->script_call);
    while (queue->batch_sent < queue->batch.count && call->row_count < candles_max) {
        const struct candle_row *row = &queue->batch.rows[queue->batch_sent++];
        if (is_expired(queue, &row->candle)) {
            call->job->delivery->stale_count++;
            continue;
        }
        redis_script_add(&queue->script_call, &queue->options.keys, &row->candle);
        call->rows[call->row_count++] = row->row;
    }
}

static void send_call(struct redis_queue *queue, struct redis_link *link, int64_t now_ms)
{
    struct job *job = queue->sending;
    struct call *call = new_call(queue, job);

    fill_call(queue, call, room(queue));
    if (call->row_count == 0) {
        return;
    }
    redis_script_finish(&queue->script_call, redis_link_script_sha(link), queue->options.ttl_ms,
                        queue->options.is_ttl_from_open);
    redis_link_call(link, NULL, queue->script_call.arg_count, queue->script_call.args,
                    queue->script_call.sizes, now_ms);
    queue->call_count++;
    queue->candles_waiting += call->row_count;
    job->rows_waiting += call->row_count;
}

static void begin(struct redis_queue *queue, struct job *job)
{
    job->is_begun = true;
    queue->batch_sent = 0;
    candle_batch_clear(&queue->batch);
    candle_batch_add(&queue->batch, job->delivery);
    candle_batch_settle(&queue->batch);
}

/* A call is sent full or with all that is left of a delivery, never with what happens to fit. */
static bool has_room_for_next(const struct redis_queue *queue)
{
    size_t left = queue->batch.count - queue->batch_sent;
    return room(queue) == REDIS_SCRIPT_CANDLES_MAX || left <= room(queue);
}

void redis_queue_send(struct redis_queue *queue, struct redis_link *link, int64_t now_ms)
{
    while (queue->sending != NULL) {
        struct job *job = queue->sending;
        if (!job->is_begun) {
            begin(queue, job);
        }
        if (!has_room_for_next(queue)) {
            return;
        }
        send_call(queue, link, now_ms);
        if (queue->batch_sent == queue->batch.count) {
            job->is_sent = true;
            queue->sending = job->next;
        }
    }
}

static void note_error(struct redis_queue *queue, const char *error)
{
    if (!queue->has_error) {
        queue->has_error = true;
        (void)snprintf(queue->error, sizeof(queue->error), "%s", error);
    }
}

/* Whoever asked has its answer already. */
static void take_orphan_reply(struct redis_queue *queue, const struct redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR) {
        note_error(queue, reply->str);
    }
}

static void take_candle_reply(struct redis_queue *queue, struct job *job, size_t row,
                              const struct redisReply *reply)
{
    if (reply->type == REDIS_REPLY_INTEGER) {
        job->delivery->stale_count += reply->integer == 0;
        queue->is_proved = true;
    } else if (reply->type != REDIS_REPLY_ERROR) {
        note_error(queue, "the script was answered in another way than we know");
    } else if (redis_error_of(reply->str) == REDIS_ERROR_refused) {
        candle_batch_reject(&queue->batch, job->delivery, row, reply->str);
        queue->is_proved = true;
    } else {
        note_error(queue, reply->str);
    }
}

void redis_queue_take_reply(struct redis_queue *queue, const struct redisReply *reply)
{
    assert(queue->call_count > 0);
    struct call *call = &queue->calls[queue->call_first];
    queue->call_first = (queue->call_first + 1) % REDIS_QUEUE_WINDOW_CANDLES;
    queue->call_count--;
    queue->candles_waiting -= call->row_count;

    if (call->job == NULL) {
        take_orphan_reply(queue, reply);
        return;
    }
    call->job->rows_waiting -= call->row_count;
    if (reply->type == REDIS_REPLY_ERROR) {
        note_error(queue, reply->str);
    } else if (reply->type != REDIS_REPLY_ARRAY || reply->elements != call->row_count) {
        note_error(queue, "the script was answered in another way than we know");
    } else {
        for (size_t i = 0; i < call->row_count; i++) {
            take_candle_reply(queue, call->job, call->rows[i], reply->element[i]);
        }
    }
}

const char *redis_queue_error(const struct redis_queue *queue)
{
    return queue->has_error ? queue->error : NULL;
}

bool redis_queue_take_proof(struct redis_queue *queue)
{
    bool is_proved = queue->is_proved;
    queue->is_proved = false;
    return is_proved;
}

void redis_queue_answer_one(struct actor *to, struct delivery *delivery, enum status status)
{
    struct msg msg = {
        .type = MSG_SINK_DELIVERED,
        .as_SINK_DELIVERED = {.status = status, .delivery = delivery},
    };
    actor_send(to, &msg);
}

/* Takes it out of the line and answers. */
static void settle(struct redis_queue *queue, struct job **at, enum status status)
{
    struct job *job = *at;

    *at = job->next;
    if (queue->sending == job) {
        queue->sending = job->next;
    }
    redis_queue_answer_one(job->from, job->delivery, status);
    mem_free(job);
}

static void count(const struct redis_queue *queue, const struct job *job)
{
    const struct delivery *delivery = job->delivery;
    size_t rejected = delivery->rejections == NULL ? 0 : delivery->rejections->count;
    size_t written = delivery->rows->count - rejected - delivery->stale_count;
    struct metrics_set *metrics = queue->options.metrics;

    metrics_add(metrics, METRIC_sink_writes_total, (int64_t)written);
    metrics_add(metrics, METRIC_sink_refilled_total, delivery->is_refill ? (int64_t)written : 0);
    metrics_add(metrics, METRIC_sink_stale_writes_total, (int64_t)delivery->stale_count);
    metrics_add(metrics, METRIC_sink_rejected_total, (int64_t)rejected);
    metrics_observe_us(metrics, METRIC_sink_write_seconds,
                       (int64_t)((uv_hrtime() - job->came_ns) / NS_PER_US));
}

static bool is_written(const struct job *job)
{
    return job->is_sent && job->rows_waiting == 0;
}

void redis_queue_answer(struct redis_queue *queue)
{
    struct job **at = &queue->first;

    while (!queue->has_error && *at != NULL) {
        if (is_written(*at) && redis_marks_acknowledge((*at)->mark, (*at)->delivery)) {
            count(queue, *at);
            settle(queue, at, STATUS_OK);
        } else {
            at = &(*at)->next;
        }
    }
}

int64_t redis_queue_rewind(struct redis_queue *queue)
{
    int64_t begun = 0;

    for (struct job *job = queue->first; job != NULL; job = job->next) {
        begun += job->is_begun;
        job->is_begun = false;
        job->is_sent = false;
        job->rows_waiting = 0;
        job->delivery->stale_count = 0;
        job->delivery->superseded_count = 0;
        delivery_destroy_rejections(&job->delivery->rejections);
    }
    queue->sending = queue->first;
    queue->call_count = 0;
    queue->candles_waiting = 0;
    queue->has_error = false;
    queue->is_proved = false;
    return begun;
}

static int64_t later(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

int64_t redis_queue_oldest_ms(const struct redis_queue *queue, int64_t since_ms)
{
    return queue->first == NULL ? DEADLINE_NONE : later(queue->first->came_ms, since_ms);
}

int64_t redis_queue_give_back(struct redis_queue *queue, int64_t since_ms, int64_t limit_ms)
{
    int64_t given_back = 0;

    while (queue->first != NULL && redis_queue_oldest_ms(queue, since_ms) <= limit_ms) {
        settle(queue, &queue->first, STATUS_UNAVAILABLE);
        given_back++;
    }
    return given_back;
}

/* Replies that are still to come find nobody. */
static void orphan_calls(struct redis_queue *queue, const struct job *job)
{
    for (size_t i = 0; i < queue->call_count; i++) {
        struct call *call = &queue->calls[(queue->call_first + i) % REDIS_QUEUE_WINDOW_CANDLES];
        if (call->job == job) {
            call->job = NULL;
        }
    }
}

int64_t redis_queue_cancel(struct redis_queue *queue, const struct actor *asker)
{
    int64_t cancelled = 0;
    struct job **at = &queue->first;

    while (*at != NULL) {
        if ((*at)->from != asker) {
            at = &(*at)->next;
            continue;
        }
        orphan_calls(queue, *at);
        delivery_destroy_rejections(&(*at)->delivery->rejections);
        settle(queue, at, STATUS_UNAVAILABLE);
        cancelled++;
    }
    return cancelled;
}
