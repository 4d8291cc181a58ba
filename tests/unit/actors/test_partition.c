#include "actors/partition.h"

#include "actors/messages.h"
#include "proto/candle.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/sched.h"
#include "state/batch.h"
#include "state/store.h"
#include "tests/unit/actors/probe.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

enum { OWED_SEQUENCE = 4 };

struct fixture {
    char folder[64];
    struct sched *sched;
    struct metrics *metrics;
    struct store *store;
    struct probe source;
    struct probe writer;
    struct probe dispatcher;
    struct partition *partition;
    struct record record;
    char json[KLINE_JSON_MAX];
    enum status halted;
};

/* A store whose outbox owes entries to Redis. */
static void open_store(struct fixture *f)
{
    struct batch *batch = batch_create();
    struct store_options options = {.data_dir = f->folder, .topic = "t", .boot_id = "b"};
    assert_int_equal(store_open(&options, &f->store), STATUS_OK);
    struct meta meta = *store_meta(f->store);
    meta.outbox_next = OWED_SEQUENCE + 1;
    meta.cursors[SINK_redis] = 0;
    struct checkpoint checkpoint = {.batch = batch, .meta = &meta};
    assert_int_equal(store_commit(f->store, &checkpoint), STATUS_OK);
    batch_destroy(&batch);
}

static struct kline one_kline(void)
{
    return (struct kline){.symbol = "A",
                          .symbol_size = 1,
                          .is_closed = true,
                          .trade_ids = TRADE_IDS_unknown,
                          .event_ms = MINUTE_MS,
                          .trades = 1};
}

static void on_halted(void *context, enum status why)
{
    struct fixture *f = context;
    assert_int_equal(f->halted, STATUS_OK); /* once */
    f->halted = why;
}

static struct fixture *open_fixture_at(bool is_key_required, int64_t floor_ms, int64_t quiet_until)
{
    struct fixture *f = mem_new(1, sizeof(*f));
    struct kline kline = one_kline();

    snprintf(f->folder, sizeof(f->folder), "/tmp/candled-partition-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->sched = sched_create(&(struct sched_options){.msg_size = sizeof(struct msg)});
    f->metrics = metrics_create();
    open_store(f);
    probe_init(&f->source, f->sched);
    probe_init(&f->writer, f->sched);
    probe_init(&f->dispatcher, f->sched);
    f->partition = partition_create(&(struct partition_options){
        .sched = f->sched,
        .store = f->store,
        .rules = rules_with_limits(
            (struct candle_rules){.intervals = INTERVAL_BIT(INTERVAL_5m),
                                  .outputs = INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_5m)},
            MINUTE_MS),
        .source = &f->source.actor,
        .store_writer = &f->writer.actor,
        .metrics = f->metrics,
        .topic = "t",
        .records_max = 100,
        .outbox_bytes_max = 1 << 20,
        .is_key_required = is_key_required,
        .floor_ms = floor_ms,
        .quiet_until = quiet_until,
        .context = f,
        .halted = on_halted,
    });
    partition_add_dispatcher(f->partition, SINK_redis, &f->dispatcher.actor);
    f->record.value = (struct slice){f->json, kline_print_json(&kline, f->json)};
    f->record.timestamp_ms = MINUTE_MS;
    partition_start(f->partition);
    return f;
}

static struct fixture *open_fixture_with(bool is_key_required, int64_t floor_ms)
{
    return open_fixture_at(is_key_required, floor_ms, 0);
}

static struct fixture *open_fixture(void)
{
    return open_fixture_with(false, META_NO_TIME);
}

static void close_fixture(struct fixture *f)
{
    char command[128];
    partition_destroy(&f->partition);
    probe_deinit(&f->source);
    probe_deinit(&f->writer);
    probe_deinit(&f->dispatcher);
    metrics_destroy(&f->metrics);
    store_close(&f->store);
    sched_destroy(&f->sched);
    snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
    assert_int_equal(system(command), 0);
    mem_free(f);
}

