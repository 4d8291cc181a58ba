#include "actors/dispatcher.h"

#include "actors/messages.h"
#include "runtime/backoff.h"
#include "runtime/base.h"
#include "runtime/mem.h"
#include "runtime/status.h"

enum { DELIVERY_BYTES_MAX = 1 << 20, BACKOFF_MIN_MS = 50, BACKOFF_MAX_MS = 5000 };

enum dispatcher_state {
    DISPATCHER_idle,
    DISPATCHER_reading,
    DISPATCHER_delivering,
    DISPATCHER_backing_off,
};

struct dispatcher {
    struct actor actor;
    struct dispatcher_options options;
    enum dispatcher_state state;
    bool is_stopped;
    int64_t cursor;
    int64_t last_sequence;
    struct delivery delivery; /* rows NULL: none */
    struct backoff backoff;
};

static void read_more(struct dispatcher *d)
{
    if (d->is_stopped || d->cursor >= d->last_sequence) {
        d->state = DISPATCHER_idle;
        return;
    }
    struct msg msg = {
        .type = MSG_OUTBOX_READ,
        .from = &d->actor,
        .as_OUTBOX_READ = {.after = d->cursor,
                           .filter = d->options.filter,
                           .rows_max = d->options.rows_max,
                           .bytes_max = DELIVERY_BYTES_MAX},
    };
    d->state = DISPATCHER_reading;
    actor_send(d->options.store_reader, &msg);
}

static void acknowledge(struct dispatcher *d, int64_t sequence, struct rejections *rejections)
{
    struct msg msg = {
        .type = MSG_OUTBOX_ACKED,
        .from = &d->actor,
        .as_OUTBOX_ACKED = {d->options.sink, sequence, rejections},
    };
    d->cursor = sequence;
    actor_send(d->options.partition, &msg);
}

static void deliver(struct dispatcher *d)
{
    struct msg msg = {
        .type = MSG_SINK_DELIVER,
        .from = &d->actor,
        .as_SINK_DELIVER = {&d->delivery},
    };
    d->state = DISPATCHER_delivering;
    actor_send(d->options.sink_edge, &msg);
}

/* News that the sink does not want need not be read when it is caught up. */
static void on_grew(struct dispatcher *d, const struct msg_outbox_grew *m)
{
    bool was_caught_up = d->state == DISPATCHER_idle && d->cursor == d->last_sequence;
    const struct outbox_filter *filter = &d->options.filter;
    bool is_wanted = (filter->wants_dead_letters && m->has_dead_letters) ||
                     (filter->intervals & m->intervals) != 0;

    d->last_sequence = m->last_sequence;
    if (d->is_stopped || d->state != DISPATCHER_idle) {
        return;
    }
    if (was_caught_up && !is_wanted) {
        acknowledge(d, m->last_sequence, NULL);
        return;
    }
    read_more(d);
}

static void on_rows(struct dispatcher *d, const struct msg_outbox_rows *m)
{
    struct outbox_rows *rows = m->rows;

    d->state = DISPATCHER_idle;
    if (m->status != STATUS_OK) {
        actor_escalate(&d->actor, m->status);
        return;
    }
    if (d->is_stopped || rows->count == 0) {
        if (!d->is_stopped && rows->scanned_to > d->cursor) {
            acknowledge(d, rows->scanned_to, NULL);
        }
        outbox_rows_destroy(&rows);
        read_more(d);
        return;
    }
    d->delivery = (struct delivery){
        .topic = d->options.topic, .partition = d->options.partition_id, .rows = rows};
    deliver(d);
}

static void forget_delivery(struct dispatcher *d)
{
    outbox_rows_destroy(&d->delivery.rows);
    delivery_destroy_rejections(&d->delivery.rejections);
}

