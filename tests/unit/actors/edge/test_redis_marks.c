#include "actors/edge/redis_marks.h"

#include "actors/edge/redis_link.h"
#include "actors/messages.h"
#include "runtime/base.h"
#include "runtime/mem.h"
#include "runtime/sched.h"
#include "tests/unit/actors/probe.h"
#include "tests/unit/cmocka.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HIGHEST = 100, CALL_SIZE = 400 };

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

struct fixture {
    struct sched *sched;
    struct probe dispatcher;
    struct redis_marks *marks;
    struct redis_mark *mark;
    struct delivery delivery;
};

static struct fixture *open_fixture(struct acked acked)
{
    struct fixture *f = mem_new(1, sizeof(*f));
    const struct redis_marks_options options = {.group = "g", .address = "redis://there"};
    const struct msg_sink_attach attach = {"t", 3, acked.revision, acked.count};

    caller = NULL;
    f->sched = sched_create(&(struct sched_options){.msg_size = sizeof(struct msg)});
    probe_init(&f->dispatcher, f->sched);
    f->marks = redis_marks_create(&options);
    redis_marks_attach(f->marks, &f->dispatcher.actor, &attach);
    f->mark = redis_marks_find(f->marks, &f->dispatcher.actor);
    assert_non_null(f->mark);
    return f;
}

static void close_fixture(struct fixture *f)
{
    redis_marks_destroy(&f->marks);
    probe_deinit(&f->dispatcher);
    sched_destroy(&f->sched);
    mem_free(f);
}

static void expect_call(struct fixture *f, const char *wanted)
{
    redis_marks_send(f->marks, NULL, 0);
    assert_ptr_equal(caller, f->mark);
    assert_string_equal(call, wanted);
}

static void expect_no_call(struct fixture *f)
{
    redis_marks_send(f->marks, NULL, 0);
    assert_null(caller);
}

static void expect_read(struct fixture *f)
{
    expect_call(f, "candled:g:t:3:count mark");
}

static void expect_write(struct fixture *f, struct acked value, struct acked over)
{
    char wanted[CALL_SIZE];
    (void)snprintf(wanted, sizeof(wanted),
                   "candled:g:t:3:count mark %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
                   over.revision, over.count, value.revision, value.count);
    expect_call(f, wanted);
}

static struct redisReply *text_of(int64_t number, char text[24], struct redisReply *reply)
{
    int size = snprintf(text, 24, "%" PRId64, number);
    *reply = (struct redisReply){.type = REDIS_REPLY_STRING, .str = text, .len = (size_t)size};
    return reply;
}

/* What was there before the call. */
static void answer(struct fixture *f, struct acked held)
{
    char texts[2][24];
    struct redisReply numbers[2];
    struct redisReply *elements[] = {text_of(held.revision, texts[0], &numbers[0]),
                                     text_of(held.count, texts[1], &numbers[1])};
    struct redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = elements};

    assert_non_null(caller);
    struct redis_mark *mark = caller;
    caller = NULL;
    redis_marks_take_reply(f->marks, mark, &reply);
    while (sched_step(f->sched)) {
    }
}

static void connect_to(struct fixture *f, struct acked held)
{
    expect_read(f);
    answer(f, held);
}

static void deliver(struct fixture *f, int64_t revision)
{
    f->delivery = (struct delivery){.topic = "t", .revision = revision, .acked = acked_none()};
}

static bool is_acknowledged(struct fixture *f)
{
    return redis_marks_acknowledge(f->mark, &f->delivery);
}

static void assert_acked(const struct fixture *f, struct acked acked)
{
    assert_int_equal(f->delivery.acked.revision, acked.revision);
    assert_int_equal(f->delivery.acked.count, acked.count);
}

/* Its candles are written; the mark stands at `held`, and comes to stand at `wanted`. */
static void acknowledge(struct fixture *f, int64_t revision, struct acked held, struct acked wanted)
{
    deliver(f, revision);
    assert_false(is_acknowledged(f));
    expect_write(f, wanted, held);
    answer(f, held);
    assert_true(is_acknowledged(f));
    assert_acked(f, wanted);
    expect_no_call(f);
}

static size_t losses(const struct fixture *f)
{
    for (size_t i = 0; i < f->dispatcher.count; i++) {
        assert_int_equal(f->dispatcher.messages[i].type, MSG_SINK_FORGOT);
    }
    return f->dispatcher.count;
}

