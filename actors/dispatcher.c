#include "actors/dispatcher_internal.h"

#include "runtime/base.h"
#include "runtime/mem.h"
#include "runtime/status.h"

#include <assert.h>

enum { DELIVERY_BYTES_MAX = 1 << 20, BACKOFF_MIN_MS = 50, BACKOFF_MAX_MS = 5000 };

static void read_outbox(struct dispatcher *d)
{
    struct msg msg = {
        .type = MSG_OUTBOX_READ,
        .from = &d->actor,
        .as_OUTBOX_READ = {.after = d->cursor,
                           .filter = d->options.filter,
                           .rows_max = d->options.rows_max,
                           .bytes_max = DELIVERY_BYTES_MAX},
    };
    d->state = DISPATCHER_reading;
    d->is_refill_turn = true;
    actor_send(d->options.store_reader, &msg);
}

static bool has_outbox_work(const struct dispatcher *d)
{
    return d->cursor < d->last_sequence;
}

static bool is_page_due(const struct dispatcher *d)
{
    return d->refill.is_wanted && d->refill.due_ms <= actor_now_ms(&d->actor);
}

/* Turn about when both have work; a page that is not due yet is waited for. */
void dispatcher_go_on(struct dispatcher *d)
{
    d->state = DISPATCHER_idle;
    if (d->is_stopped) {
        return;
    }
    if (is_page_due(d) && (d->is_refill_turn || !has_outbox_work(d))) {
        dispatcher_take_refill_turn(d);
    } else if (has_outbox_work(d)) {
        read_outbox(d);
    } else if (d->refill.is_wanted) {
        actor_set_deadline(&d->actor, d->refill.due_ms);
    }
}

