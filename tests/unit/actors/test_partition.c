#include "tests/unit/actors/partition_fixture.h"

#include <inttypes.h>
#include <string.h>

static void the_cursor_and_the_dead_letter_of_a_rejected_row_share_a_checkpoint(void **state)
{
    (void)state;
    for (int steps = 0; steps < 12; steps++) { /* wherever in the batch the sink answers */
        struct fixture *f = open_fixture();
        while (sched_step(f->sched)) {
        }
        tell_record(f);
        for (int i = 0; i < steps && sched_step(f->sched); i++) {
        }
        tell_rejected(f);
        while (sched_step(f->sched)) {
        }
        assert_int_equal(f->writer.count, 1);
        const struct checkpoint *checkpoint = f->writer.messages[0].as_STORE_COMMIT.checkpoint;
        bool has_moved = checkpoint->meta->cursors[SINK_redis] == OWED_SEQUENCE;
        assert_int_equal(has_moved, holds_dead_letter(checkpoint->batch));
        close_fixture(f);
    }
}

static void one_checkpoint_is_in_the_air_and_nothing_is_asked_meanwhile(void **state)
{
    (void)state;
    struct fixture *f = open_fixture();
    while (sched_step(f->sched)) {
    }
    f->record.offset = 7;
    tell_record(f);
    while (sched_step(f->sched)) {
    }
    assert_int_equal(f->writer.count, 1);
    assert_int_equal(f->writer.messages[0].as_STORE_COMMIT.checkpoint->meta->next_offset, 8);
    assert_int_equal(f->source.count, 1); /* one checkpoint is in the air: nothing is asked */
    close_fixture(f);
}

static void tell_acked(struct fixture *f, int64_t sequence, struct acked acked)
{
    struct msg msg = {.type = MSG_OUTBOX_ACKED,
                      .as_OUTBOX_ACKED = {.sink = SINK_redis,
                                          .sequence = sequence,
                                          .revision = acked.revision,
                                          .count = acked.count,
                                          .life = acked.life}};
    actor_send(partition_actor(f->partition), &msg);
    run(f);
}

static void assert_acked(const struct meta *meta, struct acked acked)
{
    assert_int_equal(meta->acked_revisions[SINK_redis], acked.revision);
    assert_int_equal(meta->acked_counts[SINK_redis], acked.count);
    assert_int_equal(meta->lives[SINK_redis], acked.life);
    assert_int_equal(meta->acked_revisions[SINK_mongo], -1);
    assert_int_equal(meta->acked_counts[SINK_mongo], 0);
}

static void how_far_a_sink_has_acknowledged_is_saved_with_the_next_checkpoint(void **state)
{
    (void)state;
    const struct {
        struct acked told;
        struct acked saved;
    } steps[] = {
        {{40, 0, 0}, {40, 0, 0}}, {{40, 1, 5}, {40, 1, 5}},
        {{40, 2, 5}, {40, 2, 5}}, {{-1, 0, 0}, {40, 2, 5}}, /* nothing it wants: passed by */
        {{41, 0, 6}, {41, 0, 6}}, {{40, 9, 6}, {41, 0, 6}},
    };
    struct fixture *f = open_fixture();
    run(f);
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        struct acked before = {store_meta(f->store)->acked_revisions[SINK_redis],
                               store_meta(f->store)->acked_counts[SINK_redis],
                               store_meta(f->store)->lives[SINK_redis]};
        tell_acked(f, OWED_SEQUENCE, steps[i].told);
        assert_acked(store_meta(f->store), before); /* not by itself */
        f->record.offset = (int64_t)i;
        tell_record(f);
        run(f);
        commit(f);
        assert_acked(store_meta(f->store), steps[i].saved);
    }
    close_fixture(f);
}

static int64_t commit_record(struct fixture *f, int64_t offset)
{
    f->record.offset = offset;
    tell_record(f);
    run(f);
    commit(f);
    return f->acked_offset;
}

