#include "tests/unit/actors/edge/kafka_probe_sink.h"

#include "actors/edge/kafka_property.h"
#include "actors/edge/kafka_sink.h"
#include "actors/messages.h"
#include "proto/candle.h"
#include "proto/dead_letter.h"
#include "runtime/actor.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/rand.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { RETRY_MS = 100, RECORD_TIME_MS = 1700000000 };

/* Hands over deliveries one after the other, and repeats what was UNAVAILABLE. */
struct dispatcher {
    struct actor actor;
    struct loop *loop;
    struct kafka_sink *sink;
    struct delivery delivery;
    uv_signal_t signal;
    int64_t letters;
    int64_t candles;
    int64_t size;
    int64_t rows_max;
    int64_t sequence;
    int64_t rejected;
};

static int64_t option(int argc, char **argv, const char *name, int64_t otherwise)
{
    size_t size = strlen(name);
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], name, size) == 0 && argv[i][size] == '=') {
            return strtoll(argv[i] + size + 1, NULL, 10);
        }
    }
    return otherwise;
}

static struct slice make_letter(const struct dispatcher *d)
{
    char *value = mem_new((size_t)d->size + 1, 1);
    struct rand rand = {(uint64_t)d->sequence};
    for (int64_t i = 0; i < d->size; i++) { /* bytes that do not compress */
        value[i] = (char)rand_below(&rand, 256);
    }
    char key[32];
    (void)snprintf(key, sizeof(key), "key-%" PRId64, d->sequence);
    struct dead_letter letter = {
        .reason = REASON_not_json,
        .error = "this is not JSON",
        .partition = 3,
        .offset = d->sequence,
        .timestamp_ms = RECORD_TIME_MS,
        .key = slice_of_text(key),
        .value = {value, (size_t)d->size},
    };
    unsigned char *bytes = mem_new(dead_letter_encoded_max(&letter), 1);
    struct slice payload = {bytes, dead_letter_encode(&letter, bytes)};
    mem_free(value);
    return payload;
}

static struct slice make_candle(const struct dispatcher *d)
{
    struct candle candle = {
        .symbol = "SIMUSDT",
        .interval = INTERVAL_5m,
        .open_ms = d->sequence * 300000,
        .minutes = 5,
        .is_complete = true,
        .revision = revision_of(2, d->sequence),
    };
    unsigned char *bytes = mem_new(CANDLE_ENCODED_MAX, 1);
    return (struct slice){bytes, candle_encode(&candle, bytes)};
}

static void add_row(struct dispatcher *d, enum outbox_kind kind, struct slice payload)
{
    struct outbox_rows *rows = d->delivery.rows;
    rows->rows[rows->count++] = (struct outbox_row){
        .sequence = ++d->sequence,
        .kind = kind,
        .interval = INTERVAL_5m,
        .payload = payload,
    };
}

static void free_rows(struct dispatcher *d)
{
    struct outbox_rows *rows = d->delivery.rows;
    for (size_t i = 0; rows != NULL && i < rows->count; i++) {
        void *bytes;
        memcpy(&bytes, &rows->rows[i].payload.bytes, sizeof(bytes));
        mem_free(bytes);
    }
    outbox_rows_destroy(&d->delivery.rows);
    delivery_destroy_rejections(&d->delivery.rejections);
}

static void send_rows(struct dispatcher *d)
{
    struct msg msg = {
        .type = MSG_SINK_DELIVER,
        .from = &d->actor,
        .as_SINK_DELIVER = {&d->delivery},
    };
    actor_send(kafka_sink_actor(d->sink), &msg);
}

static void next_delivery(struct dispatcher *d)
{
    free_rows(d);
    struct outbox_rows *rows = mem_new(1, sizeof(*rows));
    rows->rows = mem_new((size_t)d->rows_max, sizeof(*rows->rows));
    d->delivery = (struct delivery){.topic = "source", .partition = 3, .rows = rows};
    while (d->letters > 0 && (int64_t)rows->count < d->rows_max) {
        add_row(d, OUTBOX_dead_letter, make_letter(d));
        d->letters--;
    }
    while (d->candles > 0 && (int64_t)rows->count < d->rows_max) {
        add_row(d, OUTBOX_candle, make_candle(d));
        d->candles--;
    }
    if (rows->count == 0) {
        loop_stop(d->loop);
        return;
    }
    send_rows(d);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct dispatcher *d = container_of(actor, struct dispatcher, actor);
    enum status status = msg->as_SINK_DELIVERED.status;
    size_t rejected = d->delivery.rejections == NULL ? 0 : d->delivery.rejections->count;
    printf("delivered %zu rejected %zu %s\n", d->delivery.rows->count, rejected,
           status_text(status));
    (void)fflush(stdout);
    if (status == STATUS_OK) {
        d->rejected += (int64_t)rejected;
        next_delivery(d);
    } else {
        actor_set_deadline(actor, actor_now_ms(actor) + RETRY_MS);
    }
}

static void on_deadline(struct actor *actor)
{
    send_rows(container_of(actor, struct dispatcher, actor));
}

static const struct actor_class class = {
    .name = "dispatcher",
    .receive = receive,
    .deadline = on_deadline,
    .mailbox_capacity = 1,
};

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    loop_stop(container_of(handle, struct dispatcher, signal)->loop);
}

int kafka_probe_sink_run(int argc, char **argv)
{
    struct metrics *metrics = metrics_create();
    struct dispatcher d = {
        .letters = option(argc, argv, "letters", 0),
        .candles = option(argc, argv, "candles", 0),
        .size = option(argc, argv, "size", 100),
        .rows_max = option(argc, argv, "rows", 100),
    };
    if (loop_create(sizeof(struct msg), &d.loop) != STATUS_OK ||
        kafka_sink_create(
            &(struct kafka_sink_options){
                .loop = d.loop,
                .metrics = metrics,
                .sink_name = "probe",
                .brokers = argv[0],
                .topic = argv[1],
                .properties = (const struct kafka_property[]){{NULL, NULL}},
            },
            &d.sink) != STATUS_OK) {
        return 2;
    }
    (void)uv_signal_init(loop_uv(d.loop), &d.signal);
    (void)uv_signal_start(&d.signal, on_signal, SIGTERM);
    actor_init(&d.actor, &class, loop_sched(d.loop));
    next_delivery(&d);
    uint64_t began_ns = uv_hrtime();
    enum status status = loop_run(d.loop);
    printf("sent %" PRId64 " rejected %" PRId64 " seconds %.3f\n", d.sequence, d.rejected,
           (double)(uv_hrtime() - began_ns) / 1e9);
    actor_deinit(&d.actor);
    kafka_sink_close(&d.sink);
    uv_close((uv_handle_t *)&d.signal, NULL);
    loop_drain(d.loop);
    loop_destroy(&d.loop);
    free_rows(&d);
    metrics_destroy(&metrics);
    return status == STATUS_OK ? 0 : 1;
}
