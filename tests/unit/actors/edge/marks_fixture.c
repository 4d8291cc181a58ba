#include "tests/unit/actors/edge/marks_fixture.h"

#include "actors/edge/redis_link.h"
#include "runtime/base.h"
#include "runtime/mem.h"
#include "runtime/rand.h"
#include "runtime/sched.h"
#include "tests/unit/cmocka.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CALL_SIZE = 400, SEED = 7 };

/* In place of redis_link.c: one call under way at most, as text. */
static char call[CALL_SIZE];
static struct redis_mark *caller;

const char *redis_link_script_sha(const struct redis_link *link)
{
    (void)link;
    return "sha";
}

void redis_link_call(struct redis_link *link, void *token, size_t count, const char **args,
                     const size_t *sizes, int64_t now_ms)
{
    size_t used = 0;
    (void)link;
    (void)now_ms;
    assert_null(caller);
    caller = token;
    for (size_t i = 4; i < count; i++) {
        used += (size_t)snprintf(call + used, sizeof(call) - used, "%s%.*s", i == 4 ? "" : " ",
                                 (int)sizes[i], args[i]);
    }
    assert_int_equal(strncmp(args[3], args[4], sizes[3]), 0); /* the count's key, and the mark's */
}

int64_t marks_fixture_given_life(int nth, int64_t above)
{
    struct rand rand = {.state = SEED};
    int64_t life = above;
    for (int i = 0; i < nth; i++) {
        life = acked_next_life(acked_none(), (struct acked){.life = above}, rand_next(&rand));
    }
    return life;
}

struct acked marks_fixture_left(int64_t known_life)
{
    return (struct acked){0, 0, marks_fixture_given_life(1, known_life)};
}

struct marks_fixture *marks_fixture_open(struct acked acked)
{
    struct marks_fixture *f = mem_new(1, sizeof(*f));
    const struct msg_sink_attach attach = {"t", 3, acked.revision, acked.count, acked.life};

    caller = NULL;
    f->sched = sched_create(&(struct sched_options){.msg_size = sizeof(struct msg)});
    probe_init(&f->dispatcher, f->sched);
    f->marks = redis_marks_create("g", "redis://there", SEED);
    redis_marks_attach(f->marks, &f->dispatcher.actor, &attach);
    f->mark = redis_marks_find(f->marks, &f->dispatcher.actor);
    assert_non_null(f->mark);
    return f;
}

void marks_fixture_close(struct marks_fixture *f)
{
    redis_marks_destroy(&f->marks);
    probe_deinit(&f->dispatcher);
    sched_destroy(&f->sched);
    mem_free(f);
}

static void expect_call(struct marks_fixture *f, const char *wanted)
{
    redis_marks_send(f->marks, NULL, 0);
    assert_ptr_equal(caller, f->mark);
    assert_string_equal(call, wanted);
}

void marks_fixture_expect_no_call(struct marks_fixture *f)
{
    redis_marks_send(f->marks, NULL, 0);
    assert_null(caller);
}

void marks_fixture_expect_read(struct marks_fixture *f)
{
    const char wanted[] = "candled:g:t:3:count mark -1 0 0 0 0 ";
    redis_marks_send(f->marks, NULL, 0);
    assert_ptr_equal(caller, f->mark);
    assert_memory_equal(call, wanted, sizeof(wanted) - 1);
}

void marks_fixture_expect_write(struct marks_fixture *f, struct acked value, struct acked over)
{
    char wanted[CALL_SIZE];
    (void)snprintf(wanted, sizeof(wanted),
                   "candled:g:t:3:count mark %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                   " %" PRId64 " %" PRId64,
                   over.revision, over.count, over.life, value.revision, value.count, value.life);
    expect_call(f, wanted);
}

static struct redisReply *reply_of(char *text, int size, struct redisReply *reply)
{
    *reply = (struct redisReply){.type = REDIS_REPLY_STRING, .str = text, .len = (size_t)size};
    return reply;
}

void marks_fixture_answer(struct marks_fixture *f, struct acked held)
{
    char revision[24], count[48];
    struct redisReply replies[2];
    int size = snprintf(revision, sizeof(revision), "%" PRId64, held.revision);
    int count_size = snprintf(count, sizeof(count), "%" PRId64 " %" PRId64, held.count, held.life);
    struct redisReply *elements[] = {reply_of(revision, size, &replies[0]),
                                     reply_of(count, count_size, &replies[1])};
    struct redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = elements};

    assert_non_null(caller);
    struct redis_mark *mark = caller;
    caller = NULL;
    redis_marks_take_reply(f->marks, mark, &reply);
    while (sched_step(f->sched)) {
    }
}

void marks_fixture_connect_to(struct marks_fixture *f, struct acked held)
{
    marks_fixture_expect_read(f);
    marks_fixture_answer(f, held);
}

void marks_fixture_deliver(struct marks_fixture *f, int64_t revision)
{
    f->delivery = (struct delivery){.topic = "t", .revision = revision, .acked = acked_none()};
}

bool marks_fixture_is_acknowledged(struct marks_fixture *f)
{
    return redis_marks_acknowledge(f->mark, &f->delivery);
}

void marks_fixture_assert_acked(const struct marks_fixture *f, struct acked acked)
{
    assert_int_equal(f->delivery.acked.revision, acked.revision);
    assert_int_equal(f->delivery.acked.count, acked.count);
}

void marks_fixture_acknowledge(struct marks_fixture *f, int64_t revision, struct acked held,
                               struct acked wanted)
{
    marks_fixture_deliver(f, revision);
    assert_false(marks_fixture_is_acknowledged(f));
    marks_fixture_expect_write(f, wanted, held);
    marks_fixture_answer(f, held);
    assert_true(marks_fixture_is_acknowledged(f));
    marks_fixture_assert_acked(f, wanted);
    marks_fixture_expect_no_call(f);
}

size_t marks_fixture_losses(const struct marks_fixture *f)
{
    for (size_t i = 0; i < f->dispatcher.count; i++) {
        assert_int_equal(f->dispatcher.messages[i].type, MSG_SINK_FORGOT);
    }
    return f->dispatcher.count;
}

bool marks_fixture_is_calling(void)
{
    return caller != NULL;
}

void marks_fixture_cut(void)
{
    caller = NULL;
}
