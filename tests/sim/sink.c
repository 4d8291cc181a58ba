#include "tests/sim/sink.h"

#include "actors/edge/sink_gate.h"
#include "actors/messages.h"
#include "runtime/base.h"

#include <assert.h>

enum { ON_TIME_MS = 20, SLOW_MS = 30000, LATE_MS = 90000, TIMEOUT_MS = 3000 };

static int64_t soon(const struct sim_sink *sink, int64_t most_ms)
{
    return actor_now_ms(&sink->actor) + 1 +
           (int64_t)rand_below(sink->options.faults->rand, (uint64_t)most_ms);
}

static void arm(struct sim_sink *sink)
{
    int64_t next_ms = DEADLINE_NONE;
    for (size_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
        const struct sim_sink_slot *slot = &sink->slots[i];
        if (slot->state == SIM_SINK_sent && slot->answer_ms < next_ms) {
            next_ms = slot->answer_ms;
        }
    }
    if (sink->is_disconnected && next_ms > actor_now_ms(&sink->actor) + ON_TIME_MS) {
        next_ms = actor_now_ms(&sink->actor) + ON_TIME_MS;
    }
    actor_set_deadline(&sink->actor, next_ms);
}

/* The rows from `first` on, some time. */
static void send_rows(struct sim_sink *sink, const struct delivery *delivery, size_t first,
                      size_t count, int64_t arrive_ms)
{
    struct packet_options options = {
        .server = sink->options.server,
        .arrive_ms = arrive_ms,
        .sender = sink->options.shard,
        .partition = delivery->partition,
    };
    net_send(sink->options.net, &options, delivery->rows, first, count);
}

/* The connection breaks: nobody knows how far it went. */
static void send_cut(struct sim_sink *sink, struct sim_sink_slot *slot)
{
    struct faults *faults = sink->options.faults;
    size_t count = slot->delivery->rows->count;
    size_t reached = rand_below(faults->rand, count + 1);

    send_rows(sink, slot->delivery, 0, reached, soon(sink, ON_TIME_MS));
    if (faults_strike(faults, FAULT_rest_late, 30)) {
        send_rows(sink, slot->delivery, reached, count - reached, soon(sink, LATE_MS));
    }
    slot->status = STATUS_UNAVAILABLE;
    slot->answer_ms = soon(sink, ON_TIME_MS);
}

static void send_late(struct sim_sink *sink, struct sim_sink_slot *slot)
{
    send_rows(sink, slot->delivery, 0, slot->delivery->rows->count, soon(sink, LATE_MS));
    slot->status = STATUS_TIMED_OUT;
    slot->answer_ms = actor_now_ms(&sink->actor) + TIMEOUT_MS;
}

static void send_whole(struct sim_sink *sink, struct sim_sink_slot *slot)
{
    struct faults *faults = sink->options.faults;
    bool is_slow = faults->is_active && rand_chance(faults->rand, 3);
    int64_t arrive_ms = soon(sink, is_slow ? SLOW_MS : ON_TIME_MS);
    bool is_lost = faults_strike(faults, FAULT_answer_lost, 8);

    send_rows(sink, slot->delivery, 0, slot->delivery->rows->count, arrive_ms);
    slot->status = is_lost ? STATUS_TIMED_OUT : STATUS_OK;
    slot->answer_ms = arrive_ms + 1 + (int64_t)rand_below(faults->rand, ON_TIME_MS);
}

static void send(struct sim_sink *sink, struct sim_sink_slot *slot)
{
    struct faults *faults = sink->options.faults;
    if (!sink_gate_look(sink->options.gate)) {
        slot->state = SIM_SINK_held;
        return;
    }
    if (*sink->options.is_unconfirmed) {
        server_tell(sink->options.server,
                    "is written to by a process that stood still and that the "
                    "group has not confirmed");
    }
    slot->state = SIM_SINK_sent;
    if (faults_strike(faults, FAULT_delivery_cut, 8)) {
        send_cut(sink, slot);
    } else if (faults_strike(faults, FAULT_delivery_late, 4)) {
        send_late(sink, slot);
    } else {
        send_whole(sink, slot);
    }
    arm(sink);
}

static void note_revision(struct sim_sink_slot *slot)
{
    struct delivery *delivery = slot->delivery;
    struct candle candle;
    for (size_t i = 0; i < delivery->rows->count; i++) {
        if (delivery->rows->rows[i].kind == OUTBOX_candle &&
            candle_decode(delivery->rows->rows[i].payload, &candle) == STATUS_OK &&
            candle.revision > delivery->revision) {
            delivery->revision = candle.revision;
        }
    }
    sim_mark_acknowledge(&slot->mark, delivery);
}

/* No retry heals what the server has a rule against. */
static void reject_rows(const struct sim_sink *sink, struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->rows->count; i++) {
        struct candle candle;
        if (delivery->rows->rows[i].kind == OUTBOX_candle &&
            candle_decode(delivery->rows->rows[i].payload, &candle) == STATUS_OK &&
            server_rejects(sink->options.server, candle.symbol, candle.interval, candle.open_ms)) {
            delivery_reject(delivery, i, "the server has a rule against it");
        }
    }
}

