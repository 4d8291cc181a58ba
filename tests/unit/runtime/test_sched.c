#include "runtime/sched.h"

#include "runtime/actor.h"
#include "runtime/mem.h"
#include "tests/unit/runtime/expect_abort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct msg {
    int number;
    struct actor *forward_to;
    bool then_self;
};

enum { ACTORS = 3, STEPS_MAX = 1000 };

struct fixture {
    struct sched_tracer tracer;
    struct sched *sched;
    struct actor actors[ACTORS];
    const struct actor *trace[STEPS_MAX];
    int numbers[STEPS_MAX];
    int trace_count;
    int handled_count;
};

static struct fixture *fixture; /* the one of the test that runs */

static void receive(struct actor *actor, const struct msg *msg)
{
    fixture->handled_count++;
    if (msg->number < 0) {
        actor_escalate(actor, STATUS_CORRUPT);
        actor_escalate(actor, STATUS_IO);
    }
    if (msg->forward_to != NULL) {
        actor_send(msg->forward_to, &(struct msg){.number = msg->number});
    }
    if (msg->then_self) {
        actor_send(actor, &(struct msg){.number = msg->number});
    }
}

static void on_deadline(struct actor *actor)
{
    fixture->trace[fixture->trace_count++] = actor;
}

static const struct actor_class wide_class = {
    .name = "wide", .receive = receive, .deadline = on_deadline, .mailbox_capacity = 400};

static void trace(struct sched_tracer *self, const struct actor *to, const struct msg *msg)
{
    struct fixture *f = container_of(self, struct fixture, tracer);
    assert_int_equal(f->handled_count, f->trace_count); /* just before it is handled */
    f->numbers[f->trace_count] = msg->number;
    f->trace[f->trace_count++] = to;
}

static int setup(void **state)
{
    struct fixture *f = mem_new(1, sizeof(*f));
    f->tracer.trace = trace;
    f->sched =
        sched_create(&(struct sched_options){.msg_size = sizeof(struct msg), .tracer = &f->tracer});
    for (int i = 0; i < ACTORS; i++) {
        actor_init(&f->actors[i], &wide_class, f->sched);
    }
    fixture = f;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < ACTORS; i++) {
        actor_deinit(&f->actors[i]);
    }
    sched_destroy(&f->sched);
    assert_null(f->sched);
    mem_free(f);
    return 0;
}

static void tell_many(struct fixture *f, int actor, int count)
{
    for (int i = 0; i < count; i++) {
        actor_send(&f->actors[actor], &(struct msg){.number = i});
    }
}

static void run(struct fixture *f)
{
    while (sched_step(f->sched)) {
    }
}

static void check_turn(const struct fixture *f, int *at, int actor, int count)
{
    for (int i = 0; i < count; i++) {
        assert_ptr_equal(f->trace[*at], &f->actors[actor]);
        (*at)++;
    }
}

static void a_busy_actor_gives_way_after_its_turn(void **state)
{
    struct fixture *f = *state;
    tell_many(f, 0, 150);
    tell_many(f, 1, 70);
    tell_many(f, 2, 1);
    run(f);

    int at = 0;
    check_turn(f, &at, 0, 64);
    check_turn(f, &at, 1, 64);
    check_turn(f, &at, 2, 1);
    check_turn(f, &at, 0, 64);
    check_turn(f, &at, 1, 6);
    check_turn(f, &at, 0, 22);
    assert_int_equal(f->trace_count, at);
}

static void a_full_turn_that_empties_the_mailbox_is_followed_by_a_full_turn(void **state)
{
    struct fixture *f = *state;
    tell_many(f, 0, ACTOR_TURN_MESSAGES_MAX);
    tell_many(f, 1, ACTOR_TURN_MESSAGES_MAX + 1);
    tell_many(f, 2, 1);
    run(f);

    int at = 0;
    check_turn(f, &at, 0, 64);
    check_turn(f, &at, 1, 64);
    check_turn(f, &at, 2, 1);
    check_turn(f, &at, 1, 1);
}

static void actors_are_served_in_the_order_in_which_they_became_ready(void **state)
{
    struct fixture *f = *state;
    tell_many(f, 2, 1);
    tell_many(f, 0, 2);
    actor_send(&f->actors[2], &(struct msg){.number = 7});
    tell_many(f, 1, 1);
    run(f);

    int at = 0;
    check_turn(f, &at, 2, 2);
    assert_int_equal(f->numbers[1], 7);
    check_turn(f, &at, 0, 2);
    check_turn(f, &at, 1, 1);
}

