#include "actors/edge/kafka_log.h"
#include "actors/edge/kafka_property.h"
#include "actors/edge/kafka_source.h"
#include "ops/candle_options.h"
#include "ops/config.h"
#include "ops/hosted.h"
#include "ops/kafka_options.h"
#include "ops/shard_internal.h"
#include "ops/symbol_registry.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "state/object_store.h"

/* How long a partition that is given back waits for its sinks, and for its snapshot to be copied
 * on. Of shutdown.timeout a part is kept for what comes after each. */
enum {
    DRAIN_MS_MAX = 5000,
    DRAIN_MS_MIN = 100,
    PUBLISH_MS_MAX = 10000,
    AFTER_DRAIN_MS = 3000,
    AFTER_PUBLISH_MS = 1500,
};

static struct hosted *find_hosted(struct shard *s, int32_t partition)
{
    for (size_t i = 0; i < s->hosted_count; i++) {
        if (hosted_partition(s->hosted[i]) == partition) {
            return s->hosted[i];
        }
    }
    return NULL;
}

static void forget_hosted(struct shard *s, int32_t partition)
{
    for (size_t i = 0; i < s->hosted_count; i++) {
        if (hosted_partition(s->hosted[i]) == partition) {
            s->hosted[i] = s->hosted[--s->hosted_count];
            return;
        }
    }
}

static void on_opened(void *context, int32_t partition, int64_t next_offset)
{
    struct shard *s = context;
    struct hosted *hosted = find_hosted(s, partition);
    hosted_start(hosted, kafka_source_actor(s->source, partition));
    kafka_source_start_partition(s->source, partition, next_offset, hosted_actor(hosted));
}

static void on_checkpointed(void *context, int32_t partition, int64_t next_offset,
                            const struct kafka_mark *mark)
{
    struct shard *s = context;
    if (next_offset >= 0) {
        kafka_source_commit(s->source, partition, next_offset, mark);
    }
    if (s->options.checkpointed != NULL) {
        s->options.checkpointed(s->options.context, partition, next_offset);
    }
}

static void on_symbol_seen(void *context, int32_t partition, const char *symbol)
{
    struct shard *s = context;
    symbol_registry_note(s->symbols, s->options.config->kafka.topic, partition, symbol);
}

/* Symbols have moved between partitions, in the middle of their windows: nobody goes on as if not,
 * and the new ones begin nothing. */
static void halt_all(struct shard *s)
{
    s->is_repartitioned = true;
    for (size_t i = 0; i < s->hosted_count; i++) {
        hosted_halt(s->hosted[i], STATUS_REPARTITIONED);
    }
}

/* One partition's log is its own affair; records without keys, and the number of partitions, are
 * the whole topic's. */
static void on_halted(void *context, int32_t partition, enum status why)
{
    struct shard *s = context;
    (void)partition;
    if (why == STATUS_UNKEYED) {
        s->refusal = why;
        shard_stop(s);
    } else if (why == STATUS_REPARTITIONED && !s->is_repartitioned) {
        halt_all(s);
    }
}

static void on_closed(void *context, int32_t partition)
{
    struct shard *s = context;
    if (find_hosted(s, partition) == NULL) {
        s->abandoned--;
        return;
    }
    forget_hosted(s, partition);
    symbol_registry_forget(s->symbols, partition);
    kafka_source_release(s->source, partition);
}

static void on_open_failed(void *context, int32_t partition, enum status status)
{
    struct shard *s = context;
    log_event(LOG_store_refused, log_text("folder", s->data_dir),
              log_text("topic", s->options.config->kafka.topic), log_int("partition", partition),
              log_text("error", status_text(status)));
    shard_fail(s, status);
}

static struct opening_options opening_of(const struct shard *s, int32_t partition)
{
    const struct config *config = s->options.config;
    bool is_boot = config->checkpoint.sync == CONFIG_sync_boot;

