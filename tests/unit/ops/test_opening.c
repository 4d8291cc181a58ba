#include "ops/opening.h"

#include "tests/unit/cmocka.h"
#include "tests/unit/ops/fake_log.h"
#include "tests/unit/state/fixture.h"

#include <unistd.h>

/* Partition 3 of a topic is opened: see fixture_init(). */
struct test {
    struct fixture f;
    struct kafka_log log;
    struct opening opening;
};

static int setup(void **state)
{
    static struct test t;
    t = (struct test){.opening = {.store = NULL}};
    fixture_init(&t.f, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    fake_log_init(&t.log, 6);
    t.log.end = 50;
    *state = &t;
    return 0;
}

static int teardown(void **state)
{
    struct test *t = *state;
    fixture_deinit(&t->f);
    return 0;
}

/* Opens, and closes again what was opened. */
static enum status open_it(struct test *t)
{
    const struct opening_options options = {.store = t->f.options, .log = &t->log};
    t->opening = (struct opening){.store = NULL};
    enum status status = opening_run(&options, &t->opening);
    if (status == STATUS_OK) {
        t->f.meta = *store_meta(t->opening.store);
        store_close(&t->opening.store);
    }
    return status;
}

static void commit_for(struct test *t, int32_t first, int32_t count, int64_t era,
                       int32_t partitions)
{
    for (int32_t i = first; i < first + count; i++) {
        t->log.commits[i] = (struct kafka_log_commit){20, era, 20, partitions};
    }
}

/* State of era 0 that was made when the topic had so many partitions. */
static void live(struct test *t, int32_t partitions)
{
    fixture_open(&t->f);
    t->f.meta.topic_partitions = partitions;
    t->f.meta.next_offset = 0;
    assert_int_equal(fixture_commit(&t->f), STATUS_OK);
    store_close(&t->f.store);
}

static void a_first_start_has_nobody_to_ask(void **state)
{
    struct test *t = *state;
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(t->opening.next_offset, 0);
    assert_int_equal(t->opening.log_end, t->log.end);
    assert_int_equal(t->opening.topic_partitions, 6);
}

/* It was empty when the others committed. */
static void a_partition_that_was_always_there_begins(void **state)
{
    struct test *t = *state;
    commit_for(t, 0, 3, 0, 6);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(t->opening.floor_ms, META_NO_TIME);
}

static void a_partition_that_was_added_does_not_begin(void **state)
{
    struct test *t = *state;
    commit_for(t, 0, 3, 0, 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(open_it(t), STATUS_REPARTITIONED);
        assert_null(t->opening.store);
    }
}

/* Nor does one whose state is lost: its symbols may be elsewhere now. */
static void a_partition_with_a_commit_does_not_begin_either(void **state)
{
    struct test *t = *state;
    commit_for(t, 0, 4, 0, 4);
    assert_int_equal(open_it(t), STATUS_REPARTITIONED);
}

static void commits_that_do_not_say_stop_nobody(void **state)
{
    struct test *t = *state;
    commit_for(t, 0, 3, 0, 0);
    assert_int_equal(open_it(t), STATUS_OK);
}

static void commits_of_an_era_that_is_over_stop_nobody(void **state)
{
    struct test *t = *state;
    commit_for(t, 0, 3, 1, 6);
    commit_for(t, 4, 1, 0, 3);
    assert_int_equal(open_it(t), STATUS_OK);
    assert_int_equal(t->f.meta.era, 1);
    assert_int_equal(t->opening.floor_ms, META_FLOOR_DUE);
}

static void what_the_state_knows_is_enough(void **state)
{
    struct test *t = *state;
    live(t, 3);
    assert_int_equal(open_it(t), STATUS_REPARTITIONED);
}

/* Nothing need be read in between: an era that was begun is not doubted at the next start. */
static void a_new_era_takes_the_new_number(void **state)
{
    struct test *t = *state;
    live(t, 3);
    commit_for(t, 0, 3, 1, 6);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(open_it(t), STATUS_OK);
        assert_int_equal(t->f.meta.era, 1);
    }
    t->log.partitions = 12;
    assert_int_equal(open_it(t), STATUS_REPARTITIONED); /* and once more */
}

/* The group has not heard of it yet: what it remembers is of the era before. */
static void an_era_of_the_states_own_is_not_doubted(void **state)
{
    struct test *t = *state;
    live(t, 6);
    fixture_open(&t->f);
    assert_int_equal(store_begin_era(t->f.store, 1, false), STATUS_OK);
    store_close(&t->f.store);
    commit_for(t, 0, 3, 0, 3);
    assert_int_equal(open_it(t), STATUS_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_first_start_has_nobody_to_ask),
        TEST(a_partition_that_was_always_there_begins),
        TEST(a_partition_that_was_added_does_not_begin),
        TEST(a_partition_with_a_commit_does_not_begin_either),
        TEST(commits_that_do_not_say_stop_nobody),
        TEST(commits_of_an_era_that_is_over_stop_nobody),
        TEST(what_the_state_knows_is_enough),
        TEST(a_new_era_takes_the_new_number),
        TEST(an_era_of_the_states_own_is_not_doubted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