static void every_delivery_moves_the_mark_also_one_that_is_told_late(void **state)
{
    (void)state;
    struct fixture *f = open_fixture(acked_none());
    connect_to(f, acked_none());
    acknowledge(f, HIGHEST, acked_none(), (struct acked){HIGHEST, 0});
    acknowledge(f, HIGHEST - 7, (struct acked){HIGHEST, 0}, (struct acked){HIGHEST, 1});
    acknowledge(f, HIGHEST, (struct acked){HIGHEST, 1}, (struct acked){HIGHEST, 2});
    acknowledge(f, HIGHEST + 1, (struct acked){HIGHEST, 2}, (struct acked){HIGHEST + 1, 0});
    deliver(f, -1); /* not one candle: nothing was written */
    assert_true(is_acknowledged(f));
    expect_no_call(f);
    close_fixture(f);
}

static void what_comes_before_is_forgotten_and_what_comes_after_is_not(void **state)
{
    (void)state;
    const struct {
        struct acked held;
        bool is_lost;
    } cases[] = {
        {{-1, 0}, true},           {{HIGHEST - 1, 9}, true}, {{HIGHEST, 0}, true}, /* or no count */
        {{HIGHEST, 1}, true},      {{HIGHEST, 2}, false},    {{HIGHEST, 3}, false},
        {{HIGHEST + 1, 0}, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct fixture *f = open_fixture((struct acked){HIGHEST, 2});
        connect_to(f, cases[i].held);
        redis_marks_send(f->marks, NULL, 0);
        assert_int_equal(caller != NULL, cases[i].is_lost); /* its turn begins with a signature */
        if (cases[i].is_lost) {
            answer(f, cases[i].held);
        }
        assert_int_equal(losses(f), cases[i].is_lost);
        close_fixture(f);
    }
}

static void without_a_count_on_either_side_nothing_is_lost(void **state)
{
    (void)state;
    struct fixture *f = open_fixture((struct acked){HIGHEST, 0}); /* of an earlier version */
    connect_to(f, (struct acked){HIGHEST, 0});
    expect_no_call(f);
    assert_int_equal(losses(f), 0);
    close_fixture(f);
}

/* Our state was put back: what we write now must not look like what it wrote before. */
static void behind_the_mark_it_counts_on_from_there(void **state)
{
    (void)state;
    const struct acked ours[] = {{-1, 0}, {HIGHEST - 50, 3}, {HIGHEST, 1}};
    for (size_t i = 0; i < ARRAY_COUNT(ours); i++) {
        struct fixture *f = open_fixture(ours[i]);
        connect_to(f, (struct acked){HIGHEST, 4});
        acknowledge(f, HIGHEST - 20, (struct acked){HIGHEST, 4}, (struct acked){HIGHEST, 5});
        redis_marks_rewind(f->marks);
        connect_to(f, (struct acked){HIGHEST, 4}); /* a copy from before it */
        expect_write(f, (struct acked){HIGHEST, 4}, (struct acked){HIGHEST, 4});
        answer(f, (struct acked){HIGHEST, 4});
        assert_int_equal(losses(f), 1);
        close_fixture(f);
    }
}

/* The other one's mark may have been there before our candles were. */
static void a_mark_that_another_has_moved_is_moved_on(void **state)
{
    (void)state;
    struct fixture *f = open_fixture((struct acked){HIGHEST, 0});
    connect_to(f, (struct acked){HIGHEST, 0});
    deliver(f, HIGHEST - 1);
    assert_false(is_acknowledged(f));
    expect_write(f, (struct acked){HIGHEST, 1}, (struct acked){HIGHEST, 0});
    answer(f, (struct acked){HIGHEST, 1});
    assert_false(is_acknowledged(f));
    expect_write(f, (struct acked){HIGHEST, 2}, (struct acked){HIGHEST, 1});
    answer(f, (struct acked){HIGHEST, 1});
    assert_true(is_acknowledged(f));
    assert_acked(f, (struct acked){HIGHEST, 2});
    close_fixture(f);
}

static void a_mark_that_is_on_its_way_says_nothing_of_what_is_written_after_it(void **state)
{
    (void)state;
    struct fixture *f = open_fixture((struct acked){HIGHEST, 0});
    connect_to(f, (struct acked){HIGHEST, 0});
    deliver(f, HIGHEST + 5);
    assert_false(is_acknowledged(f));
    expect_write(f, (struct acked){HIGHEST + 5, 0}, (struct acked){HIGHEST, 0});
    deliver(f, HIGHEST + 2); /* the one before was taken back */
    assert_false(is_acknowledged(f));
    answer(f, (struct acked){HIGHEST, 0});
    assert_false(is_acknowledged(f));
    expect_write(f, (struct acked){HIGHEST + 5, 1}, (struct acked){HIGHEST + 5, 0});
    answer(f, (struct acked){HIGHEST + 5, 0});
    assert_true(is_acknowledged(f));
    close_fixture(f);
}

static void cut_off_before_the_answer_it_is_written_again(void **state)
{
    (void)state;
    for (int has_arrived = 0; has_arrived < 2; has_arrived++) {
        struct fixture *f = open_fixture((struct acked){HIGHEST, 0});
        connect_to(f, (struct acked){HIGHEST, 0});
        deliver(f, HIGHEST - 1);
        assert_false(is_acknowledged(f));
        expect_write(f, (struct acked){HIGHEST, 1}, (struct acked){HIGHEST, 0});
        redis_marks_rewind(f->marks);
        caller = NULL;
        assert_false(is_acknowledged(f));
        connect_to(f, (struct acked){HIGHEST, has_arrived});
        assert_false(is_acknowledged(f));
        expect_write(f, (struct acked){HIGHEST, has_arrived + 1},
                     (struct acked){HIGHEST, has_arrived});
        answer(f, (struct acked){HIGHEST, has_arrived});
        assert_true(is_acknowledged(f));
        assert_int_equal(losses(f), 0);
        close_fixture(f);
    }
}

static void after_a_refill_the_mark_has_all_that_was_acknowledged_meanwhile(void **state)
{
    (void)state;
    struct fixture *f = open_fixture((struct acked){HIGHEST, 2});
    const struct msg_sink_refilled refilled = {.loss = 1};
    connect_to(f, acked_none());
    expect_write(f, (struct acked){0, 0}, acked_none());
    answer(f, acked_none());
    assert_int_equal(losses(f), 1);
    deliver(f, HIGHEST - 1); /* a Redis that is being refilled need not prove anything */
    assert_true(is_acknowledged(f));
    assert_acked(f, (struct acked){HIGHEST, 3});
    expect_no_call(f);
    assert_true(redis_marks_end_refill(f->marks, &f->dispatcher.actor, &refilled));
    expect_write(f, (struct acked){HIGHEST, 3}, (struct acked){0, 0});
    answer(f, (struct acked){0, 0});
    acknowledge(f, HIGHEST - 2, (struct acked){HIGHEST, 3}, (struct acked){HIGHEST, 4});
    close_fixture(f);
}

/* A copy from before the loss may hold all that was acknowledged till then. */
static void what_ends_with_a_refill_comes_after_what_was_acknowledged(void **state)
{
    (void)state;
    struct fixture *f = open_fixture((struct acked){HIGHEST, 2});
    const struct msg_sink_refilled refilled = {.loss = 1};
    connect_to(f, acked_none());
    expect_write(f, (struct acked){0, 0}, acked_none());
    answer(f, acked_none());
    assert_true(redis_marks_end_refill(f->marks, &f->dispatcher.actor, &refilled));
    deliver(f, HIGHEST - 1);
    assert_false(is_acknowledged(f));
    expect_write(f, (struct acked){HIGHEST, 3}, (struct acked){0, 0});
    answer(f, (struct acked){0, 0});
    assert_true(is_acknowledged(f));
    assert_acked(f, (struct acked){HIGHEST, 3});
    close_fixture(f);
}

static void emptied_behind_our_back_it_is_found_out_by_the_next_delivery(void **state)
{
    (void)state;
    struct fixture *f = open_fixture((struct acked){HIGHEST, 2});
    connect_to(f, (struct acked){HIGHEST, 2});
    deliver(f, HIGHEST - 1);
    assert_false(is_acknowledged(f));
    expect_write(f, (struct acked){HIGHEST, 3}, (struct acked){HIGHEST, 2});
    answer(f, acked_none());
    expect_write(f, (struct acked){0, 0}, acked_none());
    answer(f, acked_none());
    assert_int_equal(losses(f), 1);
    close_fixture(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_delivery_moves_the_mark_also_one_that_is_told_late),
        cmocka_unit_test(what_comes_before_is_forgotten_and_what_comes_after_is_not),
        cmocka_unit_test(without_a_count_on_either_side_nothing_is_lost),
        cmocka_unit_test(behind_the_mark_it_counts_on_from_there),
        cmocka_unit_test(a_mark_that_another_has_moved_is_moved_on),
        cmocka_unit_test(a_mark_that_is_on_its_way_says_nothing_of_what_is_written_after_it),
        cmocka_unit_test(cut_off_before_the_answer_it_is_written_again),
        cmocka_unit_test(after_a_refill_the_mark_has_all_that_was_acknowledged_meanwhile),
        cmocka_unit_test(what_ends_with_a_refill_comes_after_what_was_acknowledged),
        cmocka_unit_test(emptied_behind_our_back_it_is_found_out_by_the_next_delivery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
