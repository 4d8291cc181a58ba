#include "actors/edge/sink_gate.h"

#include "runtime/mem.h"
#include "tests/unit/cmocka.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 3000 };

struct fixture {
    int64_t now_ms;
    struct sink_gate *gate;
};

static int64_t told_ms(void *context)
{
    const struct fixture *f = context;
    return f->now_ms;
}

static int setup(void **state)
{
    struct fixture *f = mem_new(1, sizeof(*f));
    f->now_ms = 1000000;
    f->gate = sink_gate_create(
        &(struct sink_gate_options){.limit_ms = LIMIT_MS, .context = f, .now_ms = told_ms});
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    sink_gate_destroy(&f->gate);
    mem_free(f);
    return 0;
}

static void who_looks_often_enough_finds_it_open(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 1000; i++) {
        f->now_ms += LIMIT_MS;
        assert_true(sink_gate_look(f->gate));
        assert_true(sink_gate_is_open(f->gate));
    }
    assert_int_equal(sink_gate_take_stall(f->gate), 0);
}

static void a_look_that_comes_late_closes_it_until_it_is_opened(void **state)
{
    struct fixture *f = *state;
    f->now_ms += LIMIT_MS + 1;
    assert_false(sink_gate_look(f->gate));
    assert_int_equal(sink_gate_stalled_ms(f->gate), LIMIT_MS + 1);
    for (int i = 0; i < 10; i++) {
        f->now_ms += 100;
        assert_false(sink_gate_look(f->gate));
        assert_false(sink_gate_is_open(f->gate));
    }
    assert_true(sink_gate_open(f->gate, sink_gate_take_stall(f->gate)));
    assert_true(sink_gate_look(f->gate));
    assert_true(sink_gate_is_open(f->gate));
}

static void a_stall_is_told_once(void **state)
{
    struct fixture *f = *state;
    f->now_ms += LIMIT_MS + 1;
    (void)sink_gate_look(f->gate);
    assert_int_equal(sink_gate_take_stall(f->gate), 1);
    (void)sink_gate_look(f->gate);
    assert_int_equal(sink_gate_take_stall(f->gate), 0);
    f->now_ms += LIMIT_MS + 1;
    (void)sink_gate_look(f->gate);
    assert_int_equal(sink_gate_take_stall(f->gate), 2);
}

static void a_confirmation_from_before_another_stall_opens_nothing(void **state)
{
    struct fixture *f = *state;
    f->now_ms += LIMIT_MS + 1;
    (void)sink_gate_look(f->gate);
    int64_t first = sink_gate_take_stall(f->gate);
    f->now_ms += LIMIT_MS + 1;
    assert_false(sink_gate_open(f->gate, first)); /* nobody has looked meanwhile */
    assert_false(sink_gate_look(f->gate));
    assert_false(sink_gate_open(f->gate, first));
    assert_true(sink_gate_open(f->gate, sink_gate_take_stall(f->gate)));
}

static void another_thread_sees_that_the_loop_does_not_look(void **state)
{
    struct fixture *f = *state;
    f->now_ms += LIMIT_MS;
    assert_true(sink_gate_is_open(f->gate));
    f->now_ms += 1;
    assert_false(sink_gate_is_open(f->gate));
    assert_false(sink_gate_look(f->gate)); /* that it asked was no look */
}

static void no_gate_is_open(void **state)
{
    (void)state;
    assert_true(sink_gate_look(NULL));
    assert_true(sink_gate_is_open(NULL));
}

static void pause_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* A child that looks at each millisecond until it is told to end; its exit code says whether the
 * gate was open to the end. */
static void look_until_told(int peer)
{
    struct sink_gate *gate = sink_gate_create(&(struct sink_gate_options){.limit_ms = 100});
    char byte = 'r';
    if (send(peer, &byte, 1, 0) != 1) {
        _exit(2);
    }
    while (recv(peer, &byte, 1, MSG_DONTWAIT) < 0) {
        (void)sink_gate_look(gate);
        pause_ms(1);
    }
    _exit(sink_gate_look(gate) ? 0 : 1);
}

static void a_process_that_was_stopped_has_stood_still(void **state)
{
    (void)state;
    int peers[2];
    int code;
    char byte;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, peers), 0);
    pid_t child = fork();
    if (child == 0) {
        look_until_told(peers[1]);
    }
    assert_true(child > 0);
    assert_int_equal(recv(peers[0], &byte, 1, 0), 1);
    assert_int_equal(kill(child, SIGSTOP), 0);
    pause_ms(150);
    assert_int_equal(kill(child, SIGCONT), 0);
    assert_int_equal(send(peers[0], &byte, 1, 0), 1);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    assert_int_equal(WEXITSTATUS(code), 1);
    (void)close(peers[0]);
    (void)close(peers[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_looks_often_enough_finds_it_open, setup, teardown),
        cmocka_unit_test_setup_teardown(a_look_that_comes_late_closes_it_until_it_is_opened, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_stall_is_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_confirmation_from_before_another_stall_opens_nothing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(another_thread_sees_that_the_loop_does_not_look, setup,
                                        teardown),
        cmocka_unit_test(no_gate_is_open),
        cmocka_unit_test(a_process_that_was_stopped_has_stood_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
