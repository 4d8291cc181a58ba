#include "actors/edge/redis_marks.h"

#include "actors/acked.h"
#include "actors/edge/redis_link.h"
#include "actors/edge/redis_script.h"
#include "actors/mark.h"
#include "actors/messages.h"
#include "runtime/actor.h"
#include "runtime/base.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "runtime/rand.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

/* What is written into a Redis that holds no mark: before anything that was acknowledged. */
static const struct acked lowest = {.revision = 0};

/* clang-format off */
#define MARK_STATES(X)                                                                    \
    /* name       what we know of it on this connection                                */ \
    X(unknown,    "nothing")                                                              \
    X(asked,      "we read it, and leave one where there is none")                       \
    X(good,       "Redis has all that was acknowledged")                                  \
    X(forgotten,  "it has not; its turn to be refilled has not come")                     \
    X(signing,    "its turn: a write that shows whether this Redis takes any")          \
    X(refilling,  "the dispatcher has been told")
/* clang-format on */

enum mark_state {
#define X(name, what) MARK_##name,
    MARK_STATES(X)
#undef X
};

struct redis_mark {
    struct actor *dispatcher; /* NULL: detached, and a reply is still to come */
    char *key;
    char *count_key;
    const char *topic;
    int32_t partition;
    enum mark_state state;
    struct mark known;
    struct acked found;   /* what showed that it was forgotten */
    struct acked wanted;  /* what it should hold */
    struct acked sent;    /* the highest value that a call has carried */
    struct acked written; /* the highest that a call has changed the mark to */
    bool is_calling;      /* one call at a time */
    int64_t loss;         /* counts how often it was forgotten */
    struct redis_mark *next;
};

struct redis_marks {
    char *group;
    const char *address;
    struct rand rand;
    struct redis_mark *first;
    struct redis_mark *refilled; /* whose turn it is; NULL: nobody's */
    bool has_error;
    char error[REDIS_LINK_ERROR_MAX];
};

struct redis_marks *redis_marks_create(const char *group, const char *address, uint64_t seed)
{
    struct redis_marks *marks = mem_new(1, sizeof(*marks));
    size_t size = group == NULL ? 1 : strlen(group) + 1;
    marks->group = mem_new(size, 1);
    memcpy(marks->group, group == NULL ? "" : group, size);
    marks->address = address;
    marks->rand.state = seed;
    return marks;
}

static void remove_mark(struct redis_marks *marks, struct redis_mark *mark)
{
    struct redis_mark **at = &marks->first;
    while (*at != mark) {
        at = &(*at)->next;
    }
    *at = mark->next;
    mem_free(mark->key);
    mem_free(mark->count_key);
    mem_free(mark);
}

void redis_marks_destroy(struct redis_marks **marks_p)
{
    struct redis_marks *marks = *marks_p;
    *marks_p = NULL;
    if (marks == NULL) {
        return;
    }
    while (marks->first != NULL) {
        remove_mark(marks, marks->first);
    }
    mem_free(marks->group);
    mem_free(marks);
}

/* Nothing is known of what this Redis holds. */
static void forget_connection(struct redis_mark *mark)
{
    mark->state = MARK_unknown;
    mark->is_calling = false;
    mark->known.held = acked_none();
    mark->wanted = acked_none();
    mark->sent = acked_none();
    mark->written = acked_none();
}

void redis_marks_attach(struct redis_marks *marks, struct actor *dispatcher,
                        const struct msg_sink_attach *attach)
{
    assert(redis_marks_find(marks, dispatcher) == NULL);
    struct redis_mark *mark = mem_new(1, sizeof(*mark));
    *mark = (struct redis_mark){
        .dispatcher = dispatcher,
        .key = redis_script_mark_key(marks->group, attach->topic, attach->partition, ""),
        .count_key =
            redis_script_mark_key(marks->group, attach->topic, attach->partition, ":count"),
        .topic = attach->topic,
        .partition = attach->partition,
        .known =
            mark_create((struct acked){attach->acked_revision, attach->acked_count, attach->life}),
        .next = marks->first,
    };
    forget_connection(mark);
    marks->first = mark;
}

static void end_turn(struct redis_marks *marks, const struct redis_mark *mark)
{
    if (marks->refilled == mark) {
        marks->refilled = NULL;
    }
}

