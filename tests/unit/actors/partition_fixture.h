/* A partition between probes, over a store whose outbox owes entries to Redis. */
#ifndef CANDLED_TESTS_UNIT_ACTORS_PARTITION_FIXTURE_H
#define CANDLED_TESTS_UNIT_ACTORS_PARTITION_FIXTURE_H

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

enum { OWED_SEQUENCE = 4, OWED_FROM = 3 };

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
    bool is_drained;
    int64_t acked_offset; /* told with the last checkpoint */
    struct partition_options options;
};

static inline struct candle_rules fixture_rules(void)
{
    return rules_with_limits(
        (struct candle_rules){.intervals = INTERVAL_BIT(INTERVAL_5m),
                              .outputs = INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_5m),
                              .uses_trade_ids = true},
        MINUTE_MS);
}

/* A store whose outbox owes entries to Redis. */
static inline void open_store(struct fixture *f)
{
    struct batch *batch = batch_create();
    struct store_options options = {.data_dir = f->folder, .topic = "t", .boot_id = "b"};
    assert_int_equal(store_open(&options, &f->store), STATUS_OK);
    struct meta meta = *store_meta(f->store);
    meta.outbox_next = OWED_SEQUENCE + 1;
    meta.cursors[SINK_redis] = 0;
    meta.owed_from = OWED_FROM;
    struct checkpoint checkpoint = {.batch = batch, .meta = &meta};
    assert_int_equal(store_commit(f->store, &checkpoint), STATUS_OK);
    batch_destroy(&batch);
}

static inline struct kline one_kline(void)
{
    return (struct kline){.symbol = "A",
                          .symbol_size = 1,
                          .is_closed = true,
                          .trade_ids = TRADE_IDS_unknown,
                          .event_ms = MINUTE_MS,
                          .trades = 1};
}

static inline void on_halted(void *context, enum status why)
{
    struct fixture *f = context;
    assert_int_equal(f->halted, STATUS_OK); /* once */
    f->halted = why;
}

static inline void on_drained(void *context)
{
    struct fixture *f = context;
    assert_false(f->is_drained); /* once */
    f->is_drained = true;
}

static inline void on_checkpointed(void *context, int64_t next_offset, int64_t acked_offset)
{
    struct fixture *f = context;
    (void)next_offset;
    f->acked_offset = acked_offset;
}

/* The partition as a start finds its store. */
static inline void start_partition(struct fixture *f)
{
    f->partition = partition_create(&f->options);
    partition_add_dispatcher(f->partition, SINK_redis, &f->dispatcher.actor);
    partition_start(f->partition);
}

/* What was not committed is gone. */
static inline void restart_partition(struct fixture *f, struct candle_rules rules)
{
    partition_destroy(&f->partition);
    f->writer.count = 0; /* its checkpoints went with it */
    f->options.rules = rules;
    start_partition(f);
    while (sched_step(f->sched)) {
    }
}

static inline struct fixture *open_fixture_by(struct partition_options options)
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
    options.sched = f->sched;
    options.store = f->store;
    options.source = &f->source.actor;
    options.store_writer = &f->writer.actor;
    options.metrics = f->metrics;
    options.topic = "t";
    options.records_max = 100;
    options.outbox_bytes_max = 1 << 20;
    options.context = f;
    options.checkpointed = on_checkpointed;
    options.halted = on_halted;
    options.drained = on_drained;
    f->options = options;
    f->record.value = (struct slice){f->json, kline_print_json(&kline, f->json)};
    f->record.timestamp_ms = MINUTE_MS;
    start_partition(f);
    return f;
}

static inline struct fixture *open_fixture_at(bool is_key_required, int64_t floor_ms,
                                              int64_t quiet_until)
{
    return open_fixture_by((struct partition_options){.rules = fixture_rules(),
                                                      .is_key_required = is_key_required,
                                                      .floor_ms = floor_ms,
                                                      .quiet_until = quiet_until});
}

static inline struct fixture *open_fixture_by_rules(struct candle_rules rules)
{
    return open_fixture_by((struct partition_options){.rules = rules, .floor_ms = META_NO_TIME});
}

static inline struct fixture *open_fixture_with(bool is_key_required, int64_t floor_ms)
{
    return open_fixture_at(is_key_required, floor_ms, 0);
}

static inline struct fixture *open_fixture(void)
{
    return open_fixture_with(false, META_NO_TIME);
}

static inline void close_fixture(struct fixture *f)
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

static inline void tell_records(struct fixture *f, const struct record *records, size_t count)
{
    struct msg msg = {.type = MSG_SOURCE_RECORDS, .as_SOURCE_RECORDS = {records, count, true, 1}};
    actor_send(partition_actor(f->partition), &msg);
}

static inline void tell_record(struct fixture *f)
{
    tell_records(f, &f->record, 1);
}

static inline void run(struct fixture *f)
{
    while (sched_step(f->sched)) {
    }
}

static inline const struct checkpoint *checkpoint_in_the_air(const struct fixture *f)
{
    assert_true(f->writer.count > 0);
    return f->writer.messages[f->writer.count - 1].as_STORE_COMMIT.checkpoint;
}

/* As the store writer does. */
static inline void commit(struct fixture *f)
{
    struct msg msg = {.type = MSG_STORE_COMMITTED, .as_STORE_COMMITTED = {STATUS_OK}};
    assert_int_equal(store_commit(f->store, checkpoint_in_the_air(f)), STATUS_OK);
    actor_send(partition_actor(f->partition), &msg);
    run(f);
}

static inline int64_t count_candles_owed(const struct batch *batch)
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
static inline void tell_rejected(struct fixture *f)
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

static inline bool holds_dead_letter(const struct batch *batch)
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

/* One checkpoint of one kline with ten trades, but for those its predecessor lacks. */
static inline void tell_minute(struct fixture *f, int64_t offset, int64_t minute, int64_t first_id)
{
    struct kline kline = one_kline();
    kline.open_ms = minute * MINUTE_MS;
    kline.event_ms = (minute + 1) * MINUTE_MS;
    kline.trade_ids = TRADE_IDS_known;
    kline.trades = 10;
    kline.first_trade_id = first_id;
    kline.last_trade_id = first_id + 9;
    f->record.value.size = kline_print_json(&kline, f->json);
    f->record.offset = offset;
    f->record.timestamp_ms = kline.event_ms;
    tell_record(f);
    run(f);
}

/* minutes == -1: none. */
static inline struct candle window_owed(const struct fixture *f, enum interval interval,
                                        int64_t minute)
{
    const struct batch *batch = checkpoint_in_the_air(f)->batch;
    struct candle found = {.minutes = -1};
    for (size_t i = 0; i < batch_count(batch); i++) {
        struct outbox_row row;
        struct candle candle;
        struct batch_write write = batch_at(batch, i);
        if (write.table == TABLE_outbox && outbox_decode(write.value, &row) == STATUS_OK &&
            row.kind == OUTBOX_candle && row.interval == interval &&
            candle_decode(row.payload, &candle) == STATUS_OK &&
            candle.open_ms == minute * MINUTE_MS) {
            found = candle;
        }
    }
    return found;
}

#endif
