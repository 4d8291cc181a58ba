#include "actors/edge/kafka_property.h"
#include "actors/edge/kafka_source.h"
#include "ops/config.h"
#include "ops/hosted.h"
#include "ops/kafka_options.h"
#include "ops/shard_internal.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"

/* Of shutdown.timeout, what is kept for closing once the sinks were waited for. */
enum { CLOSING_MS = 3000, DRAIN_MS_MAX = 5000, DRAIN_MS_MIN = 100 };

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

static void on_checkpointed(void *context, int32_t partition, int64_t next_offset, int64_t era,
                            int64_t acked_offset)
{
    struct shard *s = context;
    if (next_offset >= 0) {
        kafka_source_commit(s->source, partition, next_offset, era, acked_offset);
    }
    if (s->options.checkpointed != NULL) {
        s->options.checkpointed(s->options.context, partition, next_offset);
    }
}

static void on_closed(void *context, int32_t partition)
{
    struct shard *s = context;
    forget_hosted(s, partition);
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

static struct candle_rules rules_of(const struct config *config)
{
    interval_set all = config->candles.intervals;
    struct candle_rules rules = {
        .grace_ms = config->candles.grace,
        .idle_ms = config->candles.idle,
        .uses_trade_ids = config->candles.trade_ids == CONFIG_trade_ids_spot,
    };
    if (config->redis.enabled) {
        all = (interval_set)(all | config->redis.intervals);
    }
    if (config->mongo.enabled) {
        all = (interval_set)(all | config->mongo.intervals);
    }
    rules.intervals = (interval_set)(all & ~INTERVAL_BIT(INTERVAL_1m));
    return rules_with_limits(rules, config->candles.retention);
}

static void on_assigned(void *context, int32_t partition)
{
    struct shard *s = context;
    const struct config *config = s->options.config;
    struct hosted_options options = {
        .loop = s->loop,
        .metrics = s->metrics,
        .store =
            {
                .data_dir = s->data_dir,
                .topic = config->kafka.topic,
                .partition = partition,
                .sync = config->checkpoint.sync == CONFIG_sync_boot ? STORE_SYNC_boot
                                                                    : STORE_SYNC_commit,
                .boot_id = s->boot_id,
            },
        .rules = rules_of(config),
        .linger_ms = config->checkpoint.linger,
        .records_max = (size_t)config->checkpoint.max_records,
        .outbox_bytes_max = config->outbox.max_bytes,
        .seed = uv_hrtime(),
        .context = s,
        .opened = on_opened,
        .checkpointed = on_checkpointed,
        .closed = on_closed,
        .failed = on_open_failed,
    };
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        options.sinks[sink] = s->sinks.wired[sink];
    }
    s->hosted = mem_resize(s->hosted, s->hosted_count + 1, sizeof(struct hosted *));
    s->hosted[s->hosted_count++] = hosted_open(&options);
}

static int64_t drain_ms(const struct shard *s)
{
    int64_t left_ms = s->options.config->shutdown.timeout - CLOSING_MS;
    left_ms = left_ms > DRAIN_MS_MAX ? DRAIN_MS_MAX : left_ms;
    return left_ms < DRAIN_MS_MIN ? DRAIN_MS_MIN : left_ms;
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
        hosted_drain(hosted, (int64_t)uv_now(loop_uv(s->loop)) + drain_ms(s));
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

enum status shard_partitions_open(struct shard *s)
{
    const struct config *config = s->options.config;
    struct kafka_property *properties = kafka_options_properties(config);
    struct kafka_source_options options = {
        .loop = s->loop,
        .metrics = s->metrics,
        .brokers = s->brokers,
        .topic = config->kafka.topic,
        .group = config->kafka.group,
        .instance_id = config->kafka.instance_id,
        .session_timeout_ms = config->kafka.session_timeout,
        .start = (enum kafka_start)config->kafka.start.kind,
        .start_time_ms = config->kafka.start.time_ms,
        .properties = properties,
        .owner = {.context = s,
                  .assigned = on_assigned,
                  .revoked = on_revoked,
                  .failed = on_source_failed,
                  .stopped = on_source_stopped},
    };
    enum status status = kafka_source_create(&options, &s->source);
    kafka_options_free(properties);
    return status;
}
