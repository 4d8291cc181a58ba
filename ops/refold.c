#include "ops/refold.h"

#include "actors/edge/kafka_reader.h"
#include "actors/messages.h"
#include "actors/partition_metrics.h"
#include "actors/pipeline.h"
#include "ops/scratch.h"
#include "proto/kline.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "runtime/sched.h"
#include "state/store.h"

#include <time.h>
#include <uv.h>

enum {
    RECORDS_MAX = 1000,
    CHECKPOINT_RECORDS_MAX = 20000,
    READ_AHEAD_BYTES = 32 << 20,
    WAIT_MS = 200,
    PATIENCE_MS = 30000,
};

/* Longer than any log is kept: nothing of the answer expires while the range is read. */
static const int64_t KEEP_MS = INT64_C(100) * 366 * 86400000;

/* Source and store writer in one: both do at once what they are asked. */
struct refold {
    struct actor source;
    struct actor writer;
    struct refold_options options;
    struct scratch folder;
    struct sched *sched;
    struct metrics *metrics;
    struct metrics_set *counters;
    struct kafka_reader *reader;
    struct store *store;
    struct pipeline *pipeline;

    struct actor *asker; /* waits for records; NULL: nobody */
    size_t records_max;
    struct kafka_message messages[RECORDS_MAX];
    struct record records[RECORDS_MAX];
    unsigned char (*fed)[KLINE_ENCODED_MAX]; /* what the records of a feed point at */
    int64_t fed_count;
    size_t count;
    bool is_watched;           /* the one record of this slice is */
    struct kafka_message next; /* read, but for a slice of its own */
    int64_t now_ms;
    bool is_at_end;
    enum status status;
};

static struct record record_of(const struct kafka_message *message)
{
    return (struct record){.key = message->key,
                           .value = message->value,
                           .offset = message->offset,
                           .timestamp_ms = message->timestamp_ms};
}

static void release_slice(struct refold *r)
{
    for (size_t i = 0; i < r->count; i++) {
        kafka_message_release(&r->messages[i]);
    }
    r->count = 0;
}

/* The next record, waited for. STATUS_NOT_FOUND: the end has come. */
static enum status read_one(struct refold *r, struct kafka_message *out_message)
{
    int64_t deadline_ms = (int64_t)(uv_hrtime() / 1000000) + PATIENCE_MS;
    int32_t partition = r->options.partition;

    while (kafka_reader_position(r->reader, partition) < r->options.end_offset) {
        enum status status = kafka_reader_next(r->reader, partition, out_message);
        if (status == STATUS_OK && out_message->offset >= r->options.end_offset) {
            kafka_message_release(out_message);
            return STATUS_NOT_FOUND;
        }
        if (status != STATUS_TIMED_OUT) {
            return status;
        }
        if ((int64_t)(uv_hrtime() / 1000000) > deadline_ms) {
            return STATUS_TIMED_OUT;
        }
        kafka_reader_wait(r->reader, WAIT_MS);
    }
    return STATUS_NOT_FOUND;
}

static bool is_watched(const struct refold *r, const struct kafka_message *message)
{
    const struct refold_watcher *w = &r->options.watcher;
    struct record record = record_of(message);
    return w->is_watched != NULL && w->is_watched(w->context, &record);
}

static void take(struct refold *r, struct kafka_message message)
{
    r->messages[r->count] = message;
    r->records[r->count] = record_of(&message);
    r->count++;
}

static void fill_from_feed(struct refold *r)
{
    const struct refold_feed *feed = r->options.feed;
    size_t most = r->records_max < RECORDS_MAX ? r->records_max : RECORDS_MAX;
    struct kline kline;

    while (r->count < most && feed->next(feed->context, &kline)) {
        size_t size = kline_encode(&kline, r->fed[r->count]);
        struct slice value = {r->fed[r->count], size};
        r->records[r->count++] =
            (struct record){.value = value, .offset = r->fed_count++, .timestamp_ms = -1};
    }
    r->is_at_end = r->count < most;
}