/* A restart need not go by the log's beginning until all is paid. */
static void from_where_the_sinks_owe_is_known_after_a_restart(void **state)
{
    (void)state;
    struct fixture *f = open_fixture();
    run(f);
    assert_int_equal(commit_record(f, 40), OWED_FROM);
    assert_int_equal(store_meta(f->store)->owed_from, OWED_FROM);
    tell_acked(f, OWED_SEQUENCE, (struct acked){.revision = 1});
    assert_int_equal(commit_record(f, 41), 40); /* what 40 has made is owed now */
    assert_int_equal(commit_record(f, 42), 40);
    assert_int_equal(store_meta(f->store)->owed_from, 40);
    tell_acked(f, store_meta(f->store)->outbox_next - 1,
               (struct acked){.revision = revision_of(0, 42)});
    assert_int_equal(commit_record(f, 43), 44); /* the same minute again is no news */
    assert_int_equal(store_meta(f->store)->outbox_next - 1,
                     store_meta(f->store)->cursors[SINK_redis]);
    close_fixture(f);
}

static const struct msg_outbox_grew *last_news(struct fixture *f)
{
    const struct msg *msg = &f->dispatcher.messages[f->dispatcher.count - 1];
    assert_int_equal(msg->type, MSG_OUTBOX_GREW);
    return &msg->as_OUTBOX_GREW;
}

static void rows_go_along_with_the_news_for_whom_nothing_older_waits(void **state)
{
    (void)state;
    struct fixture *f = open_fixture();
    struct kline next = one_kline();
    run(f);
    commit_record(f, 40);
    assert_int_equal(last_news(f)->last_sequence, OWED_SEQUENCE + 1);
    assert_null(last_news(f)->rows);

    tell_acked(f, OWED_SEQUENCE + 1, (struct acked){.revision = 1});
    next.open_ms += MINUTE_MS;
    next.event_ms += MINUTE_MS;
    f->record.timestamp_ms += MINUTE_MS;
    f->record.value.size = kline_print_json(&next, f->json);
    commit_record(f, 41);
    const struct outbox_rows *rows = last_news(f)->rows;
    assert_non_null(rows);
    assert_int_equal(rows->count, 1);
    assert_int_equal(rows->rows[0].sequence, OWED_SEQUENCE + 2);
    assert_int_equal(rows->rows[0].interval, INTERVAL_1m);
    assert_int_equal(rows->scanned_to, last_news(f)->last_sequence);
    close_fixture(f);
}

/* Whoever lost the state would have to make the candle again, to hear that it is rejected. */
static void a_rejected_row_is_owed_until_its_dead_letter_is_delivered(void **state)
{
    (void)state;
    for (int is_in_the_air = 0; is_in_the_air < 2; is_in_the_air++) {
        struct fixture *f = open_fixture();
        run(f);
        f->record.offset = 40;
        if (is_in_the_air) {
            tell_record(f);
            run(f);
        }
        tell_rejected(f);
        run(f);
        if (!is_in_the_air) {
            tell_record(f);
            run(f);
        }
        commit(f);
        assert_int_equal(f->acked_offset, OWED_FROM);
        assert_int_equal(commit_record(f, 41), OWED_FROM);
        assert_int_equal(commit_record(f, 42), OWED_FROM);
        assert_int_equal(store_meta(f->store)->owed_from, OWED_FROM);
        tell_acked(f, store_meta(f->store)->outbox_next - 1, (struct acked){.revision = 1});
        assert_int_equal(commit_record(f, 43), 44);
        close_fixture(f);
    }
}

