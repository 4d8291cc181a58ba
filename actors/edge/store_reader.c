#include "actors/edge/store_reader.h"

#include "actors/edge/store_refill.h"
#include "actors/messages.h"
#include "runtime/actor.h"
#include "runtime/base.h"
#include "runtime/job.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/stage.h"
#include "state/store.h"

#include <assert.h>
#include <stdlib.h>

/* One read under way; a dispatcher asks for the next only after it has the answer. */
struct read {
    struct job job;
    struct store_reader *reader;
    struct actor *asker;
    struct msg request;
    struct msg answer;
};

struct store_reader {
    struct actor actor;
    struct loop *loop;
    struct store *store;
    struct read reads[SINK_COUNT];
};

static void work_outbox(struct job *job)
{
    struct read *read = container_of(job, struct read, job);
    const struct msg_outbox_read *request = &read->request.as_OUTBOX_READ;
    struct msg_outbox_rows *answer = &read->answer.as_OUTBOX_ROWS;
    enum stage before = stage_enter(STAGE_read);
    answer->rows = NULL;
    answer->status = store_read_outbox(read->reader->store, request->after, &request->filter,
                                       request->rows_max, request->bytes_max, &answer->rows);
    (void)stage_enter(before);
}

static void work_refill(struct job *job)
{
    struct read *read = container_of(job, struct read, job);
    struct refill_page *page = read->request.as_REFILL_READ.page;
    enum stage before = stage_enter(STAGE_read);
    read->answer.as_REFILL_ROWS.page = page;
    read->answer.as_REFILL_ROWS.status = store_refill_read(read->reader->store, page);
    (void)stage_enter(before);
}

static void done(struct job *job)
{
    struct read *read = container_of(job, struct read, job);
    actor_send(read->asker, &read->answer);
    read->asker = NULL;
}

static struct read *find_free(struct store_reader *r)
{
    for (size_t i = 0; i < ARRAY_COUNT(r->reads); i++) {
        if (r->reads[i].asker == NULL) {
            return &r->reads[i];
        }
    }
    abort(); /* more dispatchers than sinks */
}

static void start(struct store_reader *r, const struct msg *msg, enum msg_type answer,
                  void (*work)(struct job *job))
{
    struct read *read = find_free(r);
    read->asker = msg->from;
    read->request = *msg;
    read->answer = (struct msg){.type = answer, .from = &r->actor};
    job_start(&read->job, loop_uv(r->loop), work, done);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct store_reader *r = container_of(actor, struct store_reader, actor);

    switch (msg->type) {
    case MSG_OUTBOX_READ:
        start(r, msg, MSG_OUTBOX_ROWS, work_outbox);
        break;
    case MSG_REFILL_READ:
        start(r, msg, MSG_REFILL_ROWS, work_refill);
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

static const struct actor_class store_reader_class = {
    .name = "store_reader",
    .receive = receive,
    .mailbox_capacity = SINK_COUNT,
    .stage = STAGE_read,
};

struct store_reader *store_reader_create(struct loop *loop, struct store *store)
{
    struct store_reader *r = mem_new(1, sizeof(*r));
    r->loop = loop;
    r->store = store;
    for (size_t i = 0; i < ARRAY_COUNT(r->reads); i++) {
        r->reads[i].reader = r;
    }
    actor_init(&r->actor, &store_reader_class, loop_sched(loop));
    return r;
}

bool store_reader_is_busy(const struct store_reader *reader)
{
    for (size_t i = 0; i < ARRAY_COUNT(reader->reads); i++) {
        if (reader->reads[i].asker != NULL) {
            return true;
        }
    }
    return false;
}

void store_reader_destroy(struct store_reader **reader_p)
{
    struct store_reader *r = *reader_p;
    *reader_p = NULL;
    if (r == NULL) {
        return;
    }
    assert(!store_reader_is_busy(r));
    actor_deinit(&r->actor);
    mem_free(r);
}

struct actor *store_reader_actor(struct store_reader *reader)
{
    return &reader->actor;
}