static void acknowledge(struct dispatcher *d, int64_t sequence, struct acked acked,
                        struct rejections *rejections)
{
    struct msg msg = {
        .type = MSG_OUTBOX_ACKED,
        .from = &d->actor,
        .as_OUTBOX_ACKED = {.sink = d->options.sink,
                            .sequence = sequence,
                            .revision = acked.revision,
                            .count = acked.count,
                            .life = acked.life,
                            .rejections = rejections},
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

static bool is_wanted(const struct dispatcher *d, const struct msg_outbox_grew *m)
{
    const struct outbox_filter *filter = &d->options.filter;
    return (filter->wants_dead_letters && m->has_dead_letters) ||
           (filter->intervals & m->intervals) != 0;
}

/* Nothing older is to be written, and nothing else is under way. */
static bool is_caught_up(const struct dispatcher *d)
{
    return d->state == DISPATCHER_idle && !d->is_stopped && !has_outbox_work(d);
}

static void deliver_news(struct dispatcher *d, struct outbox_rows *rows)
{
    assert(rows->rows[0].sequence == d->cursor + 1);
    outbox_rows_filter(rows, &d->options.filter);
    d->is_refill_turn = true;
    dispatcher_deliver_rows(d, rows, false);
}

/* News that the sink does not want need not be read when it is caught up, nor what came along. */
static void on_grew(struct dispatcher *d, const struct msg_outbox_grew *m)
{
    struct outbox_rows *rows = m->rows;
    bool was_caught_up = is_caught_up(d);

    d->last_sequence = m->last_sequence;
    if (was_caught_up && !is_wanted(d, m)) {
        acknowledge(d, m->last_sequence, acked_none(), NULL);
    } else if (was_caught_up && rows != NULL && rows->count <= d->options.rows_max) {
        deliver_news(d, rows);
        return;
    } else if (d->state == DISPATCHER_idle) {
        dispatcher_go_on(d);
    }
    outbox_rows_destroy(&rows);
}

void dispatcher_deliver_rows(struct dispatcher *d, struct outbox_rows *rows, bool is_refill)
{
    d->delivery = (struct delivery){
        .topic = d->options.topic,
        .partition = d->options.partition_id,
        .rows = rows,
        .is_refill = is_refill,
        .revision = -1,
        .acked = acked_none(),
    };
    deliver(d);
}

static void on_rows(struct dispatcher *d, const struct msg_outbox_rows *m)
{
    struct outbox_rows *rows = m->rows;

    if (m->status != STATUS_OK) {
        d->state = DISPATCHER_idle;
        actor_escalate(&d->actor, m->status);
        return;
    }
    if (d->is_stopped || rows->count == 0) {
        if (!d->is_stopped && rows->scanned_to > d->cursor) {
            acknowledge(d, rows->scanned_to, acked_none(), NULL);
        }
        outbox_rows_destroy(&rows);
        dispatcher_go_on(d);
        return;
    }
    dispatcher_deliver_rows(d, rows, false);
}

/* The rows of a refill are its page's. */
void dispatcher_forget_delivery(struct dispatcher *d)
{
    if (d->delivery.is_refill) {
        d->delivery.rows = NULL;
    }
    outbox_rows_destroy(&d->delivery.rows);
    delivery_destroy_rejections(&d->delivery.rejections);
}

/* Sinks that never forget do not count. */
static struct acked acked_with(const struct delivery *delivery)
{
    return acked_later(delivery->acked, (struct acked){.revision = delivery->revision});
}

static void on_written(struct dispatcher *d)
{
    struct rejections *rejections = d->delivery.rejections;

    backoff_reset(&d->backoff);
    if (d->delivery.is_refill) { /* what it rejects it has rejected before */
        dispatcher_forget_delivery(d);
        dispatcher_end_page(d);
        return;
    }
    d->delivery.rejections = NULL;
    acknowledge(d, d->delivery.rows->scanned_to, acked_with(&d->delivery), rejections);
    dispatcher_forget_delivery(d);
    dispatcher_go_on(d);
}

static void on_unwritten(struct dispatcher *d)
{
    bool is_outdated = d->delivery.is_refill && d->refill.is_anew;

    delivery_destroy_rejections(&d->delivery.rejections);
    if (d->is_stopped || is_outdated) {
        dispatcher_forget_delivery(d);
        if (is_outdated) {
            dispatcher_end_page(d);
        }
        return;
    }
    d->state = DISPATCHER_backing_off;
    actor_set_deadline(&d->actor, actor_now_ms(&d->actor) + backoff_next_ms(&d->backoff));
}

static void on_delivered(struct dispatcher *d, const struct msg_sink_delivered *m)
{
    d->state = DISPATCHER_idle;
    switch (status_class_of(m->status)) {
    case STATUS_CLASS_NONE:
        on_written(d);
        break;
    case STATUS_CLASS_RETRY:
        on_unwritten(d);
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
    } else if (d->state == DISPATCHER_idle) {
        dispatcher_go_on(d);
    }
}

static void attach(struct dispatcher *d)
{
    struct msg msg = {
        .type = MSG_SINK_ATTACH,
        .from = &d->actor,
        .as_SINK_ATTACH = {.topic = d->options.topic,
                           .partition = d->options.partition_id,
                           .acked_revision = d->options.acked_revision,
                           .acked_count = d->options.acked_count,
                           .life = d->options.life},
    };
    d->is_attached = true;
    actor_send(d->options.sink_edge, &msg);
}

static void on_quiet_over(struct dispatcher *d, const struct msg_quiet_over *m)
{
    d->options.acked_revision = m->acked_revision;
    d->options.acked_count = m->acked_count;
    if (d->options.may_forget && !d->is_stopped) {
        attach(d);
    }
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct dispatcher *d = container_of(actor, struct dispatcher, actor);

    switch (msg->type) {
    case MSG_OUTBOX_GREW:
        on_grew(d, &msg->as_OUTBOX_GREW);
        break;
    case MSG_QUIET_OVER:
        on_quiet_over(d, &msg->as_QUIET_OVER);
        break;
    case MSG_OUTBOX_ROWS:
        on_rows(d, &msg->as_OUTBOX_ROWS);
        break;
    case MSG_SINK_DELIVERED:
        on_delivered(d, &msg->as_SINK_DELIVERED);
        break;
    case MSG_SINK_FORGOT:
        dispatcher_on_forgot(d, &msg->as_SINK_FORGOT);
        break;
    case MSG_REFILL_ROWS:
        dispatcher_on_page(d, &msg->as_REFILL_ROWS);
        break;
    case MSG_SINK_DETACHED:
        d->is_attached = false;
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
    } else if (unread->type == MSG_OUTBOX_GREW) {
        struct outbox_rows *rows = unread->as_OUTBOX_GREW.rows;
        outbox_rows_destroy(&rows);
    }
}

/* One answer, the news of two checkpoints, some losses, and that the sink has let go. */
static const struct actor_class dispatcher_class = {
    .name = "dispatcher",
    .receive = receive,
    .deadline = on_deadline,
    .discard = discard,
    .mailbox_capacity = 16,
    .stage = STAGE_dispatch,
};

struct dispatcher *dispatcher_create(const struct dispatcher_options *options)
{
    struct dispatcher *d = mem_new(1, sizeof(*d));
    d->options = *options;
    d->cursor = options->cursor;
    d->last_sequence = options->last_sequence;
    actor_init(&d->actor, &dispatcher_class, options->sched);
    backoff_init(&d->backoff, BACKOFF_MIN_MS, BACKOFF_MAX_MS, options->seed);
    refill_init(&d->refill, options->filter.intervals, options->ttl_ms);
    return d;
}

void dispatcher_destroy(struct dispatcher **dispatcher_p)
{
    struct dispatcher *d = *dispatcher_p;
    *dispatcher_p = NULL;
    if (d == NULL) {
        return;
    }
    dispatcher_forget_delivery(d);
    refill_deinit(&d->refill);
    actor_deinit(&d->actor);
    mem_free(d);
}

struct actor *dispatcher_actor(struct dispatcher *dispatcher)
{
    return &dispatcher->actor;
}

void dispatcher_start(struct dispatcher *dispatcher)
{
    if (dispatcher->options.may_forget && !dispatcher->options.is_quiet) {
        attach(dispatcher);
    }
    dispatcher_go_on(dispatcher);
}

static void tell_sink(struct dispatcher *d, enum msg_type type)
{
    struct msg msg = {.type = type, .from = &d->actor};
    actor_send(d->options.sink_edge, &msg);
}

void dispatcher_stop(struct dispatcher *dispatcher)
{
    if (dispatcher->is_stopped) {
        return;
    }
    dispatcher->is_stopped = true;
    actor_set_deadline(&dispatcher->actor, DEADLINE_NONE);
    if (dispatcher->state == DISPATCHER_delivering) {
        tell_sink(dispatcher, MSG_SINK_CANCEL); /* a sink that is down would keep it */
    }
    if (dispatcher->state == DISPATCHER_backing_off) {
        dispatcher_forget_delivery(dispatcher);
        dispatcher->state = DISPATCHER_idle;
    }
    if (dispatcher->is_attached) {
        tell_sink(dispatcher, MSG_SINK_DETACH);
    }
}

bool dispatcher_is_busy(const struct dispatcher *dispatcher)
{
    return dispatcher->state == DISPATCHER_reading || dispatcher->state == DISPATCHER_delivering ||
           (dispatcher->is_stopped && dispatcher->is_attached);
}