    return (struct opening_options){
        .store =
            {
                .data_dir = s->data_dir,
                .topic = config->kafka.topic,
                .partition = partition,
                .sync = is_boot ? STORE_SYNC_boot : STORE_SYNC_commit,
                .boot_id = s->boot_id,
            },
        .log = s->log,
        .start =
            {
                .rules = candle_options_rules(config),
                .start = (enum kafka_start)config->kafka.start.kind,
                .start_time_ms = config->kafka.start.time_ms,
            },
        .begins_new_era = config->kafka.on_log_reset == CONFIG_log_reset_new_era,
    };
}

static void on_assigned(void *context, int32_t partition)
{
    struct shard *s = context;
    const struct config *config = s->options.config;
    struct hosted_options options = {
        .loop = s->loop,
        .metrics = s->metrics,
        .opening = opening_of(s, partition),
        .rules = candle_options_rules(config),
        .takes_snapshots = !s->options.is_passing,
        .snapshots_url = config->snapshots.url,
        .snapshots_interval_ms = config->snapshots.interval,
        .snapshots_keep = (size_t)config->snapshots.keep,
        .linger_ms = config->checkpoint.linger,
        .records_max = (size_t)config->checkpoint.max_records,
        .outbox_bytes_max = config->outbox.max_bytes,
        .seed = uv_hrtime(),
        .context = s,
        .opened = on_opened,
        .halted = on_halted,
        .symbol_seen = on_symbol_seen,
        .checkpointed = on_checkpointed,
        .closed = on_closed,
        .failed = on_open_failed,
    };
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        options.sinks[sink] = s->sinks.wired[sink];
    }
    s->hosted = mem_resize(s->hosted, s->hosted_count + 1, sizeof(struct hosted *));
    s->hosted[s->hosted_count] = hosted_open(&options);
    s->hosted_count++;
    if (s->is_repartitioned) {
        hosted_halt(s->hosted[s->hosted_count - 1], STATUS_REPARTITIONED);
    }
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

static struct hosted_deadlines deadlines_of(const struct shard *s)
{
    int64_t now_ms = (int64_t)uv_now(loop_uv(s->loop));
    struct hosted_deadlines deadlines = {now_ms + DRAIN_MS_MAX,
                                         now_ms + DRAIN_MS_MAX + PUBLISH_MS_MAX};
    if (s->is_stopping) {
        deadlines.sinks_ms = earlier(deadlines.sinks_ms, s->stop_deadline_ms - AFTER_DRAIN_MS);
        deadlines.snapshot_ms =
            earlier(deadlines.snapshot_ms, s->stop_deadline_ms - AFTER_PUBLISH_MS);
    }
    if (deadlines.sinks_ms < now_ms + DRAIN_MS_MIN) {
        deadlines.sinks_ms = now_ms + DRAIN_MS_MIN;
    }
    return deadlines;
}

static void on_revoked(void *context, int32_t partition, bool is_lost)
{
    struct shard *s = context;
    struct hosted *hosted = find_hosted(s, partition);
    if (hosted == NULL) {
        kafka_source_release(s->source, partition);
    } else if (is_lost) {
        hosted_drop(hosted);
    } else {
        hosted_drain(hosted, deadlines_of(s));
    }
}

/* What opens may wait for Kafka, or fetch a GB: it owes nothing, and nobody waits for it. */
static void abandon(struct shard *s, struct hosted *hosted)
{
    int32_t partition = hosted_partition(hosted);
    s->abandoned++;
    forget_hosted(s, partition);
    hosted_drain(hosted, deadlines_of(s));
    kafka_source_release(s->source, partition);
}

void shard_partitions_stop(struct shard *s)
{
    for (size_t i = s->hosted_count; i-- > 0;) {
        if (hosted_is_opening(s->hosted[i])) {
            abandon(s, s->hosted[i]);
        } else if (!hosted_is_running(s->hosted[i])) {
            hosted_drain(s->hosted[i], deadlines_of(s)); /* it was revoked: now it has less time */
        }
    }
    kafka_source_stop(s->source);
}