/* The sinks have what records below the quiet offset emit; not what a pause after them does. */
static void a_window_that_a_pause_ends_is_told_although_its_records_were_not(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_at(false, META_NO_TIME, 1);
    struct msg idle = {.type = MSG_SOURCE_IDLE, .as_SOURCE_IDLE = {10 * MINUTE_MS, MINUTE_MS}};

    run(f);
    tell_record(f);
    run(f);
    assert_int_equal(count_candles_owed(checkpoint_in_the_air(f)->batch), 0);
    commit(f);
    actor_send(partition_actor(f->partition), &idle);
    run(f);
    assert_int_equal(f->writer.count, 2);
    assert_int_equal(count_candles_owed(checkpoint_in_the_air(f)->batch), 1);
    commit(f);
    close_fixture(f);
}

/* The store of the fixture owes entries already; the record is at offset 0. */
static void what_a_sink_had_is_known_when_the_past_is_rebuilt(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_at(false, META_NO_TIME, 1);
    assert_true(partition_is_quiet(f->partition));
    run(f);
    tell_record(f);
    run(f);
    const struct meta *meta = checkpoint_in_the_air(f)->meta;
    assert_int_equal(meta->acked_revisions[SINK_redis], revision_of(0, 0));
    assert_int_equal(f->dispatcher.count, 0);
    commit(f);
    assert_false(partition_is_quiet(f->partition));
    assert_int_equal(f->dispatcher.count, 1);
    assert_int_equal(f->dispatcher.messages[0].type, MSG_QUIET_OVER);
    assert_int_equal(f->dispatcher.messages[0].as_QUIET_OVER.acked_revision, revision_of(0, 0));
    close_fixture(f);
}

/* Else each start from nothing that is cut short would begin further back than the one before. */
static void what_was_acknowledged_stays_so_while_it_is_rebuilt(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_at(false, META_NO_TIME, 3);
    run(f);
    assert_int_equal(commit_record(f, 0), 3);
    assert_int_equal(commit_record(f, 1), 3);
    assert_int_equal(commit_record(f, 2), 3);
    close_fixture(f);
}

static void a_state_that_rebuilds_nothing_is_not_quiet(void **state)
{
    (void)state;
    struct fixture *f = open_fixture();
    assert_false(partition_is_quiet(f->partition));
    close_fixture(f);
}

static void tell_disk_is_full(struct fixture *f)
{
    struct msg msg = {.type = MSG_STORE_COMMITTED, .as_STORE_COMMITTED = {STATUS_DISK_FULL}};
    actor_send(partition_actor(f->partition), &msg);
    run(f);
}

/* Else a revoke would wait for room on a disk that others are to make up for. */
static void a_full_disk_holds_up_no_drain_past_its_deadline(void **state)
{
    (void)state;
    enum { NOW_MS = 1000, DEADLINE_MS = 3000 };
    struct fixture *f = open_fixture();
    run(f);
    tell_record(f);
    run(f);
    sched_advance(f->sched, NOW_MS);
    partition_drain(f->partition, DEADLINE_MS);
    tell_disk_is_full(f);
    assert_false(f->is_drained);
    sched_advance(f->sched, DEADLINE_MS);
    run(f);
    tell_disk_is_full(f);
    assert_true(f->is_drained);
    close_fixture(f);
}

enum { CUT_RECORDS = 16 };

/* A record a minute, made of klines in the order in which they are told. */
struct told {
    struct record records[CUT_RECORDS];
    char json[CUT_RECORDS][KLINE_JSON_MAX];
    size_t count;
};

static void tell(struct told *told, int64_t minute, bool is_closed, int64_t event_ms)
{
    struct kline kline = one_kline();
    struct record *record = &told->records[told->count];
    kline.open_ms = minute * MINUTE_MS;
    kline.is_closed = is_closed;
    kline.event_ms = event_ms;
    record->offset = (int64_t)told->count;
    record->timestamp_ms = event_ms;
    record->value =
        (struct slice){told->json[told->count], kline_print_json(&kline, told->json[told->count])};
    told->count++;
}

/* The 3m window of minute 9 is due at 14, the 5m window of minute 10 at 17; and then the 5m window
 * gets a minute after all. */