void redis_marks_detach(struct redis_marks *marks, const struct actor *dispatcher)
{
    struct redis_mark *mark = redis_marks_find(marks, dispatcher);
    if (mark == NULL) {
        return;
    }
    end_turn(marks, mark);
    mark->dispatcher = NULL;
    if (!mark->is_calling) {
        remove_mark(marks, mark);
    }
}

struct redis_mark *redis_marks_find(struct redis_marks *marks, const struct actor *dispatcher)
{
    struct redis_mark *mark = marks->first;
    while (mark != NULL && mark->dispatcher != dispatcher) {
        mark = mark->next;
    }
    return mark;
}

/* Over what we know to be there. */
static void write(struct redis_mark *mark, struct acked value, int64_t life,
                  struct redis_link *link, int64_t now_ms)
{
    struct redis_script_mark call;

    value.life = life;
    mark->sent = value;
    mark->is_calling = true;
    redis_script_write_mark(&call, redis_link_script_sha(link), mark->key, mark->count_key, value,
                            mark->known.held);
    redis_link_call(link, mark, call.arg_count, call.args, call.sizes, now_ms);
}

/* A Redis that holds nothing gets a mark before any candle, so that it cannot lose those unseen. */
static void ask(struct redis_marks *marks, struct redis_mark *mark, struct redis_link *link,
                int64_t now_ms)
{
    int64_t life = acked_next_life(acked_none(), mark->known.acked, rand_next(&marks->rand));

    mark->state = MARK_asked;
    write(mark, lowest, life, link, now_ms);
}

/* What is written is what is there, or the lowest: enough to see later whether this Redis was
 * emptied in the meantime. */
static void sign(struct redis_marks *marks, struct redis_mark *mark, struct redis_link *link,
                 int64_t now_ms)
{
    marks->refilled = mark;
    mark->state = MARK_signing;
    write(mark, acked_later(mark->known.held, lowest), mark->known.life, link, now_ms);
}

void redis_marks_send(struct redis_marks *marks, struct redis_link *link, int64_t now_ms)
{
    for (struct redis_mark *mark = marks->first; mark != NULL; mark = mark->next) {
        if (mark->is_calling || mark->dispatcher == NULL) {
            continue;
        }
        if (mark->state == MARK_unknown) {
            ask(marks, mark, link, now_ms);
        } else if (mark->state == MARK_good && acked_is_before(mark->known.held, mark->wanted)) {
            write(mark, mark->wanted, mark->known.life, link, now_ms);
        } else if (mark->state == MARK_forgotten && marks->refilled == NULL) {
            sign(marks, mark, link, now_ms);
        }
    }
}

static void note_error(struct redis_marks *marks, const struct redis_mark *mark, const char *error)
{
    if (!marks->has_error) {
        marks->has_error = true;
        (void)snprintf(marks->error, sizeof(marks->error), "%s (%s)", error, mark->key);
    }
}

/* False: nobody of us has written what it says. */
static bool read_reply(const struct redisReply *reply, struct acked *out_held)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_STRING) {
        return false;
    }
    *out_held = redis_script_parse_mark(reply->element[0]->str, reply->element[1]->str);
    return true;
}

static void tell_dispatcher(struct redis_marks *marks, struct redis_mark *mark)
{
    struct msg msg = {.type = MSG_SINK_FORGOT, .as_SINK_FORGOT = {.loss = ++mark->loss}};

    mark->state = MARK_refilling;
    log_event(
        LOG_sink_forgot, log_text("sink", "redis"), log_text("address", marks->address),
        log_text("topic", mark->topic), log_int("partition", mark->partition),
        log_int("found_revision", mark->found.revision),
        log_int("acked_revision", mark->known.acked.revision),
        log_int("found_count", mark->found.count), log_int("acked_count", mark->known.acked.count),
        log_int("found_life", mark->found.life), log_int("known_life", mark->known.acked.life));
    actor_send(mark->dispatcher, &msg);
}

static void note_judged(struct redis_mark *mark, struct acked held, bool is_whole)
{
    mark->state = is_whole ? MARK_good : MARK_forgotten;
    if (!is_whole) {
        mark->found = held;
    }
}

static void take_written(struct redis_marks *marks, struct redis_mark *mark)
{
    mark->known.held = mark->sent;
    if (mark->state == MARK_signing) {
        tell_dispatcher(marks, mark);
    } else {
        mark->written = mark->sent;
    }
}