/* Also from the last message of a turn, when something of its own is waiting already. */
static void a_message_to_oneself_comes_after_what_one_sent_to_others(void **state)
{
    struct fixture *f = *state;
    struct actor *a = &f->actors[0];
    actor_send(a, &(struct msg){.number = 1, .forward_to = a});
    actor_send(a, &(struct msg){.number = 2, .forward_to = &f->actors[1], .then_self = true});
    run(f);

    int at = 0;
    check_turn(f, &at, 0, 2);
    check_turn(f, &at, 1, 1);
    check_turn(f, &at, 0, 2);
    assert_int_equal(f->numbers[3], 1);
    assert_int_equal(f->numbers[4], 2);
    assert_int_equal(f->trace_count, at);
}

static void what_comes_during_a_turn_waits_for_the_next(void **state)
{
    struct fixture *f = *state;
    tell_many(f, 0, 1);
    tell_many(f, 1, 1);
    assert_true(sched_step(f->sched)); /* the turn of 0 is over: it had one message */
    tell_many(f, 0, 1);
    tell_many(f, 1, 1);
    run(f);
    int at = 0;
    check_turn(f, &at, 0, 1);
    check_turn(f, &at, 1, 2);
    check_turn(f, &at, 0, 1);
}

static void a_step_handles_one_message(void **state)
{
    struct fixture *f = *state;
    actor_send(&f->actors[0], &(struct msg){.number = 1, .forward_to = &f->actors[1]});
    assert_false(sched_is_idle(f->sched));
    assert_true(sched_step(f->sched));
    assert_int_equal(f->handled_count, 1);
    assert_false(sched_is_idle(f->sched));
    assert_true(sched_step(f->sched));
    assert_int_equal(f->handled_count, 2);
    assert_true(sched_is_idle(f->sched));
    assert_false(sched_step(f->sched));
}

static void an_escalation_stops_it_and_the_first_reason_stays(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(sched_stopped(f->sched), STATUS_OK);
    actor_send(&f->actors[0], &(struct msg){.number = -1});
    tell_many(f, 1, 1);
    assert_true(sched_step(f->sched));
    assert_false(sched_step(f->sched));
    assert_true(sched_is_idle(f->sched));
    assert_int_equal(sched_stopped(f->sched), STATUS_CORRUPT);

    actor_set_deadline(&f->actors[2], 1);
    sched_advance(f->sched, 2);
    assert_int_equal(f->trace_count, 1); /* nobody's deadline fired */
}

static void deadlines_fire_by_time_and_then_in_the_order_they_were_armed(void **state)
{
    struct fixture *f = *state;
    actor_set_deadline(&f->actors[2], 10);
    actor_set_deadline(&f->actors[0], 10);
    actor_set_deadline(&f->actors[1], 5);
    sched_advance(f->sched, 10);
    assert_ptr_equal(f->trace[0], &f->actors[1]);
    assert_ptr_equal(f->trace[1], &f->actors[2]);
    assert_ptr_equal(f->trace[2], &f->actors[0]);
    assert_int_equal(sched_next_deadline_ms(f->sched), DEADLINE_NONE);
}

static void destroy(void *context)
{
    struct sched *sched = context;
    sched_destroy(&sched);
}

static void turn_back_time(void *context)
{
    sched_advance(context, -1);
}

static void misuse_is_noticed(void **state)
{
    struct fixture *f = *state;
    assert_true(aborts(destroy, f->sched)); /* with its actors alive */
    assert_true(aborts(turn_back_time, f->sched));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_busy_actor_gives_way_after_its_turn),
        TEST(a_full_turn_that_empties_the_mailbox_is_followed_by_a_full_turn),
        TEST(actors_are_served_in_the_order_in_which_they_became_ready),
        TEST(a_message_to_oneself_comes_after_what_one_sent_to_others),
        TEST(what_comes_during_a_turn_waits_for_the_next),
        TEST(a_step_handles_one_message),
        TEST(an_escalation_stops_it_and_the_first_reason_stays),
        TEST(deadlines_fire_by_time_and_then_in_the_order_they_were_armed),
        TEST(misuse_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
