#include "tests/sim/world.h"

#include "actors/messages.h"
#include "actors/pipeline.h"
#include "runtime/base.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/sched.h"
#include "state/store.h"
#include "tests/sim/check_sinks.h"
#include "tests/sim/disk.h"
#include "tests/sim/log.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sink.h"
#include "tests/sim/source.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { FAULTY_STEPS = 200000, HEALING_STEPS = 2000000, QUIET_MS = 120000 };

/* The sinks that take part, and what they want. */
static const struct {
    enum sink sink;
    struct outbox_filter filter;
} wanted[] = {
    {SINK_redis, {.intervals = INTERVAL_BIT(INTERVAL_1m) | INTERVAL_BIT(INTERVAL_5m)}},
    {SINK_mongo, {.intervals = INTERVAL_BIT(INTERVAL_5m) | INTERVAL_BIT(INTERVAL_15m)}},
    {SINK_dead_letters, {.wants_dead_letters = true}}, /* the last one: see world_check() */
};
enum { SINKS = ARRAY_COUNT(wanted) };

struct world {
    struct world_options options;
    struct rand rand;
    struct sim_log log;
    struct candle_rules rules;
    uint64_t crash_every; /* steps, on average */
    bool is_faulty;
    bool is_always_slow;
    enum store_sync sync;

    /* What outlives a crash. */
    struct sink_server servers[SINKS];
    int64_t now_ms;
    uint64_t hash;
    uint64_t crashes;

    /* What does not. */
    struct sched_tracer tracer;
    struct sched *sched;
    struct metrics *metrics;
    struct store *store;
    struct sim_source source;
    struct sim_writer writer;
    struct sim_reader reader;
    struct sim_sink sinks[SINKS];
    struct pipeline *pipeline;
};

static void trace(struct sched_tracer *tracer, const struct actor *to, const struct msg *msg)
{
    struct world *w = container_of(tracer, struct world, tracer);
    w->hash = (w->hash ^ (uint64_t)msg->type ^ ((uint64_t)w->now_ms << 8)) * 1099511628211u;
    if (w->options.is_traced) {
        printf("[%9" PRId64 "] %-12s <- %s\n", w->now_ms, to->class->name,
               messages_name(msg->type));
    }
}

static void open_store(struct world *w)
{
    struct store_options options = {
        .data_dir = w->options.folder,
        .topic = "sim",
        .sync = w->sync,
        .boot_id = "sim",
        .map_bytes = 1 << 16, /* small, so that it grows */
    };
    enum status status = store_open(&options, &w->store);
    assert(status == STATUS_OK);
}

/* Everything in memory, as at the start of the process. */
static void come_up(struct world *w)
{
    w->tracer.trace = trace;
    w->sched = sched_create(&(struct sched_options){sizeof(struct msg), &w->tracer});
    sched_advance(w->sched, w->now_ms);
    w->metrics = metrics_create();
    open_store(w);
    sim_source_init(&w->source, w->sched, &w->log, &w->rand, &w->is_faulty,
                    store_meta(w->store)->next_offset);
    sim_writer_init(&w->writer, w->sched, w->store, &w->rand, &w->is_faulty);
    sim_reader_init(&w->reader, w->sched, w->store, &w->rand);

    struct pipeline_options options = {
        .partition = {.sched = w->sched,
                      .store = w->store,
                      .rules = w->rules,
                      .source = &w->source.actor,
                      .store_writer = &w->writer.actor,
                      .metrics = w->metrics,
                      .topic = "sim",
                      .linger_ms = 5,
                      .records_max = 1 + (size_t)rand_below(&w->rand, 500),
                      .outbox_bytes_max = 1 << 16,
                      .is_always_slow = w->is_always_slow},
        .store_reader = &w->reader.actor,
        .seed = rand_next(&w->rand),
    };
    for (size_t i = 0; i < SINKS; i++) {
        sim_sink_init(&w->sinks[i], w->sched, &w->servers[i], &w->rand, &w->is_faulty);
        options.sinks[wanted[i].sink] = (struct pipeline_sink){
            .edge = &w->sinks[i].actor, .filter = wanted[i].filter, .rows_max = 50};
    }
    w->pipeline = pipeline_create(&options);
    pipeline_start(w->pipeline);
}

/* kill -9: what the edges had in hand is gone, whatever had been done of it. */
static void go_down(struct world *w)
{
    pipeline_kill(&w->pipeline);
    for (size_t i = 0; i < SINKS; i++) {
        sim_sink_deinit(&w->sinks[i]);
    }
    sim_reader_deinit(&w->reader);
    sim_writer_deinit(&w->writer);
    sim_source_deinit(&w->source);
    store_abandon(&w->store);
    metrics_destroy(&w->metrics);
    sched_destroy(&w->sched);
}