static void answer(struct sim_sink *sink, struct sim_sink_slot *slot, enum status status)
{
    struct msg msg = {
        .type = MSG_SINK_DELIVERED,
        .from = &sink->actor,
        .as_SINK_DELIVERED = {.status = status, .delivery = slot->delivery},
    };
    if (status == STATUS_OK) {
        reject_rows(sink, slot->delivery);
        note_revision(slot);
    }
    slot->state = SIM_SINK_free;
    actor_send(slot->asker, &msg);
}

/* What was under way had no answer; every mark is asked for again. */
static void reconnect(struct sim_sink *sink)
{
    sink->is_disconnected = false;
    for (size_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
        if (sink->slots[i].state == SIM_SINK_sent) {
            answer(sink, &sink->slots[i], STATUS_UNAVAILABLE);
        }
        sim_mark_read(&sink->slots[i].mark);
    }
}

void sim_sink_disconnect(struct sim_sink *sink)
{
    sink->is_disconnected = true;
    actor_set_deadline(&sink->actor, soon(sink, ON_TIME_MS));
}

static void on_deadline(struct actor *actor)
{
    struct sim_sink *sink = container_of(actor, struct sim_sink, actor);
    if (sink->is_disconnected) {
        reconnect(sink);
    }
    for (size_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
        struct sim_sink_slot *slot = &sink->slots[i];
        if (slot->state == SIM_SINK_sent && slot->answer_ms <= actor_now_ms(actor)) {
            answer(sink, slot, slot->status);
        }
    }
    arm(sink);
}

void sim_sink_go_on(struct sim_sink *sink)
{
    for (size_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
        if (sink->slots[i].state == SIM_SINK_held) {
            send(sink, &sink->slots[i]);
        }
    }
}

static void on_deliver(struct sim_sink *sink, const struct msg *msg)
{
    struct sim_sink_slot *slot = &sink->slots[msg->as_SINK_DELIVER.delivery->partition];
    assert(slot->state == SIM_SINK_free);
    slot->delivery = msg->as_SINK_DELIVER.delivery;
    slot->asker = msg->from;
    send(sink, slot);
}

static void on_cancel(struct sim_sink *sink, const struct msg *msg)
{
    for (size_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
        struct sim_sink_slot *slot = &sink->slots[i];
        if (slot->state != SIM_SINK_free && slot->asker == msg->from) {
            answer(sink, slot, STATUS_UNAVAILABLE);
        }
    }
    arm(sink);
}

static void on_attach(struct sim_sink *sink, const struct msg *msg)
{
    const struct msg_sink_attach *attach = &msg->as_SINK_ATTACH;
    struct sim_mark *mark = &sink->slots[attach->partition].mark;
    assert(mark->dispatcher == NULL);
    *mark = (struct sim_mark){
        .server = sink->options.server,
        .partition = (size_t)attach->partition,
        .sink = &sink->actor,
        .dispatcher = msg->from,
        .known =
            mark_create((struct acked){attach->acked_revision, attach->acked_count, attach->life}),
    };
    sim_mark_read(mark);
}

static struct sim_mark *mark_of(struct sim_sink *sink, const struct actor *dispatcher)
{
    size_t i = 0;
    while (sink->slots[i].mark.dispatcher != dispatcher) {
        i++;
        assert(i < SIM_PARTITIONS_MAX);
    }
    return &sink->slots[i].mark;
}

/* The mark cannot be written over a connection that is gone: it will be read again. */
static void on_refilled(struct sim_sink *sink, const struct msg *msg)
{
    if (!sink->is_disconnected) {
        sim_mark_end_refill(mark_of(sink, msg->from), msg->as_SINK_REFILLED.loss);
    }
}

static void on_detach(struct sim_sink *sink, const struct msg *msg)
{
    struct msg detached = {.type = MSG_SINK_DETACHED, .from = &sink->actor};
    mark_of(sink, msg->from)->dispatcher = NULL;
    actor_send(msg->from, &detached);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct sim_sink *sink = container_of(actor, struct sim_sink, actor);
    switch (msg->type) {
    case MSG_SINK_DELIVER:
        on_deliver(sink, msg);
        break;
    case MSG_SINK_CANCEL:
        on_cancel(sink, msg);
        break;
    case MSG_SINK_ATTACH:
        on_attach(sink, msg);
        break;
    case MSG_SINK_REFILLED:
        on_refilled(sink, msg);
        break;
    case MSG_SINK_DETACH:
        on_detach(sink, msg);
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

static const struct actor_class sim_sink_class = {
    .name = "sink",
    .receive = receive,
    .deadline = on_deadline,
    .mailbox_capacity = 6 * SIM_PARTITIONS_MAX,
};

void sim_sink_init(struct sim_sink *sink, const struct sim_sink_options *options)
{
    *sink = (struct sim_sink){.options = *options};
    actor_init(&sink->actor, &sim_sink_class, options->sched);
}

void sim_sink_deinit(struct sim_sink *sink)
{
    actor_deinit(&sink->actor);
}