/* While its turn had not come, what we have left there is what we found. */
static void take_changed(struct redis_marks *marks, struct redis_mark *mark, struct acked held)
{
    end_turn(marks, mark);
    note_judged(mark, held,
                mark->state == MARK_signing
                    ? mark_is_whole_at_connect(&mark->known, held, &marks->rand)
                    : mark_is_whole_when_changed(&mark->known, held, &marks->rand));
}

static void take_first(struct redis_marks *marks, struct redis_mark *mark, struct acked held)
{
    bool is_written = acked_equals(held, mark->known.held);

    note_judged(mark, held, mark_is_whole_at_connect(&mark->known, held, &marks->rand));
    if (is_written) {
        mark->known.held = mark->sent;
        mark->known.life = mark->sent.life;
    }
}

/* Only a change of ours proves something of what was written before it: one that somebody else has
 * made may be older. */
static void take_held(struct redis_marks *marks, struct redis_mark *mark, struct acked held)
{
    if (mark->state == MARK_asked) {
        take_first(marks, mark, held);
    } else if (!acked_equals(held, mark->known.held)) {
        take_changed(marks, mark, held);
    } else {
        take_written(marks, mark);
    }
}

void redis_marks_take_reply(struct redis_marks *marks, struct redis_mark *mark,
                            const struct redisReply *reply)
{
    struct acked held;

    mark->is_calling = false;
    if (mark->dispatcher == NULL) {
        remove_mark(marks, mark);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        note_error(marks, mark, reply->str);
    } else if (!read_reply(reply, &held)) {
        note_error(marks, mark, "the script was answered in another way than we know");
    } else {
        take_held(marks, mark, held);
    }
}

const char *redis_marks_error(const struct redis_marks *marks)
{
    return marks->has_error ? marks->error : NULL;
}

void redis_marks_rewind(struct redis_marks *marks)
{
    struct redis_mark *next;

    marks->has_error = false;
    marks->refilled = NULL;
    for (struct redis_mark *mark = marks->first; mark != NULL; mark = next) {
        next = mark->next;
        forget_connection(mark);
        if (mark->dispatcher == NULL) {
            remove_mark(marks, mark);
        }
    }
}

/* The mark must come to stand where no copy of this Redis can have it that was taken before the
 * candles of the delivery were written: past all that it held till now, and past what is on its way
 * from before. */
static bool is_covered(struct redis_mark *mark, struct delivery *delivery)
{
    if (delivery->acked.revision >= 0 && !acked_is_before(mark->written, delivery->acked)) {
        return true;
    }
    if (!acked_is_before(mark->known.held, delivery->acked)) {
        struct acked reached =
            acked_later(acked_later(mark->known.held, mark->sent), mark->known.acked);
        delivery->acked = acked_next(reached, delivery->revision);
    }
    delivery->acked.life = mark->known.life;
    mark->wanted = acked_later(mark->wanted, delivery->acked);
    return false;
}

/* A refill says nothing about what was acknowledged, nor does a delivery without a candle. */
bool redis_marks_acknowledge(struct redis_mark *mark, struct delivery *delivery)
{
    if (mark == NULL || delivery->is_refill || delivery->revision < 0) {
        return true;
    }
    switch (mark->state) {
    case MARK_unknown:
    case MARK_asked:
        return false;
    case MARK_good:
        if (!is_covered(mark, delivery)) {
            return false;
        }
        break;
    case MARK_forgotten:
    case MARK_signing:
    case MARK_refilling:
        delivery->acked = acked_next(mark->known.acked, delivery->revision);
        break;
    }
    mark->known.acked = acked_later(mark->known.acked, delivery->acked);
    return true;
}

bool redis_marks_end_refill(struct redis_marks *marks, const struct actor *dispatcher,
                            const struct msg_sink_refilled *refilled)
{
    struct redis_mark *mark = redis_marks_find(marks, dispatcher);

    if (mark == NULL || mark->state != MARK_refilling || mark->loss != refilled->loss) {
        return false;
    }
    end_turn(marks, mark);
    mark->state = MARK_good;
    mark_end_refill(&mark->known);
    mark->wanted = mark->known.acked;
    log_event(LOG_sink_refilled, log_text("sink", "redis"), log_text("address", marks->address),
              log_text("topic", mark->topic), log_int("partition", mark->partition),
              log_int("candles", refilled->count));
    return true;
}