static struct log_options draw_log(struct rand *rand)
{
    /* Some worlds are kind in one respect and wild in another. */
    return (struct log_options){
        .symbols = 1 + rand_below(rand, LOG_SYMBOLS_MAX),
        .minutes = 20 + rand_below(rand, 100),
        .lost = rand_chance(rand, 50) ? rand_below(rand, 40) : 0,
        .late = rand_chance(rand, 50) ? rand_below(rand, 40) : 0,
        .repeated = rand_chance(rand, 50) ? rand_below(rand, 60) : 0,
        .corrected = rand_chance(rand, 50) ? rand_below(rand, 40) : 0,
        .garbage = rand_chance(rand, 50) ? rand_below(rand, 10) : 0,
        .empty = rand_chance(rand, 70) ? rand_below(rand, 60) : 0,
        .no_ids = rand_chance(rand, 30) ? rand_below(rand, 30) : 0,
        .gap_minutes = rand_chance(rand, 20) ? rand_below(rand, 400) : 0,
    };
}

struct world *world_create(const struct world_options *options)
{
    struct world *w = mem_new(1, sizeof(*w));
    w->options = *options;
    w->rand.state = options->seed;
    w->hash = 14695981039346656037u;

    struct log_options log_options = draw_log(&w->rand);
    sim_log_init(&w->log, &log_options, &w->rand);
    struct candle_rules rules = {
        .intervals =
            INTERVAL_BIT(INTERVAL_3m) | INTERVAL_BIT(INTERVAL_5m) | INTERVAL_BIT(INTERVAL_15m),
        .grace_ms = (int64_t)rand_below(&w->rand, 3 * MINUTE_MS),
        .idle_ms = 30000,
        .uses_trade_ids = rand_chance(&w->rand, 80),
    };
    w->rules = rules_with_limits(rules, 30 * MINUTE_MS);
    w->crash_every = 10 + rand_below(&w->rand, rand_chance(&w->rand, 40) ? 60 : 400);
    w->is_always_slow = rand_chance(&w->rand, 10);
    w->sync = STORE_SYNC_boot;
    for (size_t i = 0; i < SINKS; i++) {
        w->servers[i].rejects = wanted[i].sink == SINK_mongo && rand_chance(&w->rand, 50);
    }
    come_up(w);
    return w;
}

void world_destroy(struct world **world_p)
{
    struct world *w = *world_p;
    *world_p = NULL;
    go_down(w);
    for (size_t i = 0; i < SINKS; i++) {
        sink_server_deinit(&w->servers[i]);
    }
    sim_log_deinit(&w->log);
    mem_free(w);
}

/* One message, or, when none is waiting, a jump to the next deadline. False: nothing is left. */
static bool step(struct world *w)
{
    assert(sched_stopped(w->sched) == STATUS_OK);
    if (sched_step(w->sched)) {
        return true;
    }
    int64_t next_ms = sched_next_deadline_ms(w->sched);
    if (next_ms == DEADLINE_NONE) {
        return false;
    }
    w->now_ms = next_ms > w->now_ms ? next_ms : w->now_ms;
    sched_advance(w->sched, w->now_ms);
    return true;
}

static bool is_all_delivered(const struct world *w)
{
    const struct meta *meta = store_meta(w->store);
    bool is_done = meta->next_offset == (int64_t)w->log.count || w->log.count == 0;
    for (size_t i = 0; i < SINKS; i++) {
        is_done = is_done && meta->cursors[wanted[i].sink] == meta->outbox_next - 1;
    }
    return is_done;
}

void world_run_faulty(struct world *w)
{
    w->is_faulty = true;
    for (int i = 0; i < FAULTY_STEPS && !sim_source_is_read(&w->source) && step(w); i++) {
        if (rand_below(&w->rand, w->crash_every) == 0) {
            go_down(w);
            w->crashes++;
            come_up(w);
        }
    }
    w->is_faulty = false;
}

/* At rest: everything is delivered, and idleness has closed the last windows a while ago. */
bool world_run_healed(struct world *w)
{
    int64_t quiet_since_ms = -1;
    for (int i = 0; i < HEALING_STEPS && step(w); i++) {
        if (!is_all_delivered(w) || pipeline_is_busy(w->pipeline)) {
            quiet_since_ms = -1;
        } else if (quiet_since_ms < 0) {
            quiet_since_ms = w->now_ms;
        } else if (w->now_ms - quiet_since_ms > QUIET_MS) {
            return true;
        }
    }
    return false;
}

bool world_check(struct world *w)
{
    struct oracle *oracle = oracle_create(&w->log, &w->rules);
    bool is_equal = true;
    for (size_t i = 0; i < SINKS; i++) {
        struct check_sinks_options options = {
            .oracle = oracle,
            .log = &w->log,
            .rules = &w->rules,
            .server = &w->servers[i],
            .letters = &w->servers[SINKS - 1],
            .name = schema_sink_name(wanted[i].sink),
            .filter = wanted[i].filter,
        };
        is_equal = check_sinks(&options) && is_equal;
    }
    oracle_destroy(&oracle);
    return is_equal;
}

uint64_t world_hash(const struct world *w)
{
    return w->hash;
}

uint64_t world_crashes(const struct world *w)
{
    return w->crashes;
}
