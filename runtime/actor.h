/* Actors: private state plus a mailbox, run one message at a time by one scheduler.
 *
 * Thread: an actor is touched only by the thread that runs its scheduler.
 * Purity: an actor reads no clock and does no I/O. It changes its own state, sends messages, and
 * arms one deadline; the edges in actors/edge/ are the exception, and do nothing but I/O. */
#ifndef CANDLED_RUNTIME_ACTOR_H
#define CANDLED_RUNTIME_ACTOR_H

#include "runtime/deadlines.h"
#include "runtime/stage.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

/* An actor's turn is the messages that wait when it begins, at most so many; then the next actor
 * has its turn. Protocols may rely on two things that follow: whatever waits in a mailbox that is
 * no larger is handled in one turn; and a message to oneself, sent from receive(), comes after the
 * next turns of all to whom that receive() has sent something before. */
enum { ACTOR_TURN_MESSAGES_MAX = 64 };

struct actor;
struct msg; /* the program's message type, see actors/messages.h */
struct sched;

struct actor_class {
    const char *name;
    void (*receive)(struct actor *self, const struct msg *msg);
    void (*deadline)(struct actor *self);      /* NULL: it never arms one */
    void (*discard)(const struct msg *unread); /* frees what it owns; NULL: nothing */
    uint32_t mailbox_capacity;                 /* the most the protocol can have waiting */
    enum stage stage;                          /* what its turns count as; see runtime/stage.h */
};

/* Embed it in your own struct and come back with container_of(). The fields are the scheduler's. */
struct actor {
    const struct actor_class *class;
    struct sched *sched;    /* borrowed: it outlives its actors */
    unsigned char *mailbox; /* a ring; it grows up to the capacity of the class */
    uint32_t slots;
    uint32_t head;
    uint32_t count;
    bool is_ready;
    struct deadline deadline;
    struct actor *next_ready;
};

void actor_init(struct actor *self, const struct actor_class *class, struct sched *sched);

/* Discards what is unread and disarms the deadline. The actor may be waiting its turn (it is taken
 * out of the line), and may be in the middle of its own receive() or deadline(). */
void actor_deinit(struct actor *self);

/* Copies the message. What its pointers own goes with it. Cannot fail: a full mailbox means that
 * somebody broke the protocol, and that is a bug. */
void actor_send(struct actor *to, const struct msg *msg);

/* For a sender that fills a mailbox as far as it goes. */
bool actor_has_room(const struct actor *actor);

/* Monotonic, told by the driver: never the time of day. */
int64_t actor_now_ms(const struct actor *self);

/* One per actor, in the time of actor_now_ms(); replaces the one before. A time that has passed
 * means now. DEADLINE_NONE disarms. */
void actor_set_deadline(struct actor *self, int64_t deadline_ms);

/* Gives up: the scheduler stops, and its driver learns why from sched_stopped(). The first one that
 * gives up is heard. */
void actor_escalate(struct actor *self, enum status why);

/* For the default: of a receive(). Somebody broke the protocol, and that is a bug. */
void actor_unexpected(const struct actor *self, const struct msg *msg) __attribute__((noreturn));

#endif
