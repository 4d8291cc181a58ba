#include "runtime/stage.h"

#include "runtime/actor.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/sched.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NS_PER_MS UINT64_C(1000000)

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

static void spin_ms(uint64_t ms)
{
    uint64_t end_ns = cpu_ns() + ms * NS_PER_MS;
    while (cpu_ns() < end_ns) {
        /* CPU time is what is wanted, however busy the machine is */
    }
}

static void sleep_ms(long ms)
{
    struct timespec time = {.tv_nsec = ms * (long)NS_PER_MS};
    (void)nanosleep(&time, NULL);
}

/* What the stage got since `before`. */
static struct stage_time since(enum stage stage, struct stage_time before)
{
    struct stage_time now = stage_read(stage);
    return (struct stage_time){now.cpu_ns - before.cpu_ns, now.wall_ns - before.wall_ns,
                               now.spans - before.spans};
}

/* The first test: nothing has been measured yet. */
static void without_a_span_there_is_nothing_to_say(void **state)
{
    (void)state;
    size_t length = 1;
    char *text = stage_render(&length);
    assert_int_equal(length, 0);
    assert_string_equal(text, "");
    mem_free(text);
}

static void a_stage_gets_the_time_that_its_thread_is_in_it(void **state)
{
    (void)state;
    struct stage_time before = stage_read(STAGE_decode);
    uint64_t began_ns = cpu_ns();
    assert_int_equal(stage_enter(STAGE_decode), STAGE_none);
    spin_ms(3);
    assert_int_equal(stage_enter(STAGE_none), STAGE_decode);
    uint64_t spent_ns = cpu_ns() - began_ns;
    spin_ms(3);

    struct stage_time got = since(STAGE_decode, before);
    assert_in_range(got.cpu_ns, 3 * NS_PER_MS, spent_ns);
    assert_true(got.wall_ns + NS_PER_MS / 10 >= got.cpu_ns);
    assert_int_equal(got.spans, 1);
}

static void waiting_is_wall_time_and_no_cpu_time(void **state)
{
    (void)state;
    struct stage_time before = stage_read(STAGE_checkpoint);
    (void)stage_enter(STAGE_checkpoint);
    sleep_ms(20);
    (void)stage_enter(STAGE_none);

    struct stage_time got = since(STAGE_checkpoint, before);
    assert_true(got.wall_ns >= 20 * NS_PER_MS);
    assert_true(got.cpu_ns < 5 * NS_PER_MS);
}

static void a_stage_within_another_is_not_counted_twice(void **state)
{
    (void)state;
    struct stage_time outer = stage_read(STAGE_actor);
    struct stage_time inner = stage_read(STAGE_decode);
    uint64_t began_ns = cpu_ns();

    (void)stage_enter(STAGE_actor);
    spin_ms(2);
    enum stage before = stage_enter(STAGE_decode);
    spin_ms(4);
    (void)stage_enter(before);
    spin_ms(2);
    (void)stage_enter(STAGE_none);

    uint64_t spent_ns = cpu_ns() - began_ns;
    outer = since(STAGE_actor, outer);
    inner = since(STAGE_decode, inner);
    assert_true(outer.cpu_ns >= 4 * NS_PER_MS);
    assert_true(inner.cpu_ns >= 4 * NS_PER_MS);
    assert_true(outer.cpu_ns + inner.cpu_ns <= spent_ns);
    assert_int_equal(outer.spans, 2);
    assert_int_equal(inner.spans, 1);
}

static void to_enter_the_stage_one_is_in_goes_on_with_its_span(void **state)
{
    (void)state;
    struct stage_time before = stage_read(STAGE_redis);
    (void)stage_enter(STAGE_redis);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(stage_enter(STAGE_redis), STAGE_redis);
    }
    (void)stage_enter(STAGE_none);
    assert_int_equal(since(STAGE_redis, before).spans, 1);
}

static void a_reader_sees_what_its_own_thread_has_not_ended(void **state)
{
    (void)state;
    struct stage_time before = stage_read(STAGE_loop);
    (void)stage_enter(STAGE_loop);
    spin_ms(2);
    assert_true(since(STAGE_loop, before).cpu_ns >= 2 * NS_PER_MS);
    (void)stage_enter(STAGE_none);
}

enum { THREADS = 4, ROUNDS = 500 };

static void *go_in_and_out(void *out_wrong)
{
    size_t wrong = stage_enter(STAGE_none) != STAGE_none;
    for (int i = 0; i < ROUNDS; i++) {
        wrong += stage_enter(STAGE_mongo) != STAGE_none;
        wrong += stage_enter(STAGE_none) != STAGE_mongo;
    }
    *(size_t *)out_wrong = wrong;
    return NULL;
}

