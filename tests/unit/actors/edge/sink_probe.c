/* Delivers made-up candles through the real edge, on a real loop, to a real server.
 *
 *   sink_probe redis URL | mongo URI [--name value ...]
 *
 * Candle i of --rows has versions 1 to --repeat, each with a higher revision; all versions, and the
 * last one once more, are delivered in the order that --reorder (a seed; 0: in order) gives. Each
 * of
 * --partitions delivers its share, --delivery rows at a time, as a dispatcher would. Ends when all
 * of it is answered, with a line of counts on standard output; tests/integration/sinks.py knows the
 * formulas and looks into the server. */
#include "actors/edge/mongo_sink.h"
#include "actors/edge/redis_sink.h"
#include "actors/edge/sink_gate.h"
#include "actors/messages.h"
#include "proto/candle.h"
#include "runtime/actor.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/rand.h"
#include "runtime/sched.h"
#include "tests/unit/actors/edge/sink_probe_candle.h"
#include "tests/unit/actors/edge/sink_probe_settings.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { RETRY_MS = 50, LOOK_MS = 20, SENTINELS_MAX = 8, NS_PER_MS = 1000000 };

struct partition {
    struct actor actor;
    struct probe *probe;
    int32_t id;
    struct sink_probe_item *items;
    size_t count;
    size_t next;
    struct delivery delivery;
    bool is_done;
    bool is_attached;
};

struct probe {
    struct sink_probe_settings settings;
    struct loop *loop;
    struct metrics *metrics;
    struct redis_sink *redis;
    struct mongo_sink *mongo;
    struct partition *partitions;
    struct sink_gate *gate; /* NULL: none */
    int64_t stall;          /* that is to be opened again */
    uv_timer_t closer;
    uv_timer_t looker;
    uv_timer_t opener;
    bool is_closing;
    int64_t running;
    int64_t stale;
    int64_t superseded;
    int64_t rejected;
    int64_t retried;
    int64_t answered;
};

static struct actor *edge(const struct probe *probe)
{
    return probe->redis != NULL ? redis_sink_actor(probe->redis) : mongo_sink_actor(probe->mongo);
}

static void deliver(struct partition *p)
{
    struct msg msg = {
        .type = MSG_SINK_DELIVER, .from = &p->actor, .as_SINK_DELIVER = {&p->delivery}};
    actor_send(edge(p->probe), &msg);
}

static void tell(struct partition *p, struct msg msg)
{
    msg.from = &p->actor;
    actor_send(edge(p->probe), &msg);
}

/* Attached, it goes when the sink has let go of it. */
static void end_one(struct partition *p)
{
    p->is_done = true;
    if (p->is_attached && p->probe->redis != NULL) {
        tell(p, (struct msg){.type = MSG_SINK_DETACH});
        return;
    }
    if (--p->probe->running == 0) {
        loop_stop(p->probe->loop);
    }
}

static void deliver_next(struct partition *p)
{
    size_t left = p->count - p->next;
    size_t count =
        left < (size_t)p->probe->settings.delivery ? left : (size_t)p->probe->settings.delivery;
    if (count == 0 || p->probe->is_closing) {
        end_one(p);
        return;
    }
    const struct sink_probe_series series = {p->probe->settings.symbols,
                                             p->probe->settings.base_ms};
    p->delivery = (struct delivery){.topic = "probe",
                                    .partition = p->id,
                                    .rows = sink_probe_rows(&series, p->items + p->next, count),
                                    .revision = -1,
                                    .acked = acked_none()};
    deliver(p);
}

static void forget(struct partition *p)
{
    outbox_rows_destroy(&p->delivery.rows);
    delivery_destroy_rejections(&p->delivery.rejections);
}

static void count_delivery(struct partition *p)
{
    struct rejections *rejections = p->delivery.rejections;
    p->probe->answered += (int64_t)p->delivery.rows->count;
    p->probe->stale += (int64_t)p->delivery.stale_count;
    p->probe->superseded += (int64_t)p->delivery.superseded_count;
    for (size_t i = 0; rejections != NULL && i < rejections->count; i++) {
        struct candle candle;
        enum status status = candle_decode(rejections->items[i].row.payload, &candle);
        assert(status == STATUS_OK);
        (void)status;
        p->probe->rejected++;
        printf("rejected %s %" PRId64 " %s\n", candle.symbol, candle.open_ms,
               rejections->items[i].error);
    }
}

/* What it had is not given again: that is the dispatcher's. */
static void on_forgot(struct partition *p, const struct msg_sink_forgot *m)
{
    printf("forgot %d\n", p->id);
    tell(p, (struct msg){.type = MSG_SINK_REFILLED, .as_SINK_REFILLED = {.loss = m->loss}});
}

