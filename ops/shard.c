#include "ops/shard.h"

#include "actors/edge/kafka_property.h"
#include "actors/edge/kafka_source.h"
#include "actors/messages.h"
#include "ops/config.h"
#include "ops/hosted.h"
#include "ops/kafka_options.h"
#include "ops/ops_http.h"
#include "ops/shard_sinks.h"
#include "ops/shard_socket.h"
#include "runtime/base.h"
#include "runtime/boot_id.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

/* Of shutdown.timeout, what is kept for closing once the sinks were waited for. */
enum { CLOSING_MS = 3000, DRAIN_MS_MAX = 5000, DRAIN_MS_MIN = 100, PAUSE_POLL_MS = 1000 };

struct shard {
    struct shard_options options;
    const char *brokers;
    const char *data_dir;
    char boot_id[BOOT_ID_MAX];
    struct loop *loop;
    struct metrics *metrics;
    struct metrics_set *process;
    struct kafka_source *source;
    struct shard_sinks sinks;
    struct ops_http *http;
    struct shard_socket *socket;
    struct hosted **hosted; /* by no order */
    size_t hosted_count;
    uv_signal_t terminated;
    uv_signal_t interrupted;
    uv_timer_t watch; /* measures the loop; once stopping, ends the process in time */
    bool is_stopping;
    enum status failure;
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

static void fail(struct shard *s, enum status status)
{
    if (s->failure == STATUS_OK) {
        s->failure = status;
    }
    loop_stop(s->loop);
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
    fail(s, status);
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
    fail(context, status);
}

static void on_source_stopped(void *context)
{
    struct shard *s = context;
    loop_stop(s->loop);
}

static void on_overdue(uv_timer_t *timer)
{
    (void)timer;
    log_event(LOG_stop_forced, log_text("reason", "shutdown.timeout is over"));
    _exit(EXIT_FAILURE);
}

void shard_stop(struct shard *s)
{
    if (s->is_stopping) {
        return;
    }
    s->is_stopping = true;
    log_event(LOG_stopping, log_int("partitions", (int64_t)s->hosted_count));
    (void)uv_timer_start(&s->watch, on_overdue, (uint64_t)s->options.config->shutdown.timeout, 0);
    kafka_source_stop(s->source);
}

static void on_signal(struct shard *s)
{
    if (s->is_stopping) {
        log_event(LOG_stop_forced, log_text("reason", "a second signal"));
        _exit(EXIT_FAILURE);
    }
    shard_stop(s);
}

static void on_terminated(uv_signal_t *handle, int number)
{
    (void)number;
    on_signal(container_of(handle, struct shard, terminated));
}

static void on_interrupted(uv_signal_t *handle, int number)
{
    (void)number;
    on_signal(container_of(handle, struct shard, interrupted));
}

static void on_watch(uv_timer_t *timer)
{
    struct shard *s = container_of(timer, struct shard, watch);
    metrics_observe_us(s->process, METRIC_loop_pause_seconds, loop_take_pause_ms(s->loop) * 1000);
    for (size_t i = 0; i < s->hosted_count; i++) {
        hosted_measure(s->hosted[i]);
    }
}

static bool all_running(const struct shard *s)
{
    for (size_t i = 0; i < s->hosted_count; i++) {
        if (!hosted_is_running(s->hosted[i])) {
            return false;
        }
    }
    return true;
}

/* Ready: the group has us, our partitions have their state, and everything we talk to answers. */
static bool tell_ready(void *context, char *json, size_t size)
{
    struct shard *s = context;
    char sinks[256];
    bool is_kafka_up = kafka_source_is_up(s->source);
    bool has_joined = kafka_source_has_joined(s->source);
    bool has_state = all_running(s);
    bool are_sinks_up = shard_sinks_ready(&s->sinks, sinks, sizeof(sinks));
    bool is_ready =
        is_kafka_up && has_joined && has_state && are_sinks_up && !s->is_stopping;

    snprintf(json, size,
             "{\"ready\":%s,\"kafka\":%s,\"group_joined\":%s,\"state_open\":%s,\"stopping\":%s,"
             "\"partitions\":%zu,\"sinks\":%s}\n",
             is_ready ? "true" : "false", is_kafka_up ? "true" : "false",
             has_joined ? "true" : "false", has_state ? "true" : "false",
             s->is_stopping ? "true" : "false", s->hosted_count, sinks);
    return is_ready;
}

static struct store *store_at(void *context, size_t index)
{
    struct shard *s = context;
    return index < s->hosted_count ? hosted_store(s->hosted[index]) : NULL;
}

static size_t count_stores(void *context)
{
    return ((struct shard *)context)->hosted_count;
}

static enum status open_source(struct shard *s)
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

static enum status open_sinks(struct shard *s)
{
    struct shard_sinks_options options = {
        .config = s->options.config,
        .brokers = s->brokers,
        .loop = s->loop,
        .metrics = s->metrics,
        .shows_candles = s->options.shows_candles,
        .is_json = s->options.is_json,
    };
    return shard_sinks_open(&options, &s->sinks);
}

static enum status open_http(struct shard *s)
{
    struct ops_http_options options = {
        .loop = s->loop,
        .metrics = s->metrics,
        .listen = s->options.config->http.ops_listen,
        .context = s,
        .ready = tell_ready,
    };
    if (options.listen[0] == '\0') {
        return STATUS_OK;
    }
    return ops_http_create(&options, &s->http);
}

static enum status open_socket(struct shard *s)
{
    struct shard_socket_options options = {
        .loop = s->loop,
        .data_dir = s->data_dir,
        .context = s,
        .count = count_stores,
        .store = store_at,
    };
    return shard_socket_open(&options, &s->socket);
}

static void open_signals(struct shard *s)
{
    uv_loop_t *uv = loop_uv(s->loop);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)uv_signal_init(uv, &s->terminated);
    (void)uv_signal_init(uv, &s->interrupted);
    (void)uv_timer_init(uv, &s->watch);
    (void)uv_signal_start(&s->terminated, on_terminated, SIGTERM);
    (void)uv_signal_start(&s->interrupted, on_interrupted, SIGINT);
    (void)uv_timer_start(&s->watch, on_watch, PAUSE_POLL_MS, PAUSE_POLL_MS);
}

