#include "tests/sim/hosted.h"

#include "actors/pipeline.h"
#include "ops/opening.h"
#include "runtime/base.h"
#include "runtime/sched.h"
#include "state/snapshot.h"
#include "state/snapshot_remote.h"
#include "state/store.h"
#include "tests/sim/klog.h"
#include "tests/sim/shard.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    OPEN_MS = 30,
    OPEN_RETRY_MS = 500,
    REST_POLL_MS = 2,
    DRAIN_MS = 5000,
    LINGER_MS = 5,
    OUTBOX_BYTES_MAX = 1 << 16,
    MAP_BYTES = 1 << 17, /* small, so that it grows */
    ROWS_MAX = 50,
    FOLDER_BYTES = 512,
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
    sim_source_init(&h->source, h->shard->sched, w->topic, w->rand, h->partition,
                    h->opening.next_offset);
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
                      .floor_ms = h->opening.floor_ms,
                      .quiet_until = h->opening.quiet_until,
                      .topic_partitions = h->opening.topic_partitions,
                      .cluster = h->opening.cluster,
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
        options.sinks[wired[i].sink] =
            (struct pipeline_sink){.edge = &h->shard->sinks[i].actor,
                                   .filter = wired[i].filter,
                                   .rows_max = ROWS_MAX,
                                   .may_forget = wired[i].sink == SINK_redis,
                                   .ttl_ms = SIM_REDIS_TTL_MS};
    }
    h->pipeline = pipeline_create(&options);
    h->state = HOSTED_running;
    pipeline_start(h->pipeline);
    if (scenario->snapshots_ms > 0) {
        wait_ms(h, (uint64_t)scenario->snapshots_ms);
    }
}

static void on_open_failed(struct hosted *h, enum status status)
{
    struct faults *faults = h->shard->world->faults;
    if (h->shard->world->is_traced) {
        printf("[%9" PRId64 "] %zu cannot open partition %zu: %s\n", actor_now_ms(&h->actor),
               h->shard->index, h->partition, status_text(status));
    }
    if (status == STATUS_BUSY) {
        faults_count(faults, FAULT_lock_waited);
    }
    if (status_class_of(status) == STATUS_CLASS_RETRY) {
        wait_ms(h, OPEN_RETRY_MS);
    } else if (status == STATUS_LOG_LOST || status == STATUS_REPARTITIONED) {
        faults_count(faults, FAULT_partition_halted);
        h->state = HOSTED_halted;
    } else {
        h->shard->must_die = true; /* as ops/shard.c: it comes back through the ordinary start */
    }
}

static void tell_begin(const struct hosted *h)
{
    const struct shard_world *w = h->shard->world;
    if (w->is_traced) {
        printf("[%9" PRId64 "] %zu opens partition %zu at %" PRId64 " of %" PRId64
               ", floor %" PRId64 ", acked %" PRId64 "\n",
               w->now_ms, h->shard->index, h->partition, h->opening.next_offset,
               w->topic->end[h->partition], h->opening.floor_ms,
               w->group->partitions[h->partition].commit.acked);
    }
}

static void try_open(struct hosted *h)
{
    struct shard_world *w = h->shard->world;
    struct kafka_log log = {.topic = w->topic, .group = w->group, .faults = w->faults};
    struct opening_options options = {
        .store =
            {
                .data_dir = h->shard->data_dir,
                .topic = SIM_TOPIC,
                .partition = (int32_t)h->partition,
                .sync = w->scenario->sync,
                .boot_id = h->shard->machine->boot_id,
                .map_bytes = MAP_BYTES,
            },
        .remote = w->remote,
        .log = &log,
        .start = {.rules = w->scenario->rules, .start = KAFKA_START_earliest},
    };
    enum status status = opening_run(&options, &h->opening);
    if (status != STATUS_OK) {
        on_open_failed(h, status);
        return;
    }
    h->store = h->opening.store;
    tell_begin(h);
    if (store_meta(h->store)->next_offset < 0) {
        faults_count(w->faults, FAULT_began_from_nothing);
        server_note_floor(&w->servers[SIM_SINK_redis], h->partition, h->opening.floor_ms);
        machine_note_synced(h->shard->machine, h->partition);
    }
    start(h);
}