static void threads_add_up_and_each_is_in_a_stage_of_its_own(void **state)
{
    (void)state;
    struct stage_time before = stage_read(STAGE_mongo);
    pthread_t threads[THREADS];
    size_t wrong[THREADS];
    (void)stage_enter(STAGE_receive);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, go_in_and_out, &wrong[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(wrong[i], 0);
    }
    assert_int_equal(stage_enter(STAGE_none), STAGE_receive);
    assert_int_equal(since(STAGE_mongo, before).spans, THREADS * ROUNDS);
}

/* Actors take no part: the scheduler knows by their class. */
struct msg {
    int unused;
};

static void spin_on_message(struct actor *self, const struct msg *msg)
{
    (void)self;
    (void)msg;
    spin_ms(1);
}

static void spin_on_deadline(struct actor *self)
{
    (void)self;
    spin_ms(1);
}

static const struct actor_class sink_class = {.name = "sink",
                                              .receive = spin_on_message,
                                              .deadline = spin_on_deadline,
                                              .mailbox_capacity = 4,
                                              .stage = STAGE_kafka};
static const struct actor_class pure_class = {
    .name = "pure", .receive = spin_on_message, .mailbox_capacity = 4};

static void a_turn_counts_as_the_stage_of_its_class(void **state)
{
    (void)state;
    struct stage_time sink_before = stage_read(STAGE_kafka);
    struct stage_time pure_before = stage_read(STAGE_actor);
    struct sched *sched = sched_create(&(struct sched_options){.msg_size = sizeof(struct msg)});
    struct actor sink, pure[2];
    actor_init(&sink, &sink_class, sched);
    actor_init(&pure[0], &pure_class, sched);
    actor_init(&pure[1], &pure_class, sched);

    actor_set_deadline(&sink, 1);
    sched_advance(sched, 1);
    actor_send(&sink, &(struct msg){0});
    actor_send(&pure[0], &(struct msg){0});
    actor_send(&pure[1], &(struct msg){0});
    while (sched_step(sched)) {
        /* until nobody has anything left */
    }
    assert_int_equal(stage_enter(STAGE_none), STAGE_actor);

    assert_true(since(STAGE_kafka, sink_before).cpu_ns >= 2 * NS_PER_MS);
    assert_int_equal(since(STAGE_kafka, sink_before).spans, 1);
    assert_true(since(STAGE_actor, pure_before).cpu_ns >= 2 * NS_PER_MS);
    assert_int_equal(since(STAGE_actor, pure_before).spans, 1);
    actor_deinit(&pure[1]);
    actor_deinit(&pure[0]);
    actor_deinit(&sink);
    sched_destroy(&sched);
}

static void check_once(const char *text, const char *wanted)
{
    const char *found = strstr(text, wanted);
    assert_non_null(found);
    assert_null(strstr(found + 1, wanted));
}

static void metrics_tell_each_stage_once_a_family(void **state)
{
    (void)state;
    (void)stage_enter(STAGE_receive);
    (void)stage_enter(STAGE_none);
    struct metrics *metrics = metrics_create();
    metrics_put(metrics_set_of(metrics, METRIC_SCOPE_process, ""), METRIC_kafka_up, 1);
    size_t length;
    char *text = metrics_render(metrics, &length);
    assert_int_equal(strlen(text), length);

    check_once(text, "candled_kafka_up 1\n");
    check_once(text, "# TYPE candled_stage_cpu_seconds_total counter\n");
    check_once(text, "# TYPE candled_stage_clock_seconds gauge\n");
    check_once(text, "\ncandled_stage_clock_seconds 0.000");
    const char *families[] = {"cpu_seconds", "wall_seconds", "spans"};
    for (size_t family = 0; family < 3; family++) {
#define X(name, what)                                                                              \
    {                                                                                              \
        char wanted[100];                                                                          \
        (void)snprintf(wanted, sizeof(wanted), "\ncandled_stage_%s_total{stage=\"" #name "\"} ",   \
                       families[family]);                                                          \
        check_once(text, wanted);                                                                  \
    }
        STAGES(X)
#undef X
    }
    mem_free(text);
    metrics_destroy(&metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_span_there_is_nothing_to_say),
        cmocka_unit_test(a_stage_gets_the_time_that_its_thread_is_in_it),
        cmocka_unit_test(waiting_is_wall_time_and_no_cpu_time),
        cmocka_unit_test(a_stage_within_another_is_not_counted_twice),
        cmocka_unit_test(to_enter_the_stage_one_is_in_goes_on_with_its_span),
        cmocka_unit_test(a_reader_sees_what_its_own_thread_has_not_ended),
        cmocka_unit_test(threads_add_up_and_each_is_in_a_stage_of_its_own),
        cmocka_unit_test(a_turn_counts_as_the_stage_of_its_class),
        cmocka_unit_test(metrics_tell_each_stage_once_a_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
