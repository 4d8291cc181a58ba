#include "actors/edge/redis_marks.h"

#include "actors/edge/redis_link.h"
#include "actors/edge/redis_script.h"
#include "actors/messages.h"
#include "runtime/actor.h"
#include "runtime/base.h"
#include "runtime/log.h"
#include "runtime/mem.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 18, PARTITION_DIGITS_MAX = 11, MISSING = -1 };

/* clang-format off */
#define MARK_STATES(X)                                                                    \
    /* name       what we know of it on this connection                                */ \
    X(unknown,    "nothing")                                                              \
    X(asked,      "GET is under way")                                                     \
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
    const char *topic;
    int32_t partition;
    enum mark_state state;
    int64_t acked;   /* the highest acknowledged revision; -1: none ever */
    int64_t found;   /* what showed that it was forgotten; MISSING */
    int64_t held;    /* what Redis holds; MISSING */
    int64_t wanted;  /* what it should hold */
    int64_t sent;    /* the value of the call under way */
    bool is_calling; /* one call at a time */
    int64_t loss;    /* counts how often it was forgotten */
    struct redis_mark *next;
};

struct redis_marks {
    char *group;
    const char *address;
    struct redis_mark *first;
    struct redis_mark *refilled; /* whose turn it is; NULL: nobody's */
    bool has_error;
    char error[REDIS_LINK_ERROR_MAX];
};