static void tell_records(struct fixture *f, const struct record *records, size_t count)
{
    struct msg msg = {.type = MSG_SOURCE_RECORDS, .as_SOURCE_RECORDS = {records, count, true, 1}};
    actor_send(partition_actor(f->partition), &msg);
}

static void tell_record(struct fixture *f)
{
    tell_records(f, &f->record, 1);
}

static void run(struct fixture *f)
{
    while (sched_step(f->sched)) {
    }
}

static const struct checkpoint *checkpoint_in_the_air(const struct fixture *f)
{
    assert_true(f->writer.count > 0);
    return f->writer.messages[f->writer.count - 1].as_STORE_COMMIT.checkpoint;
}

/* As the store writer does. */
static void commit(struct fixture *f)
{
    struct msg msg = {.type = MSG_STORE_COMMITTED, .as_STORE_COMMITTED = {STATUS_OK}};
    assert_int_equal(store_commit(f->store, checkpoint_in_the_air(f)), STATUS_OK);
    actor_send(partition_actor(f->partition), &msg);
    run(f);
}

static int64_t count_candles_owed(const struct batch *batch)
{
    int64_t count = 0;
    for (size_t i = 0; i < batch_count(batch); i++) {
        struct outbox_row row;
        struct batch_write write = batch_at(batch, i);
        count += write.table == TABLE_outbox && outbox_decode(write.value, &row) == STATUS_OK &&
                 row.kind == OUTBOX_candle;
    }
    return count;
}

/* Redis has all that it was owed, but for one candle that it will never take. */
static void tell_rejected(struct fixture *f)
{
    unsigned char bytes[CANDLE_ENCODED_MAX];
    struct candle candle = {.symbol = "A", .interval = INTERVAL_5m, .minutes = 1, .revision = 1};
    struct outbox_row row = {.kind = OUTBOX_candle, .interval = INTERVAL_5m};
    row.payload = (struct slice){bytes, candle_encode(&candle, bytes)};
    struct outbox_rows rows = {.rows = &row, .count = 1};
    struct delivery delivery = {.rows = &rows};
    delivery_reject(&delivery, 0, "never");
    struct msg msg = {.type = MSG_OUTBOX_ACKED,
                      .as_OUTBOX_ACKED = {.sink = SINK_redis,
                                          .sequence = OWED_SEQUENCE,
                                          .revision = 1,
                                          .rejections = delivery.rejections}};
    actor_send(partition_actor(f->partition), &msg);
}

static bool holds_dead_letter(const struct batch *batch)
{
    for (size_t i = 0; i < batch_count(batch); i++) {
        struct outbox_row row;
        struct batch_write write = batch_at(batch, i);
        if (write.table == TABLE_outbox && outbox_decode(write.value, &row) == STATUS_OK &&
            row.kind == OUTBOX_dead_letter) {
            return true;
        }
    }
    return false;
}

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
                                          .count = acked.count}};
    actor_send(partition_actor(f->partition), &msg);
    run(f);
}

static void assert_acked(const struct meta *meta, struct acked acked)
{
    assert_int_equal(meta->acked_revisions[SINK_redis], acked.revision);
    assert_int_equal(meta->acked_counts[SINK_redis], acked.count);
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
        {{40, 0}, {40, 0}}, {{40, 1}, {40, 1}},
        {{40, 2}, {40, 2}}, {{-1, 0}, {40, 2}}, /* nothing that it wants: it was passed by */
        {{41, 0}, {41, 0}}, {{40, 9}, {41, 0}},
    };
    struct fixture *f = open_fixture();
    run(f);
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        struct acked before = {store_meta(f->store)->acked_revisions[SINK_redis],
                               store_meta(f->store)->acked_counts[SINK_redis]};
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

