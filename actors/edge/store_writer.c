#include "actors/edge/store_writer.h"

#include "actors/messages.h"
#include "runtime/actor.h"
#include "runtime/base.h"
#include "runtime/job.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/stage.h"
#include "state/store.h"

#include <assert.h>

struct store_writer {
    struct actor actor;
    struct job job;
    struct loop *loop;
    struct store *store;
    struct actor *asker;
    const struct checkpoint *checkpoint;
    enum status status;
};

static void commit(struct job *job)
{
    struct store_writer *w = container_of(job, struct store_writer, job);
    enum stage before = stage_enter(STAGE_checkpoint);
    w->status = store_commit(w->store, w->checkpoint);
    (void)stage_enter(before);
}

static void committed(struct job *job)
{
    struct store_writer *w = container_of(job, struct store_writer, job);
    struct msg msg = {
        .type = MSG_STORE_COMMITTED,
        .from = &w->actor,
        .as_STORE_COMMITTED = {.status = w->status},
    };
    actor_send(w->asker, &msg);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct store_writer *w = container_of(actor, struct store_writer, actor);
    if (msg->type != MSG_STORE_COMMIT) {
        actor_unexpected(actor, msg);
    }
    w->asker = msg->from;
    w->checkpoint = msg->as_STORE_COMMIT.checkpoint;
    job_start(&w->job, loop_uv(w->loop), commit, committed);
}

static const struct actor_class store_writer_class = {
    .name = "store_writer",
    .receive = receive,
    .mailbox_capacity = 1,
    .stage = STAGE_checkpoint,
};

struct store_writer *store_writer_create(struct loop *loop, struct store *store)
{
    struct store_writer *w = mem_new(1, sizeof(*w));
    w->loop = loop;
    w->store = store;
    actor_init(&w->actor, &store_writer_class, loop_sched(loop));
    return w;
}

void store_writer_destroy(struct store_writer **writer_p)
{
    struct store_writer *w = *writer_p;
    *writer_p = NULL;
    if (w == NULL) {
        return;
    }
    assert(!w->job.is_running);
    actor_deinit(&w->actor);
    mem_free(w);
}

struct actor *store_writer_actor(struct store_writer *writer)
{
    return &writer->actor;
}
