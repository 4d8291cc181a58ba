#include "runtime/actor.h"

#include "runtime/mem.h"
#include "runtime/sched.h"
#include "tests/unit/runtime/expect_abort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct msg {
    int number;
};

enum { SEEN_MAX = 512 };

/* Remembers what it is told, and does at most one thing more. */
struct probe {
    struct actor actor;
    int seen[SEEN_MAX];
    int seen_count;
    int fired_count;
    int64_t rearm_at_ms;
    void (*reaction)(struct probe *probe);
};

static int discarded[SEEN_MAX];
static int discarded_count;

static void receive(struct actor *actor, const struct msg *msg)
{
    struct probe *probe = container_of(actor, struct probe, actor);
    probe->seen[probe->seen_count++] = msg->number;
    if (probe->reaction != NULL) {
        probe->reaction(probe);
    }
}

static void on_deadline(struct actor *actor)
{
    struct probe *probe = container_of(actor, struct probe, actor);
    probe->fired_count++;
    if (probe->rearm_at_ms != 0) {
        actor_set_deadline(actor, probe->rearm_at_ms);
    }
}

static void discard(const struct msg *unread)
{
    discarded[discarded_count++] = unread->number;
}

static const struct actor_class probe_class = {
    .name = "probe",
    .receive = receive,
    .deadline = on_deadline,
    .discard = discard,
    .mailbox_capacity = 100,
};

static const struct actor_class narrow_class = {
    .name = "narrow", .receive = receive, .mailbox_capacity = 3};

struct fixture {
    struct sched *sched;
    struct probe probe;
};

static int setup(void **state)
{
    struct fixture *f = mem_new(1, sizeof(*f));
    f->sched = sched_create(&(struct sched_options){.msg_size = sizeof(struct msg)});
    actor_init(&f->probe.actor, &probe_class, f->sched);
    discarded_count = 0;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    actor_deinit(&f->probe.actor);
    sched_destroy(&f->sched);
    mem_free(f);
    return 0;
}

static void tell(struct actor *actor, int number)
{
    actor_send(actor, &(struct msg){number});
}

static void run(struct sched *sched)
{
    while (sched_step(sched)) {
    }
}

static void messages_keep_their_order_while_the_mailbox_wraps_and_grows(void **state)
{
    struct fixture *f = *state;
    int sent = 0;

    /* Each round leaves one more waiting, so that the ring grows at every position of its head. */
    for (int round = 0; round < 25; round++) {
        tell(&f->probe.actor, sent++);
        tell(&f->probe.actor, sent++);
        assert_true(sched_step(f->sched));
    }
    run(f->sched);
    assert_int_equal(f->probe.seen_count, sent);
    for (int i = 0; i < sent; i++) {
        assert_int_equal(f->probe.seen[i], i);
    }
}

static void a_mailbox_takes_memory_only_when_it_is_needed(void **state)
{
    struct fixture *f = *state;
    static const uint32_t slots_at[] = {4, 4, 4, 4, 8, 8, 8, 8, 16};

    assert_null(f->probe.actor.mailbox);
    for (size_t i = 0; i < ARRAY_COUNT(slots_at); i++) {
        tell(&f->probe.actor, 0);
        assert_int_equal(f->probe.actor.slots, slots_at[i]);
    }
    while (actor_has_room(&f->probe.actor)) {
        tell(&f->probe.actor, 0);
    }
    assert_int_equal(f->probe.actor.count, 100);
    assert_int_equal(f->probe.actor.slots, 100);
}

static void a_mailbox_never_outgrows_the_capacity_of_its_class(void **state)
{
    struct fixture *f = *state;
    struct probe narrow = {0};
    actor_init(&narrow.actor, &narrow_class, f->sched);

    for (int i = 0; i < 3; i++) {
        assert_true(actor_has_room(&narrow.actor));
        tell(&narrow.actor, i);
    }
    assert_false(actor_has_room(&narrow.actor));
    assert_int_equal(narrow.actor.slots, 3);
    actor_deinit(&narrow.actor);
}

static void send_one(void *context)
{
    tell(context, 0);
}

static void a_message_to_a_full_mailbox_is_a_bug(void **state)
{
    struct fixture *f = *state;
    assert_false(aborts(send_one, &f->probe.actor));
    while (actor_has_room(&f->probe.actor)) {
        tell(&f->probe.actor, 0);
    }
    assert_true(aborts(send_one, &f->probe.actor));
}

static void receive_the_unknown(void *context)
{
    actor_unexpected(context, &(struct msg){0});
}

static void a_message_that_nobody_expects_is_a_bug(void **state)
{
    struct fixture *f = *state;
    assert_true(aborts(receive_the_unknown, &f->probe.actor));
}

static void send_three_to_itself(struct probe *probe)
{
    probe->reaction = NULL;
    for (int i = 1; i <= 3; i++) {
        tell(&probe->actor, i);
    }
}