struct redis_marks *redis_marks_create(const struct redis_marks_options *options)
{
    struct redis_marks *marks = mem_new(1, sizeof(*marks));
    size_t size = strlen(options->group) + 1;
    marks->group = mem_new(size, 1);
    memcpy(marks->group, options->group, size);
    marks->address = options->address;
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

static char *make_key(const char *group, const char *topic, int32_t partition)
{
    size_t size = sizeof("candled:::") + strlen(group) + strlen(topic) + PARTITION_DIGITS_MAX;
    char *key = mem_new(size, 1);
    (void)snprintf(key, size, "candled:%s:%s:%" PRId32, group, topic, partition);
    return key;
}

void redis_marks_attach(struct redis_marks *marks, struct actor *dispatcher,
                        const struct msg_sink_attach *attach)
{
    assert(redis_marks_find(marks, dispatcher) == NULL);
    struct redis_mark *mark = mem_new(1, sizeof(*mark));
    *mark = (struct redis_mark){
        .dispatcher = dispatcher,
        .key = make_key(marks->group, attach->topic, attach->partition),
        .topic = attach->topic,
        .partition = attach->partition,
        .acked = attach->acked_revision,
        .held = MISSING,
        .wanted = MISSING,
        .next = marks->first,
    };
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

static void ask(struct redis_mark *mark, struct redis_link *link, int64_t now_ms)
{
    const char *args[] = {"GET", mark->key};
    const size_t sizes[] = {3, strlen(mark->key)};

    mark->state = MARK_asked;
    mark->is_calling = true;
    redis_link_call(link, mark, ARRAY_COUNT(args), args, sizes, now_ms);
}

/* Over what is at least `expected`. */
static void write(struct redis_mark *mark, int64_t value, int64_t expected, struct redis_link *link,
                  int64_t now_ms)
{
    struct redis_script_mark call;

    mark->sent = value;
    mark->is_calling = true;
    redis_script_mark(&call, redis_link_script_sha(link), mark->key, value, expected);
    redis_link_call(link, mark, ARRAY_COUNT(call.args), call.args, call.sizes, now_ms);
}

/* What is written is what is there, or a zero: lower than any revision, and enough to see later
 * whether this Redis was emptied in the meantime. */
static void sign(struct redis_marks *marks, struct redis_mark *mark, struct redis_link *link,
                 int64_t now_ms)
{
    marks->refilled = mark;
    mark->state = MARK_signing;
    write(mark, mark->held == MISSING ? 0 : mark->held, MISSING, link, now_ms);
}

void redis_marks_send(struct redis_marks *marks, struct redis_link *link, int64_t now_ms)
{
    for (struct redis_mark *mark = marks->first; mark != NULL; mark = mark->next) {
        if (mark->is_calling || mark->dispatcher == NULL) {
            continue;
        }
        if (mark->state == MARK_unknown) {
            ask(mark, link, now_ms);
        } else if (mark->state == MARK_good && mark->wanted > mark->held) {
            write(mark, mark->wanted, mark->held, link, now_ms);
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

/* Anything but a number is what nobody of us has written. */
static int64_t number_of(const struct redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING || reply->len == 0 || reply->len > DIGITS_MAX ||
        strspn(reply->str, "0123456789") != reply->len) {
        return MISSING;
    }
    return strtoll(reply->str, NULL, 10);
}

static void tell_dispatcher(struct redis_marks *marks, struct redis_mark *mark)
{
    struct msg msg = {.type = MSG_SINK_FORGOT, .as_SINK_FORGOT = {.loss = ++mark->loss}};

    mark->state = MARK_refilling;
    log_event(LOG_sink_forgot, log_text("sink", "redis"), log_text("address", marks->address),
              log_text("topic", mark->topic), log_int("partition", mark->partition),
              log_int("found_revision", mark->found), log_int("acked_revision", mark->acked));
    actor_send(mark->dispatcher, &msg);
}

static void take_number(struct redis_marks *marks, struct redis_mark *mark, int64_t held)
{
    int64_t known = mark->held;
    bool is_written = held >= known && held <= mark->sent;

    mark->held = held;
    mark->found = mark->state == MARK_signing ? mark->found : held;
    if (mark->state == MARK_asked) {
        mark->state = held < mark->acked ? MARK_forgotten : MARK_good;
    } else if (mark->state == MARK_good) {
        mark->state = held < known ? MARK_forgotten : MARK_good;
        mark->held = is_written ? mark->sent : held;
    } else if (held >= mark->acked) { /* somebody else has made it good */
        mark->state = MARK_good;
        end_turn(marks, mark);
    } else {
        mark->held = held < mark->sent ? mark->sent : held;
        tell_dispatcher(marks, mark);
    }
}

void redis_marks_take_reply(struct redis_marks *marks, struct redis_mark *mark,
                            const struct redisReply *reply)
{
    mark->is_calling = false;
    if (mark->dispatcher == NULL) {
        remove_mark(marks, mark);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        note_error(marks, mark, reply->str);
    } else {
        take_number(marks, mark, number_of(reply));
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
        mark->state = MARK_unknown;
        mark->is_calling = false;
        mark->held = MISSING;
        mark->wanted = MISSING;
        if (mark->dispatcher == NULL) {
            remove_mark(marks, mark);
        }
    }
}

static bool is_covered(struct redis_mark *mark, int64_t revision)
{
    switch (mark->state) {
    case MARK_unknown:
    case MARK_asked:
        return false;
    case MARK_good:
        if (mark->wanted < revision) {
            mark->wanted = revision;
        }
        return mark->held >= mark->wanted;
    case MARK_forgotten:
    case MARK_signing:
    case MARK_refilling:
        return true;
    }
    return false;
}

/* A refill says nothing about what was acknowledged. */
bool redis_marks_acknowledge(struct redis_mark *mark, const struct delivery *delivery)
{
    if (mark == NULL || delivery->is_refill) {
        return true;
    }
    if (!is_covered(mark, delivery->revision)) {
        return false;
    }
    if (mark->acked < delivery->revision) {
        mark->acked = delivery->revision;
    }
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
    mark->wanted = mark->acked;
    log_event(LOG_sink_refilled, log_text("sink", "redis"), log_text("address", marks->address),
              log_text("topic", mark->topic), log_int("partition", mark->partition),
              log_int("candles", refilled->count));
    return true;
}