static void on_partition_count(void *context, int32_t count)
{
    struct shard *s = context;
    int32_t before = s->topic_partitions;

    s->topic_partitions = count;
    if (before == 0 || before == count) {
        return;
    }
    log_event(LOG_topic_repartitioned, log_text("topic", s->options.config->kafka.topic),
              log_int("partitions_before", before), log_int("partitions", count));
    halt_all(s);
}

/* A new era begins where partitions are opened: at the next start. */
static void on_lost_log(void *context, int32_t partition)
{
    struct shard *s = context;
    struct hosted *hosted = find_hosted(s, partition);
    if (s->options.config->kafka.on_log_reset == CONFIG_log_reset_new_era) {
        shard_fail(s, STATUS_LOG_LOST);
    } else if (hosted != NULL) {
        hosted_halt(hosted, STATUS_LOG_LOST);
    }
}

static void on_source_failed(void *context, enum status status)
{
    shard_fail(context, status);
}

static void on_source_stopped(void *context)
{
    struct shard *s = context;
    loop_stop(s->loop);
}

bool shard_covers(const struct shard *s, const int64_t *ends, size_t count)
{
    for (size_t i = 0; i < s->hosted_count; i++) {
        size_t partition = (size_t)hosted_partition(s->hosted[i]);
        int64_t end = partition < count ? ends[partition] : 0;
        if (!hosted_is_running(s->hosted[i]) ||
            (end > 0 && hosted_next_offset(s->hosted[i]) < end)) {
            return false;
        }
    }
    return s->hosted_count > 0;
}

static enum status try_snapshots_url(const struct shard *s)
{
    const char *url = s->options.config->snapshots.url;
    struct object_store *remote = NULL;
    char error[256];

    if (url[0] == '\0') {
        return STATUS_OK;
    }
    enum status status = object_store_open(url, &remote, error, sizeof(error));
    if (status != STATUS_OK) {
        log_event(LOG_snapshots_refused, log_text("error", error));
        return status;
    }
    object_store_close(&remote);
    return STATUS_OK;
}

void shard_partitions_close(struct shard *s)
{
    kafka_source_destroy(&s->source);
    kafka_log_destroy(&s->log);
    symbol_registry_destroy(&s->symbols);
}

enum status shard_partitions_open(struct shard *s)
{
    const struct config *config = s->options.config;
    struct kafka_property *properties = kafka_options_properties(config);
    s->symbols = symbol_registry_create();
    struct kafka_source_options options = {
        .loop = s->loop,
        .metrics = s->metrics,
        .brokers = s->brokers,
        .topic = config->kafka.topic,
        .group = config->kafka.group,
        .assignment = config->kafka.assignment == CONFIG_assignment_ordinal
                          ? KAFKA_ASSIGNMENT_ordinal
                          : KAFKA_ASSIGNMENT_group,
        .shard_count = (int32_t)config->shard.count,
        .shard_index = (int32_t)config->shard.index,
        .instance_id = config->kafka.instance_id,
        .session_timeout_ms = config->kafka.session_timeout,
        .start = (enum kafka_start)config->kafka.start.kind,
        .start_time_ms = config->kafka.start.time_ms,
        .properties = properties,
        .owner = {.context = s,
                  .partition_count = on_partition_count,
                  .assigned = on_assigned,
                  .revoked = on_revoked,
                  .lost_log = on_lost_log,
                  .failed = on_source_failed,
                  .stopped = on_source_stopped},
    };
    enum status status = try_snapshots_url(s);
    if (status == STATUS_OK) {
        status = kafka_options_open_log(config, s->brokers, &s->log);
    }
    if (status == STATUS_OK) {
        status = kafka_source_create(&options, &s->source);
    }
    kafka_options_free(properties);
    return status;
}