static void tell_windows_that_are_due_one_after_another(struct told *told)
{
    tell(told, 9, true, 10 * MINUTE_MS);
    tell(told, 10, true, 11 * MINUTE_MS);
    for (int64_t minute = 14; minute <= 18; minute++) {
        tell(told, minute, false, minute * MINUTE_MS);
    }
    tell(told, 12, true, 18 * MINUTE_MS + MINUTE_MS / 2);
}

/* The outbox in words: what is told of each window, and as of which record. */
static void print_outbox(struct fixture *f, char *text, size_t size)
{
    const struct batch *batch = checkpoint_in_the_air(f)->batch;
    for (size_t i = 0; i < batch_count(batch); i++) {
        struct outbox_row row;
        struct candle candle;
        struct batch_write write = batch_at(batch, i);
        if (write.table == TABLE_outbox && outbox_decode(write.value, &row) == STATUS_OK &&
            candle_decode(row.payload, &candle) == STATUS_OK) {
            size_t used = strlen(text);
            snprintf(text + used, size - used, "%s@%" PRId64 ":%" PRId64 "/%" PRId64 " ",
                     interval_name(candle.interval), candle.open_ms / MINUTE_MS, candle.minutes,
                     revision_offset(candle.revision));
        }
    }
}

/* The log in slices of so many records. */
static void print_told(size_t slice, char *text, size_t size)
{
    struct told told = {.count = 0};
    struct fixture *f = open_fixture_by_rules(rules_with_limits(
        (struct candle_rules){.intervals = INTERVAL_BIT(INTERVAL_3m) | INTERVAL_BIT(INTERVAL_5m),
                              .outputs = INTERVAL_BIT(INTERVAL_3m) | INTERVAL_BIT(INTERVAL_5m),
                              .grace_ms = 2 * MINUTE_MS},
        60 * MINUTE_MS));

    text[0] = '\0';
    tell_windows_that_are_due_one_after_another(&told);
    run(f);
    for (size_t i = 0; i < told.count; i += slice) {
        size_t left = told.count - i;
        size_t before = f->writer.count;
        tell_records(f, &told.records[i], slice < left ? slice : left);
        run(f);
        if (f->writer.count > before) { /* open klines wait for company */
            print_outbox(f, text, size);
            commit(f);
        }
    }
    close_fixture(f);
}

static void what_is_told_does_not_depend_on_how_the_log_is_cut(void **state)
{
    (void)state;
    char wanted[1000];
    char text[1000];
    print_told(1, wanted, sizeof(wanted));
    assert_string_equal(wanted, "3m@9:2/1 5m@5:1/0 5m@10:1/1 3m@12:1/7 5m@10:2/7 ");
    for (size_t slice = 2; slice <= CUT_RECORDS; slice++) {
        print_told(slice, text, sizeof(text));
        assert_string_equal(text, wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cursor_and_the_dead_letter_of_a_rejected_row_share_a_checkpoint),
        cmocka_unit_test(one_checkpoint_is_in_the_air_and_nothing_is_asked_meanwhile),
        cmocka_unit_test(how_far_a_sink_has_acknowledged_is_saved_with_the_next_checkpoint),
        cmocka_unit_test(from_where_the_sinks_owe_is_known_after_a_restart),
        cmocka_unit_test(rows_go_along_with_the_news_for_whom_nothing_older_waits),
        cmocka_unit_test(a_rejected_row_is_owed_until_its_dead_letter_is_delivered),
        cmocka_unit_test(a_window_that_a_pause_ends_is_told_although_its_records_were_not),
        cmocka_unit_test(what_a_sink_had_is_known_when_the_past_is_rebuilt),
        cmocka_unit_test(what_was_acknowledged_stays_so_while_it_is_rebuilt),
        cmocka_unit_test(a_state_that_rebuilds_nothing_is_not_quiet),
        cmocka_unit_test(a_full_disk_holds_up_no_drain_past_its_deadline),
        cmocka_unit_test(what_is_told_does_not_depend_on_how_the_log_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
