#include "actors/edge/terminal_sink.h"

#include "actors/messages.h"
#include "proto/candle.h"
#include "runtime/actor.h"
#include "runtime/base.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

struct terminal_sink {
    struct actor actor;
    bool is_json;
    bool has_header;
};

static void print_header(struct terminal_sink *t)
{
    if (!t->has_header) {
        printf("%-17s %-12s %4s %16s %16s %16s %16s %20s %8s\n", "open time (UTC)", "symbol", "",
               "open", "high", "low", "close", "volume", "trades");
        t->has_header = true;
    }
}

static void print_row(const struct candle *candle)
{
    char open[DECIMAL_TEXT_MAX], high[DECIMAL_TEXT_MAX], low[DECIMAL_TEXT_MAX];
    char close[DECIMAL_TEXT_MAX], volume[DECIMAL_TEXT_MAX], text[32];
    time_t seconds = (time_t)(candle->open_ms / 1000);
    struct tm utc;

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &utc);
    decimal_print(candle->open, open);
    decimal_print(candle->high, high);
    decimal_print(candle->low, low);
    decimal_print(candle->close, close);
    decimal_print(candle->volume, volume);
    printf("%-17s %-12s %4s %16s %16s %16s %16s %20s %8" PRId64, text, candle->symbol,
           interval_name(candle->interval), open, high, low, close, volume, candle->trades);
    if (!candle->is_complete) {
        printf("  incomplete: %" PRId64 " of %" PRId64 " minutes", candle->minutes,
               candle_minutes(candle));
    }
    printf("\n");
}

static void print_candle(struct terminal_sink *t, struct slice payload)
{
    struct candle candle;
    char json[CANDLE_JSON_MAX];

    if (candle_decode(payload, &candle) != STATUS_OK) {
        return; /* the store has checked its checksum: it is a candle */
    }
    if (t->is_json) {
        candle_print_json(&candle, json);
        puts(json);
        return;
    }
    print_header(t);
    print_row(&candle);
}

static void on_deliver(struct terminal_sink *t, struct delivery *delivery, struct actor *asker)
{
    struct msg msg = {
        .type = MSG_SINK_DELIVERED,
        .from = &t->actor,
        .as_SINK_DELIVERED = {.status = STATUS_OK, .delivery = delivery},
    };
    for (size_t i = 0; i < delivery->rows->count; i++) {
        print_candle(t, delivery->rows->rows[i].payload);
    }
    (void)fflush(stdout);
    actor_send(asker, &msg);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct terminal_sink *t = container_of(actor, struct terminal_sink, actor);
    switch (msg->type) {
    case MSG_SINK_DELIVER:
        on_deliver(t, msg->as_SINK_DELIVER.delivery, msg->from);
        break;
    case MSG_SINK_CANCEL: /* it was answered at once */
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

/* One delivery a partition, and a cancel of it. */
static const struct actor_class terminal_sink_class = {
    .name = "terminal_sink",
    .receive = receive,
    .mailbox_capacity = 4096,
};

struct terminal_sink *terminal_sink_create(struct sched *sched, bool is_json)
{
    struct terminal_sink *t = mem_new(1, sizeof(*t));
    t->is_json = is_json;
    actor_init(&t->actor, &terminal_sink_class, sched);
    return t;
}

void terminal_sink_destroy(struct terminal_sink **sink_p)
{
    struct terminal_sink *t = *sink_p;
    *sink_p = NULL;
    if (t != NULL) {
        actor_deinit(&t->actor);
        mem_free(t);
    }
}

struct actor *terminal_sink_actor(struct terminal_sink *sink)
{
    return &sink->actor;
}
