#include "actors/edge/store_reader.h"

#include "actors/messages.h"
#include "runtime/actor.h"
#include "runtime/base.h"
#include "runtime/job.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "state/store.h"

#include <assert.h>
#include <stdlib.h>

/* One read under way; a dispatcher asks for the next only after it has the answer. */
struct read {
    struct job job;
    struct store_reader *reader;
    struct actor *asker;
    struct msg_outbox_read request;
    struct msg_outbox_rows answer;
};

struct store_reader {
    struct actor actor;
    struct loop *loop;
    struct store *store;
    struct read reads[SINK_COUNT];
};

static void work(struct job *job)
{
    struct read *read = container_of(job, struct read, job);
    const struct msg_outbox_read *request = &read->request;
    read->answer.rows = NULL;
    read->answer.status =
        store_read_outbox(read->reader->store, request->after, &request->filter, request->rows_max,
                          request->bytes_max, &read->answer.rows);
}

static void done(struct job *job)
{
    struct read *read = container_of(job, struct read, job);
    struct msg msg = {
        .type = MSG_OUTBOX_ROWS,
        .from = &read->reader->actor,
        .as_OUTBOX_ROWS = read->answer,
    };
    actor_send(read->asker, &msg);
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

static void receive(struct actor *actor, const struct msg *msg)
{
    struct store_reader *r = container_of(actor, struct store_reader, actor);
    if (msg->type != MSG_OUTBOX_READ) {
        actor_unexpected(actor, msg);
    }
    struct read *read = find_free(r);
    read->asker = msg->from;
    read->request = msg->as_OUTBOX_READ;
    job_start(&read->job, loop_uv(r->loop), work, done);
}

static const struct actor_class store_reader_class = {
    .name = "store_reader",
    .receive = receive,
    .mailbox_capacity = SINK_COUNT,
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
