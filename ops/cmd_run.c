/* candled run: everything in one process: feed -> embedded broker -> shard -> the terminal. */
#include "ops/cli.h"
#include "ops/cmd_run_internal.h"
#include "ops/collect.h"
#include "ops/embedded_broker.h"
#include "ops/kafka_options.h"
#include "ops/log_options.h"
#include "ops/replay_producer.h"
#include "ops/run_feed.h"
#include "ops/shard.h"
#include "runtime/loop.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum {
    HISTORY_MS = 2 * 3600000, /* of the simulated market, shown at once */
    RESULT_POLL_MS = 50,
};

static const char *brokers_of(const struct run *r)
{
    return r->is_embedded ? embedded_broker_bootstrap(r->broker) : r->context->config.kafka.brokers;
}

static enum cli_exit open_broker(struct run *r)
{
    const struct config *config = &r->context->config;
    r->data_dir = config->data_dir;
    if (!r->is_embedded) {
        return CLI_DONE;
    }
    enum status status = embedded_folder_open(config->data_dir, &r->folder);
    if (status != STATUS_OK) {
        return cli_fail(r->context,
                        status == STATUS_BUSY
                            ? "%s/embedded cannot be emptied; is another candled run using it?"
                            : "%s/embedded cannot be made and emptied: may this user write there?",
                        config->data_dir);
    }
    r->data_dir = r->folder.path;
    char dlq_topic[KAFKA_OPTIONS_TOPIC_MAX];
    kafka_options_dlq_topic(config, dlq_topic);
    if (embedded_broker_create(&r->broker) != STATUS_OK ||
        embedded_broker_create_topic(r->broker, config->kafka.topic,
                                     (int32_t)config->kafka.partitions) != STATUS_OK ||
        embedded_broker_create_topic(r->broker, dlq_topic, 1) != STATUS_OK) {
        return cli_fail(r->context, "the embedded broker cannot start; the log says why");
    }
    return CLI_DONE;
}

/* An offset that is not told (the broker knew the record already) is at least the next one. */
static void on_delivered(void *context, int32_t partition, int64_t offset)
{
    struct run *r = context;
    size_t count = (size_t)partition + 1;

    if (count > r->fed_end_count) {
        r->fed_ends = mem_resize(r->fed_ends, count, sizeof(*r->fed_ends));
        memset(r->fed_ends + r->fed_end_count, 0,
               (count - r->fed_end_count) * sizeof(*r->fed_ends));
        r->fed_end_count = count;
    }
    int64_t end = offset >= 0 ? offset + 1 : r->fed_ends[partition] + 1;
    if (end > r->fed_ends[partition]) {
        r->fed_ends[partition] = end;
    }
}

static enum cli_exit open_producer(struct run *r)
{
    const struct config *config = &r->context->config;
    char error[REPLAY_ERROR_MAX];
    struct kafka_property *properties = kafka_options_properties(config);
    struct replay_producer_options options = {
        .brokers = brokers_of(r),
        .topic = config->kafka.topic,
        .properties = properties,
        .partitions = (int32_t)config->kafka.partitions,
        .replication_factor = (int32_t)config->kafka.replication_factor,
        .retention_ms = config->kafka.retention,
        .context = r,
        .delivered = on_delivered,
    };
    enum status status = replay_producer_open(&options, &r->producer, error);
    kafka_options_free(properties);
    return status == STATUS_OK ? CLI_DONE : cli_fail(r->context, "%s", error);
}

static uint64_t covered(const struct run *r)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < (size_t)r->context->config.kafka.partitions; i++) {
        sum += r->covered[i];
    }
    return sum;
}

static void on_checkpointed(void *context, int32_t partition, int64_t next_offset)
{
    struct run *r = context;
    if (partition < r->context->config.kafka.partitions && next_offset > 0) {
        r->covered[partition] = (uint64_t)next_offset;
        if (r->feed != NULL) {
            run_feed_covered(r->feed, covered(r));
        }
    }
}

/* Another shard of the group may have some of the partitions; as long as we have none, the group
 * has not decided. */
static bool is_all_covered(const struct run *r)
{
    uint64_t sent = run_feed_sent(r->feed);
    return replay_producer_acknowledged(r->producer) >= sent &&
           (!r->is_embedded || covered(r) >= sent) &&
           shard_covers(r->shard, r->fed_ends, r->fed_end_count);
}

static void fail_and_stop(struct run *r, const char *error)
{
    (void)cli_fail(r->context, "%s", error);
    r->has_failed = true;
    shard_stop(r->shard);
}