/* As many as are asked for; a watched one comes alone. */
static void fill_slice(struct refold *r)
{
    enum status status = STATUS_OK;
    r->is_watched = r->next.raw != NULL;
    if (r->is_watched) {
        take(r, r->next);
        r->next.raw = NULL;
        return;
    }
    while (r->count < r->records_max && r->count < RECORDS_MAX && status == STATUS_OK) {
        struct kafka_message message;
        status = read_one(r, &message);
        if (status == STATUS_OK && is_watched(r, &message)) {
            r->next = message;
            break;
        }
        if (status == STATUS_OK) {
            take(r, message);
        }
    }
    r->is_at_end = status == STATUS_NOT_FOUND;
    r->status = r->is_at_end || status == STATUS_OK ? STATUS_OK : status;
    if (r->count == 0 && r->next.raw != NULL) {
        fill_slice(r);
    }
}

static void send_slice(struct refold *r)
{
    struct msg msg = {
        .type = MSG_SOURCE_RECORDS,
        .from = &r->source,
        .as_SOURCE_RECORDS = {.records = r->records,
                              .count = r->count,
                              .is_drained = r->is_watched || r->next.raw != NULL || r->is_at_end,
                              .log_end = r->options.end_offset},
    };
    struct actor *asker = r->asker;
    r->asker = NULL;
    if (r->is_watched) {
        r->options.watcher.begins(r->options.watcher.context, r->counters);
    }
    actor_send(asker, &msg);
    if (r->options.progress != NULL) {
        r->options.progress(r->options.context, r->records[r->count - 1].offset);
    }
}

static void on_source(struct actor *actor, const struct msg *msg)
{
    struct refold *r = container_of(actor, struct refold, source);
    if (msg->type != MSG_SOURCE_RESUME) {
        actor_unexpected(actor, msg);
    }
    r->asker = msg->from;
    r->records_max = msg->as_SOURCE_RESUME.records_max;
}

static void on_writer(struct actor *actor, const struct msg *msg)
{
    struct refold *r = container_of(actor, struct refold, writer);
    if (msg->type != MSG_STORE_COMMIT) {
        actor_unexpected(actor, msg);
    }
    const struct checkpoint *checkpoint = msg->as_STORE_COMMIT.checkpoint;
    struct msg answer = {.type = MSG_STORE_COMMITTED,
                         .from = actor,
                         .as_STORE_COMMITTED = {store_commit(r->store, checkpoint)}};
    if (r->is_watched && r->count == 1) {
        r->options.watcher.applied(r->options.watcher.context, &r->records[0], checkpoint->batch,
                                   r->counters);
    }
    actor_send(msg->from, &answer);
}

static const struct actor_class source_class = {
    .name = "refold_source", .receive = on_source, .mailbox_capacity = 1};
static const struct actor_class writer_class = {
    .name = "refold_writer", .receive = on_writer, .mailbox_capacity = 1};

static void run_actors(struct refold *r)
{
    while (sched_step(r->sched)) {
    }
    if (sched_stopped(r->sched) != STATUS_OK) {
        r->status = sched_stopped(r->sched);
    }
}

/* Time passes only where somebody waits for it. */
static bool wait_for_deadline(struct refold *r)
{
    int64_t next_ms = sched_next_deadline_ms(r->sched);
    if (next_ms == DEADLINE_NONE) {
        return false;
    }
    r->now_ms = next_ms > r->now_ms ? next_ms : r->now_ms + 1;
    sched_advance(r->sched, r->now_ms);
    return true;
}

/* False: nothing is left to read. */
static bool next_slice(struct refold *r)
{
    release_slice(r);
    if (r->options.feed != NULL) {
        fill_from_feed(r);
    } else if (!r->is_at_end || r->next.raw != NULL) {
        fill_slice(r);
    }
    return r->status == STATUS_OK && r->count > 0;
}

static void apply_all(struct refold *r)
{
    bool goes_on = true;
    while (goes_on && r->status == STATUS_OK) {
        run_actors(r);
        if (r->asker != NULL && next_slice(r)) {
            send_slice(r);
        } else {
            goes_on = r->status == STATUS_OK && wait_for_deadline(r);
        }
    }
}

/* What a shard does with windows that are due by the time of day once nothing comes any more. */
static void pass_idle_time(struct refold *r)
{
    struct msg msg = {
        .type = MSG_SOURCE_IDLE,
        .from = &r->source,
        .as_SOURCE_IDLE = {.wall_ms = (int64_t)time(NULL) * 1000, .quiet_ms = INT64_MAX},
    };
    actor_send(pipeline_partition(r->pipeline), &msg);
    do {
        run_actors(r);
    } while (r->status == STATUS_OK && wait_for_deadline(r));
}

