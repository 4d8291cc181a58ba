/* driver DATA_DIR SINK_FILE: the pipeline over a real store, from its start through checkpoints and
 * a snapshot to its stop, on one thread and a clock of its own, so that the nth call is the same
 * one in each run. What fails is the business of fail_nth.h.
 *
 * Exit codes: 0 done, 1 gave up (the log says why), 3 it would go on for ever. Prints what the
 * store and the sink hold in the end, and how many calls it made. */
#include "actors/messages.h"
#include "actors/pipeline.h"
#include "runtime/base.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "runtime/sched.h"
#include "state/recovery.h"
#include "state/snapshot.h"
#include "state/store.h"
#include "state/walk.h"
#include "tests/faults/edges.h"
#include "tests/faults/fail_nth.h"
#include "tests/faults/sink_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    EXIT_STUCK = 3,
    PATIENCE_MS = 600 * 1000, /* of its own clock: then what fails heals */
    HEALED_PATIENCE_MS = 3600 * 1000,
    DRAIN_MS = 5000,
    OPEN_TRIES = 20, /* while the disk is full; after half of them it heals */
    SNAPSHOT_AFTER = 2,
    SNAPSHOTS_KEPT = 1,
};

struct driver {
    struct made_log log;
    struct edges edges;
    struct recovery_options options;
    struct store *store;
    struct sched *sched;
    struct metrics *metrics;
    struct pipeline *pipeline;
    int64_t now_ms;
    int checkpoints;
    bool has_snapshot;
    bool is_drained;
};

static void heal(const char *why)
{
    if (fail_nth_heal != NULL) {
        (void)printf("healed: %s\n", why);
        fail_nth_heal();
    }
}

static void give_up(enum status status)
{
    log_event(LOG_gave_up, log_text("error", status_text(status)));
    _exit(EXIT_FAILURE);
}

/* --- start --- */

static enum status check_log(void *context, const struct meta *meta, enum log_fit *out_fit)
{
    struct driver *d = context;
    struct record_fingerprint before = {.is_known = false};
    if (meta->next_offset > 0) {
        before = record_fingerprint_of(&d->log.records[meta->next_offset - 1]);
    }
    *out_fit = log_fit_judge(meta, 0, MADE_RECORDS, before.is_known ? &before : NULL);
    return STATUS_OK;
}

static void start_store(struct driver *d)
{
    struct recovery recovery;
    for (int i = 0; i < OPEN_TRIES; i++) {
        enum status status = recovery_open(&d->options, &d->store, &recovery);
        if (status == STATUS_OK) {
            return;
        }
        if (status_class_of(status) != STATUS_CLASS_RETRY) {
            give_up(status);
        }
        if (i == OPEN_TRIES / 2) {
            heal(status_text(status));
        }
    }
    _exit(EXIT_STUCK);
}

static void on_checkpointed(void *context, int64_t next_offset, int64_t acked_offset)
{
    struct driver *d = context;
    (void)next_offset;
    (void)acked_offset;
    d->checkpoints++;
}

static void on_drained(void *context)
{
    struct driver *d = context;
    d->is_drained = true;
}

static void on_halted(void *context, enum status why)
{
    (void)context;
    give_up(why);
}

static void start_pipeline(struct driver *d)
{
    struct candle_rules rules = {
        .intervals = INTERVAL_BIT(INTERVAL_5m) | INTERVAL_BIT(INTERVAL_15m),
        .grace_ms = 2 * MINUTE_MS,
        .idle_ms = 30000,
        .uses_trade_ids = true,
    };
    int64_t next_offset = store_meta(d->store)->next_offset;
    d->edges.log = &d->log;
    d->edges.store = d->store;
    d->sched = sched_create(&(struct sched_options){.msg_size = sizeof(struct msg)});
    d->metrics = metrics_create();
    edges_init(&d->edges, d->sched, next_offset < 0 ? 0 : (size_t)next_offset);
    struct pipeline_options options = {
        .partition = {.sched = d->sched,
                      .store = d->store,
                      .rules = rules_with_limits(rules, 20 * MINUTE_MS),
                      .source = &d->edges.source,
                      .store_writer = &d->edges.writer,
                      .metrics = d->metrics,
                      .topic = d->options.store.topic,
                      .linger_ms = 5,
                      .records_max = 1000,
                      .floor_ms = META_NO_TIME,
                      .outbox_bytes_max = 1 << 20,
                      .context = d,
                      .checkpointed = on_checkpointed,
                      .drained = on_drained,
                      .halted = on_halted},
        .store_reader = &d->edges.reader,
        .seed = 1,
    };
    options.sinks[SINK_redis] =
        (struct pipeline_sink){.edge = &d->edges.sink,
                               .filter = {.wants_dead_letters = true,
                                          .intervals = INTERVAL_BIT(INTERVAL_1m) | rules.intervals},
                               .rows_max = 40};
    d->pipeline = pipeline_create(&options);
    pipeline_start(d->pipeline);
}

/* --- the work --- */