static void an_actor_may_send_to_itself(void **state)
{
    struct fixture *f = *state;
    f->probe.reaction = send_three_to_itself;
    tell(&f->probe.actor, 0);
    run(f->sched);
    assert_int_equal(f->probe.seen_count, 4);
    assert_int_equal(f->probe.seen[3], 3);
}

static void an_actor_that_ends_discards_what_is_unread_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 6; i++) {
        tell(&f->probe.actor, i);
    }
    assert_true(sched_step(f->sched));
    actor_deinit(&f->probe.actor);
    assert_int_equal(discarded_count, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(discarded[i], i + 1);
    }
    assert_true(sched_is_idle(f->sched));
    actor_init(&f->probe.actor, &probe_class, f->sched);
}

/* The line is a, b, c; whichever leaves, the other two are served in their order. */
static void an_actor_may_end_wherever_it_stands_in_the_line(void **state)
{
    struct fixture *f = *state;
    for (int leaving = 0; leaving < 3; leaving++) {
        struct probe line[4] = {0};
        for (int i = 0; i < 4; i++) {
            actor_init(&line[i].actor, &probe_class, f->sched);
        }
        for (int i = 0; i < 3; i++) {
            tell(&line[i].actor, i);
        }
        actor_deinit(&line[leaving].actor);
        tell(&line[3].actor, 3); /* the end of the line must still be its end */
        run(f->sched);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(line[i].seen_count, i == leaving ? 0 : 1);
            if (i != leaving) {
                actor_deinit(&line[i].actor);
            }
        }
    }
}

static void end_itself(struct probe *probe)
{
    actor_deinit(&probe->actor);
}

static void an_actor_may_end_in_the_middle_of_its_own_turn(void **state)
{
    struct fixture *f = *state;
    struct probe *brief = mem_new(1, sizeof(*brief));
    actor_init(&brief->actor, &probe_class, f->sched);
    brief->reaction = end_itself;
    actor_set_deadline(&brief->actor, 5);
    tell(&brief->actor, 1);
    tell(&brief->actor, 2);
    tell(&f->probe.actor, 3);

    assert_true(sched_step(f->sched));
    assert_int_equal(discarded_count, 1);
    mem_free(brief);
    run(f->sched);
    assert_int_equal(f->probe.seen_count, 1);
    assert_int_equal(sched_next_deadline_ms(f->sched), DEADLINE_NONE);
}

static void a_deadline_fires_once_when_it_has_come(void **state)
{
    struct fixture *f = *state;
    actor_set_deadline(&f->probe.actor, 10);
    assert_int_equal(sched_next_deadline_ms(f->sched), 10);
    sched_advance(f->sched, 9);
    assert_int_equal(f->probe.fired_count, 0);
    sched_advance(f->sched, 10);
    sched_advance(f->sched, 11);
    assert_int_equal(f->probe.fired_count, 1);
    assert_int_equal(actor_now_ms(&f->probe.actor), 11);
}

static void a_deadline_that_is_disarmed_does_not_fire(void **state)
{
    struct fixture *f = *state;
    actor_set_deadline(&f->probe.actor, 10);
    actor_set_deadline(&f->probe.actor, DEADLINE_NONE);
    sched_advance(f->sched, 20);
    assert_int_equal(f->probe.fired_count, 0);
}

static void a_deadline_in_the_past_fires_at_the_next_chance(void **state)
{
    struct fixture *f = *state;
    sched_advance(f->sched, 50);
    actor_set_deadline(&f->probe.actor, 20);
    assert_int_equal(sched_next_deadline_ms(f->sched), 50);
    sched_advance(f->sched, 50);
    assert_int_equal(f->probe.fired_count, 1);
}

static void an_actor_that_always_rearms_for_now_does_not_hold_the_driver(void **state)
{
    struct fixture *f = *state;
    f->probe.rearm_at_ms = 1;
    actor_set_deadline(&f->probe.actor, 1);
    sched_advance(f->sched, 7);
    assert_int_equal(f->probe.fired_count, 1);
    sched_advance(f->sched, 7);
    assert_int_equal(f->probe.fired_count, 2);
    assert_int_equal(sched_next_deadline_ms(f->sched), 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_keep_their_order_while_the_mailbox_wraps_and_grows),
        TEST(a_mailbox_takes_memory_only_when_it_is_needed),
        TEST(a_mailbox_never_outgrows_the_capacity_of_its_class),
        TEST(a_message_to_a_full_mailbox_is_a_bug),
        TEST(a_message_that_nobody_expects_is_a_bug),
        TEST(an_actor_may_send_to_itself),
        TEST(an_actor_that_ends_discards_what_is_unread_once_and_in_order),
        TEST(an_actor_may_end_wherever_it_stands_in_the_line),
        TEST(an_actor_may_end_in_the_middle_of_its_own_turn),
        TEST(a_deadline_fires_once_when_it_has_come),
        TEST(a_deadline_that_is_disarmed_does_not_fire),
        TEST(a_deadline_in_the_past_fires_at_the_next_chance),
        TEST(an_actor_that_always_rearms_for_now_does_not_hold_the_driver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
