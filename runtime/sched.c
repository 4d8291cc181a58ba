#include "runtime/sched.h"

#include "runtime/actor.h"
#include "runtime/mem.h"
#include "runtime/sched_internal.h"
#include "runtime/stage.h"

#include <assert.h>
#include <string.h>

struct sched *sched_create(const struct sched_options *options)
{
    assert(options->msg_size > 0);
    struct sched *sched = mem_new(1, sizeof(*sched));
    sched->options = *options;
    sched->deadlines = deadlines_create();
    sched->scratch = mem_new(1, options->msg_size);
    return sched;
}

void sched_destroy(struct sched **sched_p)
{
    struct sched *sched = *sched_p;
    *sched_p = NULL;
    if (sched == NULL) {
        return;
    }
    assert(sched->actor_count == 0);
    deadlines_destroy(&sched->deadlines);
    mem_free(sched->scratch);
    mem_free(sched);
}

void sched_make_ready(struct sched *sched, struct actor *actor)
{
    if (actor->is_ready) {
        return;
    }
    actor->is_ready = true;
    actor->next_ready = NULL;
    if (sched->ready_tail == NULL) {
        sched->ready_head = actor;
    } else {
        sched->ready_tail->next_ready = actor;
    }
    sched->ready_tail = actor;
}

static void end_turn(struct sched *sched)
{
    struct actor *actor = sched->ready_head;
    sched->ready_head = actor->next_ready;
    if (sched->ready_head == NULL) {
        sched->ready_tail = NULL;
    }
    actor->next_ready = NULL;
    actor->is_ready = false;
    sched->turn_messages = 0;
}

void sched_unlink(struct sched *sched, struct actor *actor)
{
    if (sched->running == actor) {
        sched->running = NULL;
    }
    if (!actor->is_ready) {
        return;
    }
    if (sched->ready_head == actor) {
        end_turn(sched);
        return;
    }
    struct actor *before = sched->ready_head;
    while (before->next_ready != actor) {
        before = before->next_ready;
    }
    before->next_ready = actor->next_ready;
    if (sched->ready_tail == actor) {
        sched->ready_tail = before;
    }
    actor->next_ready = NULL;
    actor->is_ready = false;
}

void sched_advance(struct sched *sched, int64_t now_ms)
{
    assert(now_ms >= sched->now_ms);
    sched->now_ms = now_ms;

    /* What is armed meanwhile comes after all that was due: this bound cuts nothing else. */
    uint32_t fires_max = deadlines_count(sched->deadlines);
    for (uint32_t i = 0; i < fires_max && sched->stopped == STATUS_OK; i++) {
        struct deadline *due = deadlines_take_due(sched->deadlines, now_ms);
        if (due == NULL) {
            return;
        }
        struct actor *actor = container_of(due, struct actor, deadline);
        (void)stage_enter(actor->class->stage);
        actor->class->deadline(actor);
    }
}

/* A turn is what waits at its beginning: what an actor sends itself comes after all that it sent to
 * others before. */
static void begin_turn(struct sched *sched, const struct actor *actor)
{
    sched->turn_messages =
        actor->count < ACTOR_TURN_MESSAGES_MAX ? actor->count : ACTOR_TURN_MESSAGES_MAX;
}

static void take_message(struct sched *sched)
{
    struct actor *actor = sched->ready_head;
    if (sched->turn_messages == 0) {
        begin_turn(sched, actor);
    }
    memcpy(sched->scratch, actor_take(actor), sched->options.msg_size);
    sched->turn_messages--;
    sched->running = actor;
}

/* Only now does it go to the end of the line, behind all to whom it has sent something. */
static void settle_turn(struct sched *sched)
{
    struct actor *actor = sched->running;
    sched->running = NULL;
    if (actor == NULL || sched->turn_messages > 0) {
        return;
    }
    end_turn(sched);
    if (actor->count > 0) {
        sched_make_ready(sched, actor);
    }
}

bool sched_step(struct sched *sched)
{
    if (sched_is_idle(sched)) {
        return false;
    }
    take_message(sched);
    struct actor *actor = sched->running;
    struct sched_tracer *tracer = sched->options.tracer;
    if (tracer != NULL) {
        tracer->trace(tracer, actor, sched->scratch);
    }
    (void)stage_enter(actor->class->stage);
    actor->class->receive(actor, sched->scratch);
    settle_turn(sched);
    return true;
}

bool sched_is_idle(const struct sched *sched)
{
    return sched->ready_head == NULL || sched->stopped != STATUS_OK;
}

enum status sched_stopped(const struct sched *sched)
{
    return sched->stopped;
}

int64_t sched_next_deadline_ms(const struct sched *sched)
{
    return deadlines_next_ms(sched->deadlines);
}