static void take_snapshot(struct driver *d)
{
    struct snapshot snapshot;
    size_t deleted;
    d->has_snapshot = true;
    enum status status = snapshot_create(d->store, NULL, &snapshot);
    if (status == STATUS_OK) {
        status = snapshot_verify(store_folder(d->store), &snapshot, NULL);
    }
    if (status == STATUS_OK) {
        status = snapshot_prune(store_folder(d->store), SNAPSHOTS_KEPT, &deleted);
    }
    if (status != STATUS_OK) {
        log_event(LOG_snapshot_failed, log_text("error", status_text(status)));
    }
}

static void check_patience(const struct driver *d)
{
    bool has_struck = fail_nth_has_struck != NULL && fail_nth_has_struck();
    if (d->now_ms > HEALED_PATIENCE_MS) {
        log_event(LOG_gave_up, log_text("error", "it would go on for ever"));
        _exit(EXIT_STUCK);
    }
    if (has_struck && d->now_ms > PATIENCE_MS) {
        heal("patience is at its end");
    }
}

/* One message, or a jump to the next deadline. False: nothing is left to do. */
static bool step(struct driver *d)
{
    if (sched_stopped(d->sched) != STATUS_OK) {
        give_up(sched_stopped(d->sched));
    }
    if (sched_step(d->sched)) {
        return true;
    }
    int64_t next_ms = sched_next_deadline_ms(d->sched);
    if (next_ms == DEADLINE_NONE) {
        return false;
    }
    d->now_ms = next_ms > d->now_ms ? next_ms : d->now_ms;
    sched_advance(d->sched, d->now_ms);
    check_patience(d);
    return true;
}

static bool is_done(const struct driver *d)
{
    const struct meta *meta = store_meta(d->store);
    return meta->next_offset == MADE_RECORDS && meta->cursors[SINK_redis] == meta->outbox_next - 1;
}

static void work(struct driver *d)
{
    while (!is_done(d)) {
        if (!step(d)) {
            log_event(LOG_gave_up, log_text("error", "nothing happens any more"));
            _exit(EXIT_STUCK);
        }
        if (d->checkpoints >= SNAPSHOT_AFTER && !d->has_snapshot) {
            take_snapshot(d);
        }
    }
}

/* --- stop --- */

static void stop(struct driver *d)
{
    pipeline_drain(d->pipeline, d->now_ms + DRAIN_MS);
    while (!d->is_drained && step(d)) {
    }
    pipeline_stop(d->pipeline);
    while (step(d)) {
    }
    pipeline_destroy(&d->pipeline);
    edges_deinit(&d->edges);
    metrics_destroy(&d->metrics);
    sched_destroy(&d->sched);
    store_close(&d->store);
}

/* --- the answer --- */

struct digest {
    uint64_t sum;
    uint64_t count;
};

static bool add(void *context, struct slice key, struct slice value)
{
    static const uint64_t prime = 1099511628211u;
    struct digest *digest = context;
    const struct slice parts[] = {key, value};
    for (size_t part = 0; part < ARRAY_COUNT(parts); part++) {
        const unsigned char *bytes = parts[part].bytes;
        for (size_t i = 0; i < parts[part].size; i++) {
            digest->sum = (digest->sum ^ bytes[i]) * prime;
        }
    }
    digest->count++;
    return true;
}

/* Not the outbox's numbers: they depend on which records shared a checkpoint. */
static void print_answer(struct driver *d)
{
    static const enum store_table tables[] = {TABLE_actors, TABLE_candles};
    struct digest digest = {.sum = 1};
    start_store(d);
    struct store_view *view = store_view_create(d->store);
    enum status status = store_view_open(view);
    for (size_t i = 0; status == STATUS_OK && i < ARRAY_COUNT(tables); i++) {
        status = store_view_each(view, tables[i], (struct slice){NULL, 0}, add, &digest);
    }
    const struct meta *meta = store_meta(d->store);
    (void)printf("store %016" PRIx64 " %" PRIu64 " next %" PRId64 " time %" PRId64 " %s\n",
                 digest.sum, digest.count, meta->next_offset, meta->stream_time_ms,
                 status_text(status));
    (void)printf("sink %016" PRIx64 " %" PRIu64 "\n", sink_table_digest(d->edges.table),
                 d->edges.table->count);
    store_view_destroy(&view);
    store_close(&d->store);
}

int main(int argc, char **argv)
{
    static struct driver d;
    if (walk_is_asked(argc, argv)) {
        return walk_main(argv);
    }
    if (argc != 3) {
        (void)fprintf(stderr, "usage: driver DATA_DIR SINK_FILE\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    d.options = (struct recovery_options){
        .store = {.data_dir = argv[1], .topic = "t", .boot_id = "boot", .map_bytes = 64 << 10},
        .check = check_log,
        .context = &d,
    };
    made_log_init(&d.log);
    d.edges.table = sink_table_open(argv[2]);
    if (d.edges.table == NULL) {
        perror(argv[2]);
        return 2;
    }
    (void)printf("begins\n"); /* its buffer is allocated here */
    if (fail_nth_begin != NULL) {
        fail_nth_begin();
    }
    start_store(&d);
    start_pipeline(&d);
    work(&d);
    stop(&d);
    if (fail_nth_count != NULL) {
        (void)printf("calls memory %" PRIu64 " io %" PRIu64 "\n", fail_nth_count(FAIL_NTH_memory),
                     fail_nth_count(FAIL_NTH_io));
        fail_nth_heal();
    }
    print_answer(&d);
    return EXIT_SUCCESS;
}