/* Files are read: stop once checkpoints cover them and idleness has closed the last windows. */
static void on_end_poll(uv_timer_t *timer)
{
    struct run *r = container_of(timer, struct run, end_timer);
    int64_t now_ms = (int64_t)uv_now(timer->loop);
    int64_t patience_ms = r->context->config.candles.idle + 2500;
    char error[REPLAY_ERROR_MAX];

    if (replay_producer_failure(r->producer, error) != STATUS_OK) {
        (void)uv_timer_stop(timer);
        fail_and_stop(r, error);
    } else if (!is_all_covered(r)) {
        r->quiet_since_ms = -1;
    } else if (r->quiet_since_ms < 0) {
        r->quiet_since_ms = now_ms;
    } else if (now_ms - r->quiet_since_ms > patience_ms) {
        (void)uv_timer_stop(timer);
        shard_stop(r->shard);
    }
}

static void on_fed(void *context, const char *error)
{
    struct run *r = context;
    if (error != NULL) {
        fail_and_stop(r, error);
        return;
    }
    r->is_fed = true;
    (void)uv_timer_start(&r->end_timer, on_end_poll, RESULT_POLL_MS, RESULT_POLL_MS);
}

static enum cli_exit open_shard(struct run *r)
{
    struct shard_options options = {
        .config = &r->context->config,
        .brokers = brokers_of(r),
        .data_dir = r->data_dir,
        .is_passing = r->is_embedded,
        .shows_candles = true,
        .is_json = r->context->is_json,
        .context = r,
        .checkpointed = on_checkpointed,
    };
    enum status status = shard_create(&options, &r->shard);
    if (status != STATUS_OK) {
        return cli_fail_to_start(r->context, status, "the shard");
    }
    (void)uv_timer_init(loop_uv(shard_loop(r->shard)), &r->end_timer);
    return CLI_DONE;
}

static enum cli_exit open_feed(struct run *r)
{
    char error[KLINE_FILE_ERROR_MAX];
    struct run_feed_options options = {
        .loop = shard_loop(r->shard),
        .producer = r->producer,
        .files = r->files,
        .file_count = r->file_count,
        .symbol = cli_value(r->context, "symbol"),
        .seed = r->seed,
        .speed = r->speed,
        .history_ms = HISTORY_MS,
        .waits_for_checkpoints = r->is_embedded,
        .context = r,
        .ended = on_fed,
    };
    if (run_feed_open(&options, &r->feed, error) != STATUS_OK) {
        return cli_fail(r->context, "%s", error);
    }
    run_feed_start(r->feed);
    return CLI_DONE;
}

/* The embedded broker keeps little, so what it is given stays near what checkpoints cover. */
static uint64_t room_ahead(void *context)
{
    const struct run *r = context;
    uint64_t ahead = collect_sent(r->collect) - covered(r);
    return ahead < RUN_FEED_AHEAD ? RUN_FEED_AHEAD - ahead : 0;
}

static void on_collect_failed(void *context, enum status status)
{
    struct run *r = context;
    (void)status; /* logged */
    r->has_failed = true;
    shard_stop(r->shard);
}

static enum cli_exit open_exchange(struct run *r)
{
    char error[COLLECT_ERROR_MAX];
    struct collect_options options = {
        .config = &r->context->config,
        .loop = shard_loop(r->shard),
        .metrics = shard_metrics(r->shard),
        .brokers = brokers_of(r),
        .data_dir = r->data_dir,
        .has_topic = r->is_embedded,
        .context = r,
        .failed = on_collect_failed,
        .room = r->is_embedded ? room_ahead : NULL,
    };
    enum status status = collect_create(&options, &r->collect, error);
    if (status == STATUS_BAD_CONFIG) {
        return cli_misuse(r->context, "%s", error);
    }
    return status == STATUS_OK ? CLI_DONE : cli_fail(r->context, "%s", error);
}

static void introduce_feed(const struct run *r)
{
    const char *exchange = collect_ws_url(&r->context->config);
    if (r->is_instead) {
        fprintf(stderr,
                "candled run: no exchange answers at %s within 5 s: this is a simulated market\n",
                collect_rest_url(&r->context->config));
    }
    switch (r->kind) {
    case FEED_sim:
        fprintf(stderr, "candled run: a simulated market (SIM...: not real)");
        break;
    case FEED_files:
        fprintf(stderr, "candled run: recorded klines");
        break;
    case FEED_exchange:
        fprintf(stderr, "candled run: the exchange at %s, its past first", exchange);
        break;
    }
}