static void on_delivered(struct dispatcher *d, const struct msg_sink_delivered *m)
{
    d->state = DISPATCHER_idle;
    switch (status_class_of(m->status)) {
    case STATUS_CLASS_NONE: {
        struct rejections *rejections = d->delivery.rejections;
        d->delivery.rejections = NULL;
        backoff_reset(&d->backoff);
        acknowledge(d, d->delivery.rows->scanned_to, rejections);
        forget_delivery(d);
        read_more(d);
        break;
    }
    case STATUS_CLASS_RETRY:
        delivery_destroy_rejections(&d->delivery.rejections);
        if (d->is_stopped) {
            forget_delivery(d);
            break;
        }
        d->state = DISPATCHER_backing_off;
        actor_set_deadline(&d->actor, actor_now_ms(&d->actor) + backoff_next_ms(&d->backoff));
        break;
    case STATUS_CLASS_REFUSE: /* sinks refuse rows, not deliveries */
    case STATUS_CLASS_FATAL:
        actor_escalate(&d->actor, m->status);
        break;
    }
}

static void on_deadline(struct actor *actor)
{
    struct dispatcher *d = container_of(actor, struct dispatcher, actor);
    if (d->state == DISPATCHER_backing_off) {
        deliver(d);
    }
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct dispatcher *d = container_of(actor, struct dispatcher, actor);

    switch (msg->type) {
    case MSG_OUTBOX_GREW:
        on_grew(d, &msg->as_OUTBOX_GREW);
        break;
    case MSG_OUTBOX_ROWS:
        on_rows(d, &msg->as_OUTBOX_ROWS);
        break;
    case MSG_SINK_DELIVERED:
        on_delivered(d, &msg->as_SINK_DELIVERED);
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

static void discard(const struct msg *unread)
{
    if (unread->type == MSG_OUTBOX_ROWS) {
        struct outbox_rows *rows = unread->as_OUTBOX_ROWS.rows;
        outbox_rows_destroy(&rows);
    }
}

/* One answer, and the news of two checkpoints. */
static const struct actor_class dispatcher_class = {
    .name = "dispatcher",
    .receive = receive,
    .deadline = on_deadline,
    .discard = discard,
    .mailbox_capacity = 4,
};

struct dispatcher *dispatcher_create(const struct dispatcher_options *options)
{
    struct dispatcher *d = mem_new(1, sizeof(*d));
    d->options = *options;
    d->cursor = options->cursor;
    d->last_sequence = options->last_sequence;
    actor_init(&d->actor, &dispatcher_class, options->sched);
    backoff_init(&d->backoff, BACKOFF_MIN_MS, BACKOFF_MAX_MS, options->seed);
    return d;
}

void dispatcher_destroy(struct dispatcher **dispatcher_p)
{
    struct dispatcher *d = *dispatcher_p;
    *dispatcher_p = NULL;
    if (d == NULL) {
        return;
    }
    forget_delivery(d);
    actor_deinit(&d->actor);
    mem_free(d);
}

struct actor *dispatcher_actor(struct dispatcher *dispatcher)
{
    return &dispatcher->actor;
}

void dispatcher_start(struct dispatcher *dispatcher)
{
    read_more(dispatcher);
}

void dispatcher_stop(struct dispatcher *dispatcher)
{
    struct msg cancel = {.type = MSG_SINK_CANCEL, .from = &dispatcher->actor};

    dispatcher->is_stopped = true;
    if (dispatcher->state == DISPATCHER_delivering) {
        actor_send(dispatcher->options.sink_edge, &cancel); /* a sink that is down would keep it */
    }
    if (dispatcher->state == DISPATCHER_backing_off) {
        actor_set_deadline(&dispatcher->actor, DEADLINE_NONE);
        forget_delivery(dispatcher);
        dispatcher->state = DISPATCHER_idle;
    }
}

bool dispatcher_is_busy(const struct dispatcher *dispatcher)
{
    return dispatcher->state == DISPATCHER_reading || dispatcher->state == DISPATCHER_delivering;
}