static enum status open_store(struct refold *r)
{
    struct store_options options = {
        .topic = r->options.topic,
        .partition = r->options.partition,
        .sync = STORE_SYNC_boot,
        .boot_id = "refold",
    };
    enum status status = scratch_make(r->options.parent, &r->folder);
    if (status != STATUS_OK) {
        return status;
    }
    options.data_dir = r->folder.path;
    status = store_open(&options, &r->store);
    if (status == STATUS_OK && r->options.era > 0) {
        status = store_begin_era(r->store, r->options.era, true);
    }
    return status;
}

static enum status open_reader(struct refold *r)
{
    int64_t *offsets = mem_new((size_t)r->options.partition_count, sizeof(*offsets));
    for (int32_t i = 0; i < r->options.partition_count; i++) {
        offsets[i] = i == r->options.partition ? r->options.begin_offset : KAFKA_READER_NOT_READ;
    }
    struct kafka_reader_options options = {
        .brokers = r->options.brokers,
        .topic = r->options.topic,
        .properties = r->options.properties,
        .partition_count = r->options.partition_count,
        .offsets = offsets,
        .bytes_max = READ_AHEAD_BYTES,
        .process = metrics_set_of(r->metrics, METRIC_SCOPE_process, ""),
    };
    enum status status = kafka_reader_create(&options, &r->reader);
    mem_free(offsets);
    return status;
}

static void wire(struct refold *r)
{
    struct pipeline_options options = {
        .partition =
            {
                .sched = r->sched,
                .store = r->store,
                .rules = r->options.rules,
                .source = &r->source,
                .store_writer = &r->writer,
                .metrics = r->metrics,
                .topic = r->options.topic,
                .partition = r->options.partition,
                .floor_ms = META_NO_TIME,
                .records_max = CHECKPOINT_RECORDS_MAX,
                .outbox_bytes_max = INT64_MAX,
            },
    };
    options.partition.rules.keep_ms = KEEP_MS;
    r->pipeline = pipeline_create(&options);
    r->counters = partition_metrics(r->metrics, r->options.topic, r->options.partition);
    pipeline_start(r->pipeline);
}

static struct refold *create(const struct refold_options *options)
{
    struct refold *r = mem_new(1, sizeof(*r));
    r->options = *options;
    if (options->feed != NULL) {
        r->fed = mem_new(RECORDS_MAX, sizeof(*r->fed));
    }
    r->metrics = metrics_create();
    r->sched = sched_create(&(struct sched_options){.msg_size = sizeof(struct msg)});
    actor_init(&r->source, &source_class, r->sched);
    actor_init(&r->writer, &writer_class, r->sched);
    return r;
}

static enum status run(struct refold *r)
{
    enum status status = open_store(r);
    if (status == STATUS_OK && r->options.feed == NULL) {
        status = open_reader(r);
    }
    if (status != STATUS_OK) {
        return status;
    }
    wire(r);
    apply_all(r);
    if (r->status == STATUS_OK && r->options.is_idle) {
        pass_idle_time(r);
    }
    return r->status;
}

enum status refold_run(const struct refold_options *options, struct refold **out_refold)
{
    struct refold *r = create(options);
    enum status status = run(r);
    if (status != STATUS_OK) {
        refold_destroy(&r);
        return status;
    }
    *out_refold = r;
    return STATUS_OK;
}

struct store *refold_store(struct refold *r)
{
    return r->store;
}

void refold_destroy(struct refold **refold_p)
{
    struct refold *r = *refold_p;
    *refold_p = NULL;
    if (r == NULL) {
        return;
    }
    pipeline_kill(&r->pipeline);
    release_slice(r);
    kafka_message_release(&r->next);
    kafka_reader_destroy(&r->reader);
    store_abandon(&r->store);
    actor_deinit(&r->source);
    actor_deinit(&r->writer);
    sched_destroy(&r->sched);
    metrics_destroy(&r->metrics);
    mem_free(r->fed);
    scratch_remove(&r->folder);
    mem_free(r);
}
