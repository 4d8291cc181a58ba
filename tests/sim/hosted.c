#include "tests/sim/hosted.h"

#include "actors/pipeline.h"
#include "runtime/base.h"
#include "runtime/sched.h"
#include "state/store.h"
#include "tests/sim/shard.h"

#include <assert.h>
#include <stdio.h>

enum {
    OPEN_MS = 30,
    LOCK_RETRY_MS = 200,
    REST_POLL_MS = 2,
    DRAIN_MS = 5000,
    LINGER_MS = 5,
    OUTBOX_BYTES_MAX = 1 << 16,
    MAP_BYTES = 1 << 17, /* small, so that it grows */
    ROWS_MAX = 50,
};

static const struct {
    enum sink sink;
    struct outbox_filter filter;
} wired[SIM_SINKS] = {
#define X(name, of_candles, letters)                                                               \
    [SIM_SINK_##name] = {                                                                          \
        .sink = SINK_##name,                                                                       \
        .filter = {.intervals = of_candles, .wants_dead_letters = letters},                        \
    },
    SIM_SINKS_TABLE(X)
#undef X
};

static struct rand *rand_of(const struct hosted *h)
{
    return h->shard->world->rand;
}

static void wait_ms(struct hosted *h, uint64_t most_ms)
{
    int64_t delay_ms = 1 + (int64_t)rand_below(rand_of(h), most_ms);
    actor_set_deadline(&h->actor, actor_now_ms(&h->actor) + delay_ms);
}

static void finish(struct hosted *h)
{
    h->state = HOSTED_none;
    actor_deinit(&h->actor);
    shard_on_closed(h->shard, h->partition);
}

static void destroy_edges(struct hosted *h)
{
    sim_reader_deinit(&h->reader);
    sim_writer_deinit(&h->writer);
    sim_source_deinit(&h->source);
}

static void on_checkpointed(void *context, int64_t next_offset, int64_t acked_offset)
{
    struct hosted *h = context;
    h->commit = (struct group_commit){next_offset, store_meta(h->store)->era, acked_offset};
}

static void on_drained(void *context)
{
    struct hosted *h = context;
    h->state = HOSTED_resting;
    pipeline_stop(h->pipeline);
    wait_ms(h, REST_POLL_MS);
}

static void start_edges(struct hosted *h)
{
    struct shard_world *w = h->shard->world;
    int64_t next_offset = store_meta(h->store)->next_offset;
    sim_source_init(&h->source, h->shard->sched, w->topic, w->rand, h->partition,
                    next_offset < 0 ? 0 : next_offset);
    sim_writer_init(&h->writer, h->shard->sched, h->store, w->faults);
    sim_reader_init(&h->reader, h->shard->sched, h->store, w->rand);
}

static void start(struct hosted *h)
{
    const struct scenario *scenario = h->shard->world->scenario;
    start_edges(h);
    struct pipeline_options options = {
        .partition = {.sched = h->shard->sched,
                      .store = h->store,
                      .rules = scenario->rules,
                      .source = &h->source.actor,
                      .store_writer = &h->writer.actor,
                      .metrics = h->shard->metrics,
                      .topic = SIM_TOPIC,
                      .partition = (int32_t)h->partition,
                      .linger_ms = LINGER_MS,
                      .records_max = scenario->records_max,
                      .outbox_bytes_max = OUTBOX_BYTES_MAX,
                      .is_always_slow = scenario->is_always_slow,
                      .context = h,
                      .checkpointed = on_checkpointed,
                      .drained = on_drained},
        .store_reader = &h->reader.actor,
        .seed = rand_next(rand_of(h)),
    };
    for (size_t i = 0; i < SIM_SINKS; i++) {
        options.sinks[wired[i].sink] = (struct pipeline_sink){
            .edge = &h->shard->sinks[i].actor, .filter = wired[i].filter, .rows_max = ROWS_MAX};
    }
    h->pipeline = pipeline_create(&options);
    h->state = HOSTED_running;
    pipeline_start(h->pipeline);
}

static void try_open(struct hosted *h)
{
    struct store_options options = {
        .data_dir = h->shard->data_dir,
        .topic = SIM_TOPIC,
        .partition = (int32_t)h->partition,
        .sync = h->shard->world->scenario->sync,
        .boot_id = "sim",
        .map_bytes = MAP_BYTES,
    };
    enum status status = store_open(&options, &h->store);
    if (status == STATUS_BUSY) {
        faults_count(h->shard->world->faults, FAULT_lock_waited);
        wait_ms(h, LOCK_RETRY_MS);
        return;
    }
    assert(status == STATUS_OK);
    start(h);
}

static void close_store(struct hosted *h)
{
    if (h->is_dropped) {
        store_abandon(&h->store);
    } else {
        store_close(&h->store);
    }
    finish(h);
}

static void rest(struct hosted *h)
{
    if (pipeline_is_busy(h->pipeline) || h->reader.count > 0) {
        wait_ms(h, REST_POLL_MS);
        return;
    }
    pipeline_destroy(&h->pipeline);
    destroy_edges(h);
    h->state = HOSTED_closing;
    wait_ms(h, OPEN_MS);
}

static void on_deadline(struct actor *actor)
{
    struct hosted *h = container_of(actor, struct hosted, actor);
    switch (h->state) {
    case HOSTED_opening:
        if (h->is_given_up) {
            finish(h);
        } else {
            try_open(h);
        }
        break;
    case HOSTED_resting:
        rest(h);
        break;
    case HOSTED_closing:
        close_store(h);
        break;
    case HOSTED_none:
    case HOSTED_running:
    case HOSTED_draining:
        break;
    }
}

static void receive(struct actor *actor, const struct msg *msg)
{
    actor_unexpected(actor, msg);
}

static const struct actor_class hosted_class = {
    .name = "hosted",
    .receive = receive,
    .deadline = on_deadline,
    .mailbox_capacity = 1,
};

void hosted_open(struct hosted *h, struct shard *shard, size_t partition)
{
    *h = (struct hosted){
        .shard = shard, .partition = partition, .state = HOSTED_opening, .commit = {.offset = -1}};
    actor_init(&h->actor, &hosted_class, shard->sched);
    wait_ms(h, OPEN_MS);
}

void hosted_drain(struct hosted *h)
{
    h->is_given_up = true;
    if (h->state == HOSTED_running) {
        h->state = HOSTED_draining;
        pipeline_drain(h->pipeline, actor_now_ms(&h->actor) + DRAIN_MS);
    }
}

void hosted_drop(struct hosted *h)
{
    if (h->state == HOSTED_closing) {
        return;
    }
    h->is_given_up = true;
    h->is_dropped = true;
    if (h->state == HOSTED_running || h->state == HOSTED_draining) {
        on_drained(h);
    }
}

void hosted_kill(struct hosted *h)
{
    if (h->state == HOSTED_none) {
        return;
    }
    if (h->pipeline != NULL) {
        pipeline_kill(&h->pipeline);
        destroy_edges(h);
    }
    store_abandon(&h->store);
    actor_deinit(&h->actor);
    h->state = HOSTED_none;
}

bool hosted_is_done(const struct hosted *h)
{
    if (h->state != HOSTED_running || pipeline_is_busy(h->pipeline)) {
        return false;
    }
    const struct meta *meta = store_meta(h->store);
    int64_t end = (int64_t)h->shard->world->scenario->logs[h->partition].count;
    bool is_done = meta->next_offset == end || end == 0;
    for (size_t i = 0; i < SIM_SINKS; i++) {
        is_done = is_done && meta->cursors[wired[i].sink] == meta->outbox_next - 1;
    }
    return is_done;
}