static void introduce(const struct run *r)
{
    const struct config *config = &r->context->config;
    introduce_feed(r);
    fprintf(stderr, " -> %s -> candles of",
            r->is_embedded ? "embedded broker" : config->kafka.brokers);
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((config->candles.intervals & INTERVAL_BIT(i)) != 0) {
            fprintf(stderr, " %s", interval_name(i));
        }
    }
    fprintf(stderr, "; state in %s", r->data_dir);
    if (config->http.ops_listen[0] != '\0') {
        fprintf(stderr, "; metrics at http://%s/metrics", config->http.ops_listen);
    }
    fprintf(stderr, "; Ctrl-C stops\n");
}

static enum cli_exit open_all(struct run *r)
{
    enum cli_exit result = open_broker(r);
    if (result == CLI_DONE && r->kind != FEED_exchange) {
        result = open_producer(r);
    }
    if (result == CLI_DONE) {
        result = open_shard(r);
    }
    if (result == CLI_DONE) {
        result = r->kind == FEED_exchange ? open_exchange(r) : open_feed(r);
    }
    return result;
}

static void close_all(struct run *r)
{
    run_feed_close(&r->feed);
    collect_destroy(&r->collect);
    if (r->shard != NULL) {
        uv_close((uv_handle_t *)&r->end_timer, NULL);
        shard_destroy(&r->shard);
    }
    if (r->producer != NULL) {
        replay_producer_close(&r->producer);
    }
    embedded_broker_destroy(&r->broker);
    if (r->data_dir == r->folder.path) {
        embedded_folder_close(&r->folder);
    }
    mem_free(r->covered);
    mem_free(r->fed_ends);
    mem_free(r->files);
}

static enum cli_exit run(struct cli_context *context)
{
    struct run r = {.context = context, .quiet_since_ms = -1};
    enum cli_exit result = cmd_run_check(&r);

    if (result != CLI_DONE) {
        mem_free(r.files);
        return result;
    }
    log_options_apply(&context->config);
    r.covered = mem_new((size_t)context->config.kafka.partitions, sizeof(*r.covered));
    result = open_all(&r);
    if (result == CLI_DONE) {
        introduce(&r);
        result = shard_run(r.shard) == STATUS_OK && !r.has_failed ? CLI_DONE : CLI_FAILED;
    }
    if (result == CLI_DONE && r.is_fed) {
        fprintf(stderr, "%" PRIu64 " klines read\n", run_feed_sent(r.feed));
    }
    close_all(&r);
    return result;
}

static const struct cli_option options[] = {
    {"feed", "exchange|sim|FILE...",
     "the exchange (the default), a simulated market, or files of recorded klines"},
    {"speed", "N|max", "times real time; files go at max, the market at 1"},
    {"symbol", "SYMBOL", "of all rows, where the name of a CSV file does not tell it"},
    {"seed", "N", "of the simulated market (1)"},
    {NULL, NULL, NULL},
};

/* No server but its own; what the person sees are candles. */
static const char *const defaults[] = {
    "kafka.brokers=embedded",
    "redis.enabled=false",
    "mongo.enabled=false",
    "candles.idle=3s",
    "log.level=warning",
    "feed.backfill=2h",
    NULL,
};

const struct cli_command cmd_run = {
    .name = "run",
    .summary = "everything in one process, no servers: feed -> broker -> candles in the terminal",
    .usage = "[--feed exchange | --feed sim | --feed FILE...] [--speed N|max] [options]",
    .text =
        "Without --feed it shows the exchange. If that does not answer within 5 s, a simulated\n"
        "market takes its place, plainly said, and only when no broker and no output is\n"
        "configured: otherwise it goes on trying to connect.\n"
        "With the embedded broker the state lives in data_dir/embedded, emptied at each\n"
        "start. Redis and MongoDB join in when they and a real broker are named. Files may be\n"
        "CSV or JSON lines, plain, .gz or .zst; when they are read, it ends.\n",
    .examples = "  candled run\n"
                "  candled run --feed exchange --set symbols=BTCUSDT,ETHUSDT\n"
                "  candled run --feed BTCUSDT-1m-2026-02.csv.zst --json\n"
                "  candled run --feed sim --speed 60 --set candles.intervals=5m,1h\n",
    .options = options,
    .defaults = defaults,
    .words_max = CLI_WORDS_MAX,
    .run = run,
};
