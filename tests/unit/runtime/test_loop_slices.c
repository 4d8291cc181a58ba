/* A slice of the loop is bound in time, too: some messages are a thousand records. */
#include "runtime/loop.h"

#include "runtime/actor.h"
#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <time.h>
#include <uv.h>

enum { MESSAGES_MAX = 8, ROUNDS = 10 };

struct msg {
    int unused;
};

struct fixture {
    struct loop *loop;
    struct actor actor;
    uv_check_t check;
    int64_t count;
    int rounds;
};

/* As long as a message of many records takes; then the next one waits already. */
static void receive(struct actor *actor, const struct msg *msg)
{
    struct fixture *f = container_of(actor, struct fixture, actor);
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    f->count++;
    actor_send(actor, msg);
}

static const struct actor_class test_class = {
    .name = "test", .receive = receive, .mailbox_capacity = 2};

static void on_round(uv_check_t *check)
{
    struct fixture *f = container_of(check, struct fixture, check);
    if (f->rounds++ > 0) {
        assert_in_range(f->count, 1, MESSAGES_MAX);
    }
    f->count = 0;
    if (f->rounds == ROUNDS) {
        loop_stop(f->loop);
    }
}

static void a_slice_of_large_messages_ends_early(void **state)
{
    (void)state;
    struct fixture f = {.count = 0};
    assert_int_equal(loop_create(sizeof(struct msg), &f.loop), STATUS_OK);
    actor_init(&f.actor, &test_class, loop_sched(f.loop));
    assert_int_equal(uv_check_init(loop_uv(f.loop), &f.check), 0);
    assert_int_equal(uv_check_start(&f.check, on_round), 0);
    actor_send(&f.actor, &(struct msg){0});
    assert_int_equal(loop_run(f.loop), STATUS_OK);
    assert_int_equal(f.rounds, ROUNDS);
    uv_close((uv_handle_t *)&f.check, NULL);
    actor_deinit(&f.actor); /* it would go on for ever */
    loop_drain(f.loop);
    loop_destroy(&f.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slice_of_large_messages_ends_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