static void on_delivered(struct partition *p, const struct msg *msg)
{
    struct actor *actor = &p->actor;
    assert(msg->as_SINK_DELIVERED.delivery == &p->delivery);

    if (msg->as_SINK_DELIVERED.status != STATUS_OK) {
        assert(status_class_of(msg->as_SINK_DELIVERED.status) == STATUS_CLASS_RETRY);
        p->probe->retried++;
        delivery_destroy_rejections(&p->delivery.rejections);
        if (p->probe->is_closing) {
            end_one(p);
            return;
        }
        actor_set_deadline(actor, actor_now_ms(actor) + RETRY_MS);
        return;
    }
    count_delivery(p);
    p->next += p->delivery.rows->count;
    forget(p);
    actor_set_deadline(actor, actor_now_ms(actor) + p->probe->settings.pause_ms);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct partition *p = container_of(actor, struct partition, actor);

    switch (msg->type) {
    case MSG_SINK_DELIVERED:
        on_delivered(p, msg);
        break;
    case MSG_SINK_FORGOT:
        on_forgot(p, &msg->as_SINK_FORGOT);
        break;
    case MSG_SINK_DETACHED:
        p->is_attached = false;
        end_one(p);
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

static void on_deadline(struct actor *actor)
{
    struct partition *p = container_of(actor, struct partition, actor);
    if (p->is_done) {
        return;
    }
    if (p->delivery.rows != NULL && !p->probe->is_closing) {
        deliver(p);
        return;
    }
    deliver_next(p);
}

static const struct actor_class partition_class = {
    .name = "probe", .receive = receive, .deadline = on_deadline, .mailbox_capacity = 8};

static void fill(struct partition *p, int64_t id)
{
    const struct sink_probe_settings *s = &p->probe->settings;
    int64_t versions = s->repeat > 1 ? s->repeat + 1 : 1;

    p->id = (int32_t)id;
    p->items = mem_new((size_t)(s->rows * versions) + 1, sizeof(p->items[0]));
    for (int64_t i = 0; i < s->rows; i++) {
        for (int64_t v = 1; i % s->symbols % s->partitions == id && v <= versions; v++) {
            int64_t version = v > s->repeat ? s->repeat : v;
            p->items[p->count++] = (struct sink_probe_item){(uint32_t)i, (uint32_t)version};
        }
    }
    sink_probe_shuffle(p->items, p->count, s->reorder == 0 ? 0 : (uint64_t)(s->reorder + id));
}

static void close_sink(struct probe *probe)
{
    redis_sink_close(&probe->redis);
    mongo_sink_close(&probe->mongo);
}

/* What the sink holds comes back, and no more is delivered. */
static void on_close_time(uv_timer_t *timer)
{
    struct probe *probe = container_of(timer, struct probe, closer);
    probe->is_closing = true;
    if (probe->settings.close_after_ms > 0) {
        close_sink(probe);
        return;
    }
    for (int64_t i = 0; i < probe->settings.partitions; i++) {
        struct msg msg = {.type = MSG_SINK_CANCEL, .from = &probe->partitions[i].actor};
        actor_send(edge(probe), &msg);
    }
}

static void on_open_time(uv_timer_t *timer)
{
    struct probe *probe = container_of(timer, struct probe, opener);
    bool is_open = sink_gate_open(probe->gate, probe->stall);
    fprintf(stderr, "%s\n", is_open ? "opened" : "stalled again");
}

static void on_look_time(uv_timer_t *timer)
{
    struct probe *probe = container_of(timer, struct probe, looker);
    (void)sink_gate_look(probe->gate);
    int64_t stall = sink_gate_take_stall(probe->gate);
    if (stall != 0) {
        probe->stall = stall;
        fprintf(stderr, "stalled\n");
        (void)uv_timer_start(&probe->opener, on_open_time, (uint64_t)probe->settings.open_after_ms,
                             0);
    }
}

static void open_gate(struct probe *probe)
{
    (void)uv_timer_init(loop_uv(probe->loop), &probe->looker);
    (void)uv_timer_init(loop_uv(probe->loop), &probe->opener);
    if (probe->settings.gate_ms > 0) {
        probe->gate =
            sink_gate_create(&(struct sink_gate_options){.limit_ms = probe->settings.gate_ms});
        (void)uv_timer_start(&probe->looker, on_look_time, LOOK_MS, LOOK_MS);
    }
}

static enum status open_sink(struct probe *probe, const char *kind, const char *address)
{
    const struct sink_probe_settings *s = &probe->settings;
    const char *sentinels[SENTINELS_MAX];
    char text[512];
    (void)snprintf(text, sizeof(text), "%s", s->sentinels);
    size_t sentinel_count = sink_probe_settings_split(text, sentinels, SENTINELS_MAX);

    if (strcmp(kind, "redis") == 0) {
        return redis_sink_create(
            &(struct redis_sink_options){
                .loop = probe->loop,
                .metrics = probe->metrics,
                .url = address,
                .password = s->password,
                .sentinels = sentinels,
                .sentinel_count = sentinel_count,
                .group = "probe",
                .gate = probe->gate,
                .key = "crypto:{symbol}:{interval}:{openTime}",
                .index_key = "crypto:{symbol}:{interval}:index",
                .latest_key = "crypto:{symbol}:{interval}:latest",
                .ttl_ms = s->ttl_ms,
                .ttl_from =
                    strcmp(s->ttl_from, "open") == 0 ? REDIS_TTL_FROM_open : REDIS_TTL_FROM_write,
                .seed = 1,
            },
            &probe->redis);
    }
    return mongo_sink_create(&(struct mongo_sink_options){.loop = probe->loop,
                                                          .metrics = probe->metrics,
                                                          .uri = address,
                                                          .database = s->database,
                                                          .collection = s->collection,
                                                          .retention_ms = s->retention_ms,
                                                          .gate = probe->gate},
                             &probe->mongo);
}

static void start(struct probe *probe)
{
    int64_t count = probe->settings.partitions;
    probe->partitions = mem_new((size_t)count, sizeof(probe->partitions[0]));
    probe->running = count;
    for (int64_t i = 0; i < count; i++) {
        struct partition *p = &probe->partitions[i];
        p->probe = probe;
        actor_init(&p->actor, &partition_class, loop_sched(probe->loop));
        fill(p, i);
        if (probe->settings.attach > 0) {
            p->is_attached = true;
            tell(p, (struct msg){.type = MSG_SINK_ATTACH,
                                 .as_SINK_ATTACH = {"probe", (int32_t)i, probe->settings.acked,
                                                    probe->settings.acked_count,
                                                    probe->settings.life}});
        }
        actor_set_deadline(&p->actor, 0);
    }
    (void)uv_timer_init(loop_uv(probe->loop), &probe->closer);
    int64_t end_ms = probe->settings.close_after_ms + probe->settings.cancel_after_ms;
    if (end_ms > 0) {
        (void)uv_timer_start(&probe->closer, on_close_time, (uint64_t)end_ms, 0);
    }
}

static void finish(struct probe *probe)
{
    close_sink(probe);
    uv_close((uv_handle_t *)&probe->closer, NULL);
    uv_close((uv_handle_t *)&probe->looker, NULL);
    uv_close((uv_handle_t *)&probe->opener, NULL);
    for (int64_t i = 0; i < probe->settings.partitions; i++) {
        forget(&probe->partitions[i]);
        actor_deinit(&probe->partitions[i].actor);
        mem_free(probe->partitions[i].items);
    }
    mem_free(probe->partitions);
    loop_drain(probe->loop);
    loop_destroy(&probe->loop);
    metrics_destroy(&probe->metrics);
    sink_gate_destroy(&probe->gate);
}

int main(int argc, char **argv)
{
    struct probe probe = {.running = 0};
    if (argc < 3 || argc % 2 == 0) {
        fprintf(stderr, "usage: sink_probe redis URL | mongo URI [--name value ...]\n");
        return 2;
    }
    (void)signal(SIGPIPE,
                 SIG_IGN); /* as the daemon does: hiredis writes to sockets that may be cut */
    sink_probe_settings_read(&probe.settings, argc - 3, argv + 3);
    probe.metrics = metrics_create();
    if (loop_create(sizeof(struct msg), &probe.loop) != STATUS_OK) {
        return 2;
    }
    open_gate(&probe);
    if (open_sink(&probe, argv[1], argv[2]) != STATUS_OK) {
        uv_close((uv_handle_t *)&probe.looker, NULL);
        uv_close((uv_handle_t *)&probe.opener, NULL);
        loop_drain(probe.loop);
        loop_destroy(&probe.loop);
        metrics_destroy(&probe.metrics);
        return 2;
    }
    start(&probe);
    uint64_t began_ns = uv_hrtime();
    enum status status = loop_run(probe.loop);
    int64_t took_ms = (int64_t)((uv_hrtime() - began_ns) / NS_PER_MS);
    printf("superseded=%" PRId64 " ", probe.superseded);
    printf("answered=%" PRId64 " stale=%" PRId64 " rejected=%" PRId64 " retried=%" PRId64
           " ms=%" PRId64 " rows_per_s=%" PRId64 "\n",
           probe.answered, probe.stale, probe.rejected, probe.retried, took_ms,
           probe.answered * 1000 / (took_ms > 0 ? took_ms : 1));
    finish(&probe);
    return status == STATUS_OK ? 0 : 1;
}
