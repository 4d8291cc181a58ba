#include "tests/faults/edges.h"

#include "actors/messages.h"
#include "runtime/base.h"
#include "state/store.h"
#include "tests/faults/sink_table.h"

#include <assert.h>

enum { SLICE_RECORDS = 70 };

static void source_receive(struct actor *actor, const struct msg *msg)
{
    struct edges *e = container_of(actor, struct edges, source);
    assert(msg->type == MSG_SOURCE_RESUME);
    size_t left = MADE_RECORDS - e->position;
    size_t count = left < SLICE_RECORDS ? left : SLICE_RECORDS;
    if (count == 0) {
        return; /* the log has no more: nobody hears from it again */
    }
    struct msg answer = {
        .type = MSG_SOURCE_RECORDS,
        .from = actor,
        .as_SOURCE_RECORDS = {.records = &e->log->records[e->position],
                              .count = count,
                              .is_drained = true,
                              .log_end = MADE_RECORDS},
    };
    e->position += count;
    actor_send(msg->from, &answer);
}

static void writer_receive(struct actor *actor, const struct msg *msg)
{
    struct edges *e = container_of(actor, struct edges, writer);
    assert(msg->type == MSG_STORE_COMMIT);
    struct msg answer = {
        .type = MSG_STORE_COMMITTED,
        .from = actor,
        .as_STORE_COMMITTED = {store_commit(e->store, msg->as_STORE_COMMIT.checkpoint)},
    };
    actor_send(msg->from, &answer);
}

static void reader_receive(struct actor *actor, const struct msg *msg)
{
    struct edges *e = container_of(actor, struct edges, reader);
    assert(msg->type == MSG_OUTBOX_READ);
    const struct msg_outbox_read *request = &msg->as_OUTBOX_READ;
    struct msg answer = {.type = MSG_OUTBOX_ROWS, .from = actor};
    answer.as_OUTBOX_ROWS.status =
        store_read_outbox(e->store, request->after, &request->filter, request->rows_max,
                          request->bytes_max, &answer.as_OUTBOX_ROWS.rows);
    actor_send(msg->from, &answer);
}

static void sink_receive(struct actor *actor, const struct msg *msg)
{
    struct edges *e = container_of(actor, struct edges, sink);
    if (msg->type == MSG_SINK_CANCEL) {
        return; /* it was answered already */
    }
    assert(msg->type == MSG_SINK_DELIVER);
    struct delivery *delivery = msg->as_SINK_DELIVER.delivery;
    for (size_t i = 0; i < delivery->rows->count; i++) {
        bool is_written = sink_table_write(e->table, &delivery->rows->rows[i]);
        assert(is_written);
        (void)is_written;
    }
    struct msg answer = {
        .type = MSG_SINK_DELIVERED,
        .from = actor,
        .as_SINK_DELIVERED = {.status = STATUS_OK, .delivery = delivery},
    };
    actor_send(msg->from, &answer);
}

static const struct actor_class source_class = {
    .name = "source", .receive = source_receive, .mailbox_capacity = 1};
static const struct actor_class writer_class = {
    .name = "store_writer", .receive = writer_receive, .mailbox_capacity = 1};
static const struct actor_class reader_class = {
    .name = "store_reader", .receive = reader_receive, .mailbox_capacity = SINK_COUNT};
static const struct actor_class sink_class = {
    .name = "sink", .receive = sink_receive, .mailbox_capacity = 2 * SINK_COUNT};

void edges_init(struct edges *edges, struct sched *sched, size_t position)
{
    edges->position = position;
    actor_init(&edges->source, &source_class, sched);
    actor_init(&edges->writer, &writer_class, sched);
    actor_init(&edges->reader, &reader_class, sched);
    actor_init(&edges->sink, &sink_class, sched);
}

void edges_deinit(struct edges *edges)
{
    actor_deinit(&edges->source);
    actor_deinit(&edges->writer);
    actor_deinit(&edges->reader);
    actor_deinit(&edges->sink);
}
