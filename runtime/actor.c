#include "runtime/actor.h"

#include "runtime/log.h"
#include "runtime/mem.h"
#include "runtime/sched_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MIN = 4 };

void actor_init(struct actor *self, const struct actor_class *class, struct sched *sched)
{
    assert(class->mailbox_capacity > 0);
    assert(class->mailbox_capacity <= UINT32_MAX / 2); /* head + nth must fit */
    *self = (struct actor){.class = class, .sched = sched};
    deadlines_init_one(&self->deadline);
    sched->actor_count++;
}

static void discard_unread(struct actor *self)
{
    while (self->count > 0) {
        const void *unread = actor_take(self);
        if (self->class->discard != NULL) {
            self->class->discard(unread);
        }
    }
}

void actor_deinit(struct actor *self)
{
    deadlines_set(self->sched->deadlines, &self->deadline, DEADLINE_NONE);
    sched_unlink(self->sched, self);
    discard_unread(self);
    mem_free(self->mailbox);
    self->mailbox = NULL;
    self->slots = 0;
    self->sched->actor_count--;
}

/* The nth message from the oldest. */
static unsigned char *slot(const struct actor *actor, uint32_t nth)
{
    uint32_t index = actor->head + nth;
    if (index >= actor->slots) {
        index -= actor->slots;
    }
    return actor->mailbox + index * actor->sched->options.msg_size;
}

static uint32_t slots_after(const struct actor *actor)
{
    uint32_t slots = actor->slots == 0 ? SLOTS_MIN : actor->slots * 2;
    uint32_t capacity = actor->class->mailbox_capacity;
    return slots < capacity ? slots : capacity;
}

/* The oldest message moves to the first slot, so that the ring is in one piece again. */
static void grow(struct actor *actor)
{
    size_t msg_size = actor->sched->options.msg_size;
    uint32_t slots = slots_after(actor);
    unsigned char *mailbox = mem_new(slots, msg_size);
    for (uint32_t i = 0; i < actor->count; i++) {
        memcpy(mailbox + i * msg_size, slot(actor, i), msg_size);
    }
    mem_free(actor->mailbox);
    actor->mailbox = mailbox;
    actor->slots = slots;
    actor->head = 0;
}

void actor_send(struct actor *to, const struct msg *msg)
{
    assert(actor_has_room(to));
    if (to->count == to->slots) {
        grow(to);
    }
    memcpy(slot(to, to->count), msg, to->sched->options.msg_size);
    to->count++;
    sched_make_ready(to->sched, to);
}

const void *actor_take(struct actor *actor)
{
    assert(actor->count > 0);
    const void *message = slot(actor, 0);
    actor->head = actor->head + 1 == actor->slots ? 0 : actor->head + 1;
    actor->count--;
    return message;
}

bool actor_has_room(const struct actor *actor)
{
    return actor->count < actor->class->mailbox_capacity;
}

int64_t actor_now_ms(const struct actor *self)
{
    return self->sched->now_ms;
}

void actor_set_deadline(struct actor *self, int64_t deadline_ms)
{
    assert(self->class->deadline != NULL);
    int64_t now_ms = self->sched->now_ms;
    deadlines_set(self->sched->deadlines, &self->deadline,
                  deadline_ms < now_ms ? now_ms : deadline_ms);
}

void actor_escalate(struct actor *self, enum status why)
{
    assert(why != STATUS_OK);
    if (self->sched->stopped == STATUS_OK) {
        self->sched->stopped = why;
    }
}

void actor_unexpected(const struct actor *self, const struct msg *msg)
{
    (void)msg; /* its type is the program's, and is in the core dump */
    log_event(LOG_gave_up, log_text("actor", self->class->name),
              log_text("error", "a message that it does not know"));
    abort();
}
