#include "runtime/metrics.h"

#include "runtime/base.h"
#include "runtime/mem.h"
#include "tests/unit/runtime/expect_abort.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = metrics_create();
    return 0;
}

static int teardown(void **state)
{
    struct metrics *metrics = *state;
    metrics_destroy(&metrics);
    assert_null(metrics);
    return 0;
}

static char *render(const struct metrics *metrics)
{
    size_t length = 0;
    char *text = metrics_render(metrics, &length);
    assert_int_equal(strlen(text), length);
    return text;
}

static void check_contains(const struct metrics *metrics, const char *part)
{
    char *text = render(metrics);
    if (strstr(text, part) == NULL) {
        print_error("%s", text);
        fail_msg("it lacks: %s", part);
    }
    mem_free(text);
}

static void check_lacks(const struct metrics *metrics, const char *part)
{
    char *text = render(metrics);
    assert_null(strstr(text, part));
    mem_free(text);
}

static void without_a_set_there_is_nothing_to_say(void **state)
{
    char *text = render(*state);
    assert_string_equal(text, "");
    mem_free(text);
}

static void the_text_of_a_small_case_is_exact(void **state)
{
    struct metrics_set *set =
        metrics_set_of(*state, METRIC_SCOPE_outbox, "topic=\"t\",partition=\"3\",sink=\"redis\"");
    metrics_put(set, METRIC_outbox_entries, 12);
    set = metrics_set_of(*state, METRIC_SCOPE_outbox, "topic=\"t\",partition=\"3\",sink=\"mongo\"");
    metrics_put(set, METRIC_outbox_entries, -1);
    set = metrics_set_of(*state, METRIC_SCOPE_dead_letter, "reason=\"late\"");
    metrics_add(set, METRIC_dead_letters_total, 2);
    metrics_add(set, METRIC_dead_letters_total, 3);

    char *text = render(*state);
    assert_string_equal(
        text, "# HELP candled_dead_letters_total Records put aside, by reason.\n"
              "# TYPE candled_dead_letters_total counter\n"
              "candled_dead_letters_total{reason=\"late\"} 5\n"
              "# HELP candled_outbox_entries Outbox entries that the sink has not acknowledged.\n"
              "# TYPE candled_outbox_entries gauge\n"
              "candled_outbox_entries{topic=\"t\",partition=\"3\",sink=\"redis\"} 12\n"
              "candled_outbox_entries{topic=\"t\",partition=\"3\",sink=\"mongo\"} -1\n");
    mem_free(text);
}

static void what_is_not_known_yet_is_not_shown(void **state)
{
    struct metrics_set *set = metrics_set_of(*state, METRIC_SCOPE_partition, "p=\"0\"");
    check_lacks(*state, "candled_consumer_lag");
    metrics_put(set, METRIC_consumer_lag, 0);
    check_contains(*state, "# TYPE candled_consumer_lag gauge\ncandled_consumer_lag{p=\"0\"} 0\n");
}

static void milliseconds_are_shown_in_seconds(void **state)
{
    static const struct {
        int64_t ms;
        const char *line;
    } cases[] = {
        {1700000000123, "candled_stream_time_timestamp_seconds{p=\"0\"} 1700000000.123\n"},
        {7, "candled_stream_time_timestamp_seconds{p=\"0\"} 0.007\n"},
        {0, "candled_stream_time_timestamp_seconds{p=\"0\"} 0.000\n"},
        {-1500, "candled_stream_time_timestamp_seconds{p=\"0\"} -1.500\n"},
        {-1, "candled_stream_time_timestamp_seconds{p=\"0\"} -0.001\n"},
    };
    struct metrics_set *set = metrics_set_of(*state, METRIC_SCOPE_partition, "p=\"0\"");
    check_contains(*state, "# TYPE candled_stream_time_timestamp_seconds gauge\n");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        metrics_put(set, METRIC_stream_time_timestamp_seconds, cases[i].ms);
        check_contains(*state, cases[i].line);
    }
}

static const char *const bounds[METRIC_BUCKET_COUNT + 1] = {
    "0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005", "0.0075", "0.01", "0.015", "0.02",
    "0.05",   "0.1",    "0.2",    "0.5",   "1",     "2",     "5",      "10",   "+Inf",
};

/* Bucket i of the text holds `expected` observations. */
static void check_bucket(const struct metrics *metrics, size_t i, int expected)
{
    char line[128];
    (void)snprintf(line, sizeof(line), "candled_loop_pause_seconds_bucket{le=\"%s\"} %d\n",
                   bounds[i], expected);
    check_contains(metrics, line);
}

static void the_buckets_of_a_histogram_are_cumulative(void **state)
{
    struct metrics_set *set = metrics_set_of(*state, METRIC_SCOPE_process, "");
    for (size_t i = 0; i <= METRIC_BUCKET_COUNT; i++) {
        double bound_s = i < METRIC_BUCKET_COUNT ? strtod(bounds[i], NULL) : 11;
        metrics_observe_us(set, METRIC_loop_pause_seconds, (int64_t)(bound_s * 1e6 + 0.5));
    }
    for (size_t i = 0; i <= METRIC_BUCKET_COUNT; i++) {
        check_bucket(*state, i, (int)i + 1); /* a bound belongs to its own bucket */
    }
    check_contains(*state, "candled_loop_pause_seconds_sum 29.911300\n");
    check_contains(*state, "candled_loop_pause_seconds_count 19\n");
    check_contains(*state, "# TYPE candled_loop_pause_seconds histogram\n");
}

