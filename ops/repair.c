#include "ops/repair.h"

#include "actors/messages.h"
#include "ops/config.h"
#include "ops/shard_sinks.h"
#include "runtime/backoff.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <string.h>
#include <uv.h>

enum { ROWS_MAX = 500, BACKOFF_MIN_MS = 50, BACKOFF_MAX_MS = 2000 };

/* What one sink is to get, and the actor that brings it there piece by piece. */
struct lane {
    struct actor actor;
    struct repair *repair;
    struct actor *edge;
    struct candle *candles;
    size_t count;
    size_t capacity;
    size_t next;
    struct outbox_rows rows;
    struct outbox_row items[ROWS_MAX];
    unsigned char bytes[ROWS_MAX][CANDLE_ENCODED_MAX];
    struct delivery delivery;
    struct backoff backoff;
};

struct repair {
    struct lane *lanes[SINK_COUNT]; /* NULL: nothing for it */
    struct loop *loop;
    size_t working;
    struct repair_result result;
};

struct repair *repair_create(void)
{
    return mem_new(1, sizeof(struct repair));
}

void repair_destroy(struct repair **repair_p)
{
    struct repair *repair = *repair_p;
    *repair_p = NULL;
    if (repair == NULL) {
        return;
    }
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (repair->lanes[sink] != NULL) {
            mem_free(repair->lanes[sink]->candles);
            mem_free(repair->lanes[sink]);
        }
    }
    mem_free(repair);
}

void repair_add(struct repair *repair, enum sink sink, const struct candle *candle)
{
    struct lane *lane = repair->lanes[sink];
    if (lane == NULL) {
        lane = repair->lanes[sink] = mem_new(1, sizeof(*lane));
    }
    if (lane->count == lane->capacity) {
        lane->capacity = lane->capacity * 2 + 64;
        lane->candles = mem_resize(lane->candles, lane->capacity, sizeof(*lane->candles));
    }
    lane->candles[lane->count++] = *candle;
}

static void deliver(struct lane *lane)
{
    struct msg msg = {
        .type = MSG_SINK_DELIVER, .from = &lane->actor, .as_SINK_DELIVER = {&lane->delivery}};
    actor_send(lane->edge, &msg);
}

static void send_next(struct lane *lane)
{
    size_t count = 0;
    while (count < ROWS_MAX && lane->next < lane->count) {
        const struct candle *candle = &lane->candles[lane->next++];
        size_t size = candle_encode(candle, lane->bytes[count]);
        lane->items[count] = (struct outbox_row){.kind = OUTBOX_candle,
                                                 .interval = candle->interval,
                                                 .payload = {lane->bytes[count], size}};
        count++;
    }
    if (count == 0) {
        lane->repair->working--;
        if (lane->repair->working == 0) {
            loop_stop(lane->repair->loop);
        }
        return;
    }
    lane->rows = (struct outbox_rows){.rows = lane->items, .count = count};
    lane->delivery = (struct delivery){.topic = "", .rows = &lane->rows, .is_refill = true};
    deliver(lane);
}

static void on_delivered(struct lane *lane, enum status status)
{
    struct repair_result *result = &lane->repair->result;
    int64_t rejected = 0;

    if (status_class_of(status) == STATUS_CLASS_RETRY) {
        delivery_destroy_rejections(&lane->delivery.rejections);
        actor_set_deadline(&lane->actor,
                           actor_now_ms(&lane->actor) + backoff_next_ms(&lane->backoff));
        return;
    }
    if (status_class_of(status) != STATUS_CLASS_NONE) {
        actor_escalate(&lane->actor, status);
        return;
    }
    if (lane->delivery.rejections != NULL) {
        rejected = (int64_t)lane->delivery.rejections->count;
    }
    result->rejected += rejected;
    result->stale += (int64_t)lane->delivery.stale_count;
    result->written += (int64_t)(lane->rows.count - lane->delivery.stale_count) - rejected;
    delivery_destroy_rejections(&lane->delivery.rejections);
    backoff_reset(&lane->backoff);
    send_next(lane);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct lane *lane = container_of(actor, struct lane, actor);
    if (msg->type != MSG_SINK_DELIVERED) {
        actor_unexpected(actor, msg);
    }
    on_delivered(lane, msg->as_SINK_DELIVERED.status);
}

static void on_deadline(struct actor *actor)
{
    deliver(container_of(actor, struct lane, actor));
}

static const struct actor_class lane_class = {
    .name = "repair", .receive = receive, .deadline = on_deadline, .mailbox_capacity = 2};

static void start(struct repair *repair, const struct shard_sinks *sinks)
{
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        struct lane *lane = repair->lanes[sink];
        if (lane == NULL) {
            continue;
        }
        lane->repair = repair;
        lane->edge = sinks->wired[sink].edge;
        actor_init(&lane->actor, &lane_class, loop_sched(repair->loop));
        backoff_init(&lane->backoff, BACKOFF_MIN_MS, BACKOFF_MAX_MS, uv_hrtime());
        repair->working++;
        send_next(lane);
    }
}

static void stop(struct repair *repair)
{
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (repair->lanes[sink] != NULL) {
            actor_deinit(&repair->lanes[sink]->actor);
        }
    }
}

static bool has_work(const struct repair *repair)
{
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (repair->lanes[sink] != NULL) {
            return true;
        }
    }
    return false;
}

static enum status run(struct repair *repair, const struct config *config, struct metrics *metrics)
{
    struct shard_sinks sinks;
    struct shard_sinks_options options = {
        .config = config,
        .brokers = config->kafka.brokers,
        .loop = repair->loop,
        .metrics = metrics,
    };
    enum status status = shard_sinks_open(&options, &sinks);
    if (status != STATUS_OK) {
        return status;
    }
    start(repair, &sinks);
    status = loop_run(repair->loop);
    shard_sinks_close(&sinks);
    stop(repair);
    loop_drain(repair->loop);
    return status;
}

enum status repair_run(struct repair *repair, const struct config *config,
                       struct repair_result *out_result)
{
    struct metrics *metrics;
    if (!has_work(repair)) {
        *out_result = repair->result;
        return STATUS_OK;
    }
    enum status status = loop_create(sizeof(struct msg), &repair->loop);
    if (status != STATUS_OK) {
        return status;
    }
    metrics = metrics_create();
    status = run(repair, config, metrics);
    metrics_destroy(&metrics);
    loop_destroy(&repair->loop);
    *out_result = repair->result;
    return status;
}