static void a_kline_with_another_key_than_its_symbol_halts_the_partition(void **state)
{
    (void)state;
    const struct slice keys[] = {{NULL, 0}, slice_of_text("B"), slice_of_text("AA")};
    for (size_t i = 0; i < 3; i++) {
        struct fixture *f = open_fixture_with(true, META_NO_TIME);
        struct record records[3] = {f->record, f->record, f->record};
        records[0].key = slice_of_text("A");
        records[1].key = keys[i];
        records[1].offset = 1;
        records[2].key = records[0].key;
        records[2].offset = 2;
        run(f);
        tell_records(f, records, 3);
        run(f);
        assert_int_equal(checkpoint_in_the_air(f)->meta->next_offset, 1); /* what came before */
        assert_int_equal(f->halted, STATUS_OK);
        commit(f);
        assert_int_equal(f->halted, STATUS_UNKEYED);
        assert_int_equal(f->source.count, 1); /* nothing more is asked */
        assert_int_equal(f->writer.count, 1);
        close_fixture(f);
    }
}

static void a_topic_of_one_partition_needs_no_keys(void **state)
{
    (void)state;
    struct fixture *f = open_fixture();
    run(f);
    tell_record(f);
    run(f);
    commit(f);
    assert_int_equal(f->halted, STATUS_OK);
    assert_int_equal(store_meta(f->store)->next_offset, 1);
    close_fixture(f);
}

static void garbage_without_a_key_is_a_dead_letter_and_no_halt(void **state)
{
    (void)state;
    struct fixture *f = open_fixture_with(true, META_NO_TIME);
    f->record.value = slice_of_text("nonsense");
    run(f);
    tell_record(f);
    run(f);
    assert_true(holds_dead_letter(checkpoint_in_the_air(f)->batch));
    assert_int_equal(f->halted, STATUS_OK);
    close_fixture(f);
}

/* Event time is the first minute's end; the grace of the rules is 0. */
static void no_window_that_opens_before_the_floor_is_emitted(void **state)
{
    (void)state;
    const struct {
        int64_t floor_ms;
        int64_t emitted; /* the minute that opens at 0 */
        int64_t stored_ms;
    } cases[] = {
        {META_NO_TIME, 1, META_NO_TIME},
        {META_FLOOR_DUE, 0, MINUTE_MS},
        {0, 1, 0},
        {1, 0, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture *f = open_fixture_with(false, cases[i].floor_ms);
        run(f);
        tell_record(f);
        run(f);
        const struct checkpoint *checkpoint = checkpoint_in_the_air(f);
        assert_int_equal(checkpoint->meta->floor_ms, cases[i].stored_ms);
        assert_int_equal(count_candles_owed(checkpoint->batch), cases[i].emitted);
        commit(f);
        assert_int_equal(store_meta(f->store)->floor_ms, cases[i].stored_ms);
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

static void a_state_that_rebuilds_nothing_is_not_quiet(void **state)
{
    (void)state;
    struct fixture *f = open_fixture();
    assert_false(partition_is_quiet(f->partition));
    close_fixture(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cursor_and_the_dead_letter_of_a_rejected_row_share_a_checkpoint),
        cmocka_unit_test(one_checkpoint_is_in_the_air_and_nothing_is_asked_meanwhile),
        cmocka_unit_test(how_far_a_sink_has_acknowledged_is_saved_with_the_next_checkpoint),
        cmocka_unit_test(a_kline_with_another_key_than_its_symbol_halts_the_partition),
        cmocka_unit_test(a_topic_of_one_partition_needs_no_keys),
        cmocka_unit_test(garbage_without_a_key_is_a_dead_letter_and_no_halt),
        cmocka_unit_test(no_window_that_opens_before_the_floor_is_emitted),
        cmocka_unit_test(a_window_that_a_pause_ends_is_told_although_its_records_were_not),
        cmocka_unit_test(what_a_sink_had_is_known_when_the_past_is_rebuilt),
        cmocka_unit_test(a_state_that_rebuilds_nothing_is_not_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