static void just_beyond_a_bound_is_the_next_bucket(void **state)
{
    struct metrics_set *set = metrics_set_of(*state, METRIC_SCOPE_process, "");
    metrics_observe_us(set, METRIC_loop_pause_seconds, 101);
    check_bucket(*state, 0, 0);
    check_bucket(*state, 1, 1);
    metrics_observe_us(set, METRIC_loop_pause_seconds, -5); /* a clock that went back */
    check_bucket(*state, 0, 1);
    check_contains(*state, "candled_loop_pause_seconds_sum 0.000101\n");
}

static void the_bound_follows_the_other_labels(void **state)
{
    struct metrics_set *set = metrics_set_of(*state, METRIC_SCOPE_sink, "sink=\"redis\"");
    metrics_observe_us(set, METRIC_sink_write_seconds, 1500);
    check_contains(*state, "candled_sink_write_seconds_bucket{sink=\"redis\",le=\"0.002\"} 1\n");
    check_contains(*state, "candled_sink_write_seconds_sum{sink=\"redis\"} 0.001500\n");
}

static void the_same_labels_give_the_same_set(void **state)
{
    struct metrics_set *a = metrics_set_of(*state, METRIC_SCOPE_sink, "sink=\"a\"");
    struct metrics_set *b = metrics_set_of(*state, METRIC_SCOPE_sink, "sink=\"b\"");
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(a, metrics_set_of(*state, METRIC_SCOPE_sink, "sink=\"a\""));
    assert_ptr_not_equal(a, metrics_set_of(*state, METRIC_SCOPE_process, "sink=\"a\""));
}

static void a_set_that_is_removed_leaves_the_text(void **state)
{
    struct metrics_set *a = metrics_set_of(*state, METRIC_SCOPE_sink, "sink=\"a\"");
    struct metrics_set *b = metrics_set_of(*state, METRIC_SCOPE_sink, "sink=\"b\"");
    metrics_put(b, METRIC_sink_up, 1);
    metrics_remove(*state, &a);
    assert_null(a);
    check_lacks(*state, "sink=\"a\"");
    check_contains(*state, "candled_sink_up{sink=\"b\"} 1\n");
    metrics_remove(*state, &b);
    metrics_remove(*state, &b);
    check_lacks(*state, "candled_");
}

/* Each family once, its series directly behind its head, names as Prometheus wants them. */
static void each_family_has_one_head(void **state)
{
    static const char *const labels[] = {"x=\"1\"", "x=\"2\"", "x=\"3\""};
    for (enum metric_scope scope = METRIC_SCOPE_process; scope <= METRIC_SCOPE_feed; scope++) {
        for (size_t i = 0; i < ARRAY_COUNT(labels); i++) {
            /* The one family that shows nothing before it is put. */
            metrics_put(metrics_set_of(*state, scope, labels[i]), METRIC_consumer_lag, 1);
        }
    }
    char *text = render(*state);
    size_t heads = 0;
    char family[128] = "";
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            heads++;
            (void)snprintf(family, sizeof(family), "%.*s", (int)strcspn(line + 7, " "), line + 7);
        } else if (line[0] != '#') {
            assert_memory_equal(line, family, strlen(family));
        }
    }
    assert_int_equal(heads, METRIC_COUNT);
    mem_free(text);
}

static void long_labels_are_shown_whole(void **state)
{
    char labels[400];
    memset(labels, 'x', sizeof(labels));
    memcpy(labels, "t=\"", 3);
    memcpy(labels + sizeof(labels) - 2, "\"", 2);
    metrics_put(metrics_set_of(*state, METRIC_SCOPE_sink, labels), METRIC_sink_up, 1);
    check_contains(*state, labels);
}

static void observe_what_is_no_histogram(void *context)
{
    metrics_observe_us(metrics_set_of(context, METRIC_SCOPE_process, ""), METRIC_kafka_up, 1);
}

static void observing_what_is_no_histogram_is_a_bug(void **state)
{
    assert_true(aborts(observe_what_is_no_histogram, *state));
}

enum { WRITES = 20000 };

static void *write_often(void *context)
{
    struct metrics_set *set = context;
    for (int i = 0; i < WRITES; i++) {
        metrics_add(set, METRIC_rebalances_total, 1);
        metrics_observe_us(set, METRIC_loop_pause_seconds, i);
    }
    return NULL;
}

static void another_thread_may_write_while_this_one_renders(void **state)
{
    struct metrics_set *set = metrics_set_of(*state, METRIC_SCOPE_process, "");
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_often, set), 0);
    for (int i = 0; i < 50; i++) {
        mem_free(render(*state));
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(metrics_get(set, METRIC_rebalances_total), WRITES);
    check_contains(*state, "candled_loop_pause_seconds_count 20000\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_set_there_is_nothing_to_say),
        TEST(the_text_of_a_small_case_is_exact),
        TEST(what_is_not_known_yet_is_not_shown),
        TEST(milliseconds_are_shown_in_seconds),
        TEST(the_buckets_of_a_histogram_are_cumulative),
        TEST(just_beyond_a_bound_is_the_next_bucket),
        TEST(the_bound_follows_the_other_labels),
        TEST(the_same_labels_give_the_same_set),
        TEST(a_set_that_is_removed_leaves_the_text),
        TEST(each_family_has_one_head),
        TEST(long_labels_are_shown_whole),
        TEST(observing_what_is_no_histogram_is_a_bug),
        TEST(another_thread_may_write_while_this_one_renders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
