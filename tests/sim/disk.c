#include "tests/sim/disk.h"

#include "actors/edge/store_refill.h"
#include "actors/refill.h"
#include "runtime/base.h"
#include "state/store.h"

#include <assert.h>

static void committed(struct sim_writer *w, enum status status)
{
    struct msg msg = {
        .type = MSG_STORE_COMMITTED, .from = &w->actor, .as_STORE_COMMITTED = {status}};
    w->checkpoint = NULL;
    actor_send(w->asker, &msg);
}

static void wait_some(struct actor *actor, struct rand *rand)
{
    actor_set_deadline(actor, actor_now_ms(actor) + 1 + (int64_t)rand_below(rand, 20));
}

static void on_writer_deadline(struct actor *actor)
{
    struct sim_writer *w = container_of(actor, struct sim_writer, actor);
    if (w->checkpoint == NULL) {
        return;
    }
    if (w->is_durable) {
        committed(w, STATUS_OK);
    } else if (faults_strike(w->faults, FAULT_commit_failed, 5)) {
        committed(w, STATUS_DISK_FULL);
    } else {
        enum status status = store_commit(w->store, w->checkpoint);
        assert(status == STATUS_OK);
        w->is_durable = true;
        wait_some(actor, w->faults->rand);
    }
}

static void writer_receive(struct actor *actor, const struct msg *msg)
{
    struct sim_writer *w = container_of(actor, struct sim_writer, actor);
    assert(msg->type == MSG_STORE_COMMIT);
    w->checkpoint = msg->as_STORE_COMMIT.checkpoint;
    w->asker = msg->from;
    w->is_durable = false;
    wait_some(actor, w->faults->rand);
}

static const struct actor_class sim_writer_class = {
    .name = "store_writer",
    .receive = writer_receive,
    .deadline = on_writer_deadline,
    .mailbox_capacity = 1,
};

void sim_writer_init(struct sim_writer *writer, struct sched *sched, struct store *store,
                     struct faults *faults)
{
    *writer = (struct sim_writer){.store = store, .faults = faults};
    actor_init(&writer->actor, &sim_writer_class, sched);
}

void sim_writer_deinit(struct sim_writer *writer)
{
    actor_deinit(&writer->actor);
}

static void read_outbox(struct sim_reader *r, const struct msg *msg, struct msg *answer)
{
    const struct msg_outbox_read *request = &msg->as_OUTBOX_READ;
    size_t rows_max = 1 + rand_below(r->rand, request->rows_max);
    answer->type = MSG_OUTBOX_ROWS;
    answer->as_OUTBOX_ROWS.status =
        store_read_outbox(r->store, request->after, &request->filter, rows_max, request->bytes_max,
                          &answer->as_OUTBOX_ROWS.rows);
}

static void read_candles(struct sim_reader *r, const struct msg *msg, struct msg *answer)
{
    struct refill_page *page = msg->as_REFILL_READ.page;
    answer->type = MSG_REFILL_ROWS;
    answer->as_REFILL_ROWS.page = page;
    answer->as_REFILL_ROWS.status = store_refill_read(r->store, page);
}

static void on_reader_deadline(struct actor *actor)
{
    struct sim_reader *r = container_of(actor, struct sim_reader, actor);
    for (size_t i = 0; i < r->count; i++) {
        struct msg answer = {.from = actor};
        if (r->waiting[i].request.type == MSG_OUTBOX_READ) {
            read_outbox(r, &r->waiting[i].request, &answer);
        } else {
            read_candles(r, &r->waiting[i].request, &answer);
        }
        actor_send(r->waiting[i].asker, &answer);
    }
    r->count = 0;
}

static void reader_receive(struct actor *actor, const struct msg *msg)
{
    struct sim_reader *r = container_of(actor, struct sim_reader, actor);
    assert(msg->type == MSG_OUTBOX_READ || msg->type == MSG_REFILL_READ);
    assert(r->count < SINK_COUNT);
    r->waiting[r->count].asker = msg->from;
    r->waiting[r->count].request = *msg;
    r->count++;
    wait_some(actor, r->rand);
}

static const struct actor_class sim_reader_class = {
    .name = "store_reader",
    .receive = reader_receive,
    .deadline = on_reader_deadline,
    .mailbox_capacity = SINK_COUNT,
};

void sim_reader_init(struct sim_reader *reader, struct sched *sched, struct store *store,
                     struct rand *rand)
{
    *reader = (struct sim_reader){.store = store, .rand = rand};
    actor_init(&reader->actor, &sim_reader_class, sched);
}

void sim_reader_deinit(struct sim_reader *reader)
{
    actor_deinit(&reader->actor);
}
