#include "runtime/waker.h"

#include <pthread.h>
#include <stdatomic.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { POKES = 2000 };

struct sleeper {
    struct waker waker;
    uv_loop_t loop;
    uint64_t woken_at_ms;
    int woken_count;
    int closed_count;
    _Atomic int pokes; /* relaxed: waker_poke() orders it */
    int pokes_seen;
};

static void on_closed(struct waker *waker)
{
    container_of(waker, struct sleeper, waker)->closed_count++;
}

static void close_at_once(struct waker *waker)
{
    struct sleeper *sleeper = container_of(waker, struct sleeper, waker);
    sleeper->woken_count++;
    sleeper->woken_at_ms = uv_now(&sleeper->loop);
    waker_close(waker, on_closed);
}

static void setup(struct sleeper *sleeper, waker_fn *wake)
{
    *sleeper = (struct sleeper){.woken_count = 0};
    assert_int_equal(uv_loop_init(&sleeper->loop), 0);
    assert_int_equal(waker_init(&sleeper->waker, &sleeper->loop, wake), STATUS_OK);
}

static void run(struct sleeper *sleeper)
{
    assert_int_equal(uv_run(&sleeper->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(sleeper->closed_count, 1);
    assert_int_equal(uv_loop_close(&sleeper->loop), 0);
}

static void the_newest_delay_counts(void **state)
{
    (void)state;
    struct sleeper sleeper;
    setup(&sleeper, close_at_once);
    uint64_t start_ms = uv_now(&sleeper.loop);
    waker_set_delay(&sleeper.waker, 3600000);
    waker_set_delay(&sleeper.waker, 5);
    run(&sleeper);
    assert_int_equal(sleeper.woken_count, 1);
    assert_true(sleeper.woken_at_ms - start_ms >= 5);
}

static void closing_is_told_once_both_handles_are_gone(void **state)
{
    (void)state;
    struct sleeper sleeper;
    setup(&sleeper, close_at_once);
    waker_close(&sleeper.waker, on_closed);
    run(&sleeper);
    assert_int_equal(sleeper.woken_count, 0);
}

static void *poke_often(void *context)
{
    struct sleeper *sleeper = context;
    for (int i = 0; i < POKES; i++) {
        atomic_fetch_add_explicit(&sleeper->pokes, 1, memory_order_relaxed);
        waker_poke(&sleeper->waker);
    }
    return NULL;
}

static void look_at_pokes(struct waker *waker)
{
    struct sleeper *sleeper = container_of(waker, struct sleeper, waker);
    sleeper->woken_count++;
    sleeper->pokes_seen = atomic_load_explicit(&sleeper->pokes, memory_order_relaxed);
}

/* If the last poke got lost, this would hang until the test's time limit. */
static void no_poke_of_another_thread_is_lost(void **state)
{
    (void)state;
    struct sleeper sleeper;
    pthread_t thread;
    setup(&sleeper, look_at_pokes);
    assert_int_equal(pthread_create(&thread, NULL, poke_often, &sleeper), 0);
    while (sleeper.pokes_seen < POKES) {
        (void)uv_run(&sleeper.loop, UV_RUN_ONCE);
    }
    assert_int_equal(pthread_join(thread, NULL), 0); /* it may still be inside its last poke */
    waker_close(&sleeper.waker, on_closed);
    run(&sleeper);
    assert_in_range(sleeper.woken_count, 1, POKES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_delay_counts),
        cmocka_unit_test(closing_is_told_once_both_handles_are_gone),
        cmocka_unit_test(no_poke_of_another_thread_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