/* At any moment: the copy is as of the last commit. */
static void take_snapshot(struct hosted *h)
{
    size_t deleted;
    int64_t next_offset = store_meta(h->store)->next_offset;
    if (next_offset == h->snapshot_offset) {
        return; /* there is one already */
    }
    h->snapshot_offset = next_offset;
    enum status status = snapshot_create(h->store, NULL, &h->snapshot);
    if (status != STATUS_OK) {
        h->snapshot.name[0] = '\0'; /* nothing was read yet */
        return;
    }
    faults_count(h->shard->world->faults, FAULT_snapshot_made);
    status = snapshot_prune(store_folder(h->store), SNAPSHOTS_KEPT, &deleted);
    assert(status == STATUS_OK);
}

/* It may be damaged by now: then it is not worth copying, and the next one will be. */
static void publish_snapshot(struct hosted *h, const char *folder)
{
    struct object_store *remote = h->shard->world->remote;
    size_t deleted;
    if (remote == NULL || h->snapshot.name[0] == '\0') {
        return;
    }
    if (snapshot_publish(remote, folder, &h->snapshot, NULL) == STATUS_OK) {
        faults_count(h->shard->world->faults, FAULT_snapshot_published);
        (void)!snapshot_prune_remote(remote, SIM_TOPIC, (int32_t)h->partition, SNAPSHOTS_KEPT,
                                     &deleted);
    }
    h->snapshot.name[0] = '\0';
}

/* A process may die between a copy and its copy elsewhere. */
static void on_snapshot_due(struct hosted *h)
{
    int64_t every_ms = h->shard->world->scenario->snapshots_ms;
    if (every_ms == 0) {
        return;
    }
    if (h->snapshot.name[0] != '\0') {
        publish_snapshot(h, store_folder(h->store));
        wait_ms(h, (uint64_t)every_ms);
    } else {
        take_snapshot(h);
        wait_ms(h, OPEN_MS);
    }
}

/* The lock is free before the snapshot is copied on. */
static void close_in_order(struct hosted *h)
{
    char folder[FOLDER_BYTES];
    snprintf(folder, sizeof(folder), "%s", store_folder(h->store));
    if (h->shard->world->scenario->snapshots_ms > 0) {
        take_snapshot(h);
    }
    store_close(&h->store);
    machine_note_synced(h->shard->machine, h->partition);
    publish_snapshot(h, folder);
}

static void close_store(struct hosted *h)
{
    if (h->is_dropped || h->store == NULL) {
        store_abandon(&h->store);
    } else {
        close_in_order(h);
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
    case HOSTED_running:
        on_snapshot_due(h);
        break;
    case HOSTED_none:
    case HOSTED_draining:
    case HOSTED_halted:
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
    } else if (h->state == HOSTED_halted) {
        h->state = HOSTED_closing;
        wait_ms(h, OPEN_MS);
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
    } else if (h->state == HOSTED_halted) {
        h->state = HOSTED_closing;
        wait_ms(h, OPEN_MS);
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
    int64_t next_offset = meta->next_offset < 0 ? h->opening.next_offset : meta->next_offset;
    bool is_done = next_offset == end;
    for (size_t i = 0; i < SIM_SINKS; i++) {
        is_done = is_done && meta->cursors[wired[i].sink] == meta->outbox_next - 1;
    }
    return is_done;
}

void hosted_tell(const struct hosted *h)
{
    const struct sim_log *log = &h->shard->world->scenario->logs[h->partition];
    printf("state %d of %zu records", h->state, log->count);
    if (h->store != NULL) {
        const struct meta *meta = store_meta(h->store);
        printf(", next %" PRId64 ", outbox to %" PRId64, meta->next_offset, meta->outbox_next - 1);
        for (size_t i = 0; i < SIM_SINKS; i++) {
            printf(", %s has %" PRId64, schema_sink_name(wired[i].sink),
                   meta->cursors[wired[i].sink]);
        }
    }
    printf("\n");
}
