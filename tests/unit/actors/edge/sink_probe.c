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
#include "actors/messages.h"
#include "proto/candle.h"
#include "runtime/actor.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/rand.h"
#include "runtime/sched.h"
#include "tests/unit/actors/edge/sink_probe_candle.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { RETRY_MS = 50, NS_PER_MS = 1000000 };

/* clang-format off */
#define SETTINGS(X)                                              \
    X(rows,       "1000")                                        \
    X(repeat,     "1")                                           \
    X(reorder,    "0")                                           \
    X(symbols,    "10")                                          \
    X(partitions, "1")                                           \
    X(delivery,   "500")                                         \
    X(base_ms,    "1738368000000")                               \
    X(ttl_ms,     "86400000")                                    \
    X(retention_ms, "0")                                         \
    X(close_after_ms, "0")                                       \
    X(cancel_after_ms, "0")                                      \
    X(pause_ms,   "0")
#define TEXTS(X)                                                 \
    X(ttl_from,   "write")                                       \
    X(password,   "")                                            \
    X(database,   "crypto_history")                              \
    X(collection, "candles")
/* clang-format on */

struct settings {
#define X(name, default_value) int64_t name;
    SETTINGS(X)
#undef X
#define X(name, default_value) const char *name;
    TEXTS(X)
#undef X
};

/* One row to deliver. */
struct item {
    uint32_t candle;
    uint32_t version;
};

struct partition {
    struct actor actor;
    struct probe *probe;
    int32_t id;
    struct item *items;
    size_t count;
    size_t next;
    struct delivery delivery;
    bool is_done;
};

struct probe {
    struct settings settings;
    struct loop *loop;
    struct metrics *metrics;
    struct redis_sink *redis;
    struct mongo_sink *mongo;
    struct partition *partitions;
    uv_timer_t closer;
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

static struct outbox_rows *make_rows(struct partition *p, size_t count)
{
    const struct sink_probe_series series = {p->probe->settings.symbols,
                                             p->probe->settings.base_ms};
    struct outbox_rows *rows = mem_new(1, sizeof(*rows));
    rows->rows = mem_new(count, sizeof(rows->rows[0]));
    rows->bytes = mem_new(count, CANDLE_ENCODED_MAX);
    rows->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct item *item = &p->items[p->next + i];
        struct candle candle = sink_probe_candle(&series, item->candle, item->version);
        unsigned char *bytes = rows->bytes + i * CANDLE_ENCODED_MAX;
        rows->rows[i] = (struct outbox_row){
            .sequence = (int64_t)(p->next + i + 1),
            .kind = OUTBOX_candle,
            .interval = candle.interval,
            .payload = {bytes, candle_encode(&candle, bytes)},
        };
    }
    return rows;
}

static void deliver(struct partition *p)
{
    struct msg msg = {
        .type = MSG_SINK_DELIVER, .from = &p->actor, .as_SINK_DELIVER = {&p->delivery}};
    actor_send(edge(p->probe), &msg);
}

static void end_one(struct partition *p)
{
    p->is_done = true;
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
    p->delivery =
        (struct delivery){.topic = "probe", .partition = p->id, .rows = make_rows(p, count)};
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

static void receive(struct actor *actor, const struct msg *msg)
{
    struct partition *p = container_of(actor, struct partition, actor);
    assert(msg->type == MSG_SINK_DELIVERED);
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
    .name = "probe", .receive = receive, .deadline = on_deadline, .mailbox_capacity = 2};

static void shuffle(struct item *items, size_t count, uint64_t seed)
{
    struct rand rand = {.state = seed};
    for (size_t i = count; seed != 0 && i > 1; i--) {
        size_t j = (size_t)rand_below(&rand, i);
        struct item swapped = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swapped;
    }
}

static void fill(struct partition *p, int64_t id)
{
    const struct settings *s = &p->probe->settings;
    int64_t versions = s->repeat > 1 ? s->repeat + 1 : 1;

    p->id = (int32_t)id;
    p->items = mem_new((size_t)(s->rows * versions) + 1, sizeof(p->items[0]));
    for (int64_t i = 0; i < s->rows; i++) {
        for (int64_t v = 1; i % s->symbols % s->partitions == id && v <= versions; v++) {
            int64_t version = v > s->repeat ? s->repeat : v;
            p->items[p->count++] = (struct item){(uint32_t)i, (uint32_t)version};
        }
    }
    shuffle(p->items, p->count, s->reorder == 0 ? 0 : (uint64_t)(s->reorder + id));
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

static enum status open_sink(struct probe *probe, const char *kind, const char *address)
{
    const struct settings *s = &probe->settings;

    if (strcmp(kind, "redis") == 0) {
        return redis_sink_create(
            &(struct redis_sink_options){
                .loop = probe->loop,
                .metrics = probe->metrics,
                .url = address,
                .password = s->password,
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
                                                          .retention_ms = s->retention_ms},
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
    for (int64_t i = 0; i < probe->settings.partitions; i++) {
        forget(&probe->partitions[i]);
        actor_deinit(&probe->partitions[i].actor);
        mem_free(probe->partitions[i].items);
    }
    mem_free(probe->partitions);
    loop_drain(probe->loop);
    loop_destroy(&probe->loop);
    metrics_destroy(&probe->metrics);
}

static void read_setting(struct settings *s, const char *name, const char *value)
{
#define X(field, default_value)                                                                    \
    if (strcmp(name, #field) == 0) {                                                               \
        s->field = strtoll(value, NULL, 10);                                                       \
        return;                                                                                    \
    }
    SETTINGS(X)
#undef X
#define X(field, default_value)                                                                    \
    if (strcmp(name, #field) == 0) {                                                               \
        s->field = value;                                                                          \
        return;                                                                                    \
    }
    TEXTS(X)
#undef X
    fprintf(stderr, "sink_probe: no setting %s\n", name);
    exit(2);
}

static void read_settings(struct settings *s, int count, char **args)
{
#define X(field, default_value) read_setting(s, #field, default_value);
    SETTINGS(X)
    TEXTS(X)
#undef X
    for (int i = 0; i + 1 < count; i += 2) {
        read_setting(s, args[i] + 2, args[i + 1]);
    }
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
    read_settings(&probe.settings, argc - 3, argv + 3);
    probe.metrics = metrics_create();
    if (loop_create(sizeof(struct msg), &probe.loop) != STATUS_OK ||
        open_sink(&probe, argv[1], argv[2]) != STATUS_OK) {
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