enum status shard_create(const struct shard_options *options, struct shard **out_shard)
{
    struct shard *s = mem_new(1, sizeof(*s));
    s->options = *options;
    s->brokers = options->brokers != NULL ? options->brokers : options->config->kafka.brokers;
    s->data_dir = options->data_dir != NULL ? options->data_dir : options->config->data_dir;
    boot_id_read(s->boot_id);

    enum status status = loop_create(sizeof(struct msg), &s->loop);
    if (status != STATUS_OK) {
        mem_free(s);
        return status;
    }
    s->metrics = metrics_create();
    s->process = metrics_set_of(s->metrics, METRIC_SCOPE_process, "");
    open_signals(s);
    status = open_http(s);
    if (status == STATUS_OK) {
        status = open_socket(s);
    }
    if (status == STATUS_OK) {
        status = open_sinks(s);
    }
    if (status == STATUS_OK) {
        status = open_source(s);
    }
    if (status != STATUS_OK) {
        shard_destroy(&s);
        return status;
    }
    *out_shard = s;
    return STATUS_OK;
}

enum status shard_run(struct shard *s)
{
    log_event(LOG_started, log_text("version", CANDLED_VERSION),
              log_text("brokers", s->brokers), log_text("topic", s->options.config->kafka.topic),
              log_text("group", s->options.config->kafka.group), log_text("data_dir", s->data_dir));
    enum status status = loop_run(s->loop);
    if (status == STATUS_OK) {
        status = s->failure;
    }
    if (status != STATUS_OK) {
        /* Crash only: nothing is tidied up; the next start goes on from the last commit. */
        log_event(LOG_gave_up, log_text("error", status_text(status)));
        _exit(EXIT_FAILURE);
    }
    log_event(LOG_stopped, log_int("partitions", (int64_t)s->hosted_count));
    return status;
}

void shard_destroy(struct shard **shard_p)
{
    struct shard *s = *shard_p;
    *shard_p = NULL;
    if (s == NULL) {
        return;
    }
    assert(s->hosted_count == 0);
    kafka_source_destroy(&s->source);
    shard_sinks_close(&s->sinks);
    shard_socket_close(&s->socket);
    ops_http_destroy(&s->http);
    uv_close((uv_handle_t *)&s->terminated, NULL);
    uv_close((uv_handle_t *)&s->interrupted, NULL);
    uv_close((uv_handle_t *)&s->watch, NULL);
    loop_drain(s->loop);
    loop_destroy(&s->loop);
    metrics_destroy(&s->metrics);
    mem_free(s->hosted);
    mem_free(s);
}

struct loop *shard_loop(struct shard *s)
{
    return s->loop;
}

struct metrics *shard_metrics(struct shard *s)
{
    return s->metrics;
}
