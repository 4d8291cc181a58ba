#include "ops/shard_sinks.h"

#include "actors/edge/kafka_property.h"
#include "actors/edge/kafka_sink.h"
#include "actors/edge/mongo_sink.h"
#include "actors/edge/redis_sink.h"
#include "actors/edge/terminal_sink.h"
#include "ops/config.h"
#include "ops/kafka_options.h"
#include "runtime/loop.h"
#include "runtime/rand.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

/* One delivery: large enough to fill a pipeline, small enough to come back soon. */
enum { ROWS_MAX = 1000 };

static void wire(struct shard_sinks *sinks, enum sink sink, struct actor *edge,
                 interval_set intervals, bool wants_dead_letters)
{
    sinks->wired[sink] = (struct pipeline_sink){
        .edge = edge,
        .filter = {.intervals = intervals, .wants_dead_letters = wants_dead_letters},
        .rows_max = ROWS_MAX,
    };
}

/* Another one in each process, on whatever machine. */
static uint64_t dice(void)
{
    uint64_t seed = uv_hrtime();
    (void)uv_random(NULL, NULL, &seed, sizeof(seed), 0, NULL);
    return seed;
}

static enum status open_redis(const struct shard_sinks_options *options, struct shard_sinks *sinks)
{
    const struct config *config = options->config;
    struct redis_sink_options redis = {
        .loop = options->loop,
        .metrics = options->metrics,
        .url = config->redis.url,
        .password = config->redis.password,
        .sentinels = (const char *const *)config->redis.sentinels.items,
        .sentinel_count = config->redis.sentinels.count,
        .group = config->kafka.group,
        .key = config->redis.key,
        .index_key = config->redis.index_key,
        .latest_key = config->redis.latest_key,
        .ttl_ms = config->redis.ttl,
        .ttl_from = config->redis.ttl_from == CONFIG_ttl_from_open ? REDIS_TTL_FROM_open
                                                                   : REDIS_TTL_FROM_write,
        .seed = dice(),
        .gate = options->gate,
    };
    if (!config->redis.enabled) {
        return STATUS_OK;
    }
    enum status status = redis_sink_create(&redis, &sinks->redis);
    if (status == STATUS_OK) {
        wire(sinks, SINK_redis, redis_sink_actor(sinks->redis), config->redis.intervals, false);
        sinks->wired[SINK_redis].may_forget = true;
        sinks->wired[SINK_redis].ttl_ms = config->redis.ttl;
    }
    return status;
}

static enum status open_mongo(const struct shard_sinks_options *options, struct shard_sinks *sinks)
{
    const struct config *config = options->config;
    struct mongo_sink_options mongo = {
        .loop = options->loop,
        .metrics = options->metrics,
        .uri = config->mongo.uri,
        .database = config->mongo.database,
        .collection = config->mongo.collection,
        .retention_ms = config->mongo.retention,
        .gate = options->gate,
    };
    if (!config->mongo.enabled) {
        return STATUS_OK;
    }
    enum status status = mongo_sink_create(&mongo, &sinks->mongo);
    if (status == STATUS_OK) {
        wire(sinks, SINK_mongo, mongo_sink_actor(sinks->mongo), config->mongo.intervals, false);
    }
    return status;
}

static enum status open_kafka(const struct shard_sinks_options *options, const char *name,
                              const char *topic, struct kafka_sink **out_sink)
{
    struct kafka_property *properties = kafka_options_properties(options->config);
    struct kafka_sink_options kafka = {
        .loop = options->loop,
        .metrics = options->metrics,
        .sink_name = name,
        .brokers = options->brokers,
        .topic = topic,
        .properties = properties,
        .gate = options->gate,
    };
    enum status status = kafka_sink_create(&kafka, out_sink);
    kafka_options_free(properties);
    return status;
}

static enum status open_dead_letters(const struct shard_sinks_options *options,
                                     struct shard_sinks *sinks)
{
    char topic[KAFKA_OPTIONS_TOPIC_MAX];
    kafka_options_dlq_topic(options->config, topic);
    enum status status = open_kafka(options, "dead_letters", topic, &sinks->dead_letters);
    if (status == STATUS_OK) {
        wire(sinks, SINK_dead_letters, kafka_sink_actor(sinks->dead_letters), 0, true);
    }
    return status;
}

static enum status open_candles(const struct shard_sinks_options *options,
                                struct shard_sinks *sinks)
{
    const struct config *config = options->config;
    if (config->kafka.output_topic[0] == '\0') {
        return STATUS_OK;
    }
    enum status status = open_kafka(options, "kafka", config->kafka.output_topic, &sinks->candles);
    if (status == STATUS_OK) {
        wire(sinks, SINK_kafka, kafka_sink_actor(sinks->candles), config->candles.intervals, false);
    }
    return status;
}

enum status shard_sinks_open(const struct shard_sinks_options *options,
                             struct shard_sinks *out_sinks)
{
    struct shard_sinks sinks = {.redis = NULL};
    enum status status = open_redis(options, &sinks);

    if (status == STATUS_OK) {
        status = open_mongo(options, &sinks);
    }
    if (status == STATUS_OK) {
        status = open_dead_letters(options, &sinks);
    }
    if (status == STATUS_OK) {
        status = open_candles(options, &sinks);
    }
    if (status != STATUS_OK) {
        shard_sinks_close(&sinks);
        return status;
    }
    if (options->shows_candles) {
        sinks.terminal = terminal_sink_create(loop_sched(options->loop), options->is_json);
        wire(&sinks, SINK_terminal, terminal_sink_actor(sinks.terminal),
             options->config->candles.intervals, false);
    }
    *out_sinks = sinks;
    return STATUS_OK;
}

void shard_sinks_close(struct shard_sinks *sinks)
{
    if (sinks->redis != NULL) {
        redis_sink_close(&sinks->redis);
    }
    if (sinks->mongo != NULL) {
        mongo_sink_close(&sinks->mongo);
    }
    if (sinks->candles != NULL) {
        kafka_sink_close(&sinks->candles);
    }
    if (sinks->dead_letters != NULL) {
        kafka_sink_close(&sinks->dead_letters);
    }
    terminal_sink_destroy(&sinks->terminal);
}

bool shard_sinks_ready(const struct shard_sinks *sinks, char *json, size_t size)
{
    const struct {
        const char *name;
        bool takes_part;
        bool is_up;
    } states[] = {
        {"redis", sinks->redis != NULL, sinks->redis != NULL && redis_sink_is_up(sinks->redis)},
        {"mongo", sinks->mongo != NULL, sinks->mongo != NULL && mongo_sink_is_up(sinks->mongo)},
    };
    bool are_ready = true;
    size_t used = (size_t)snprintf(json, size, "{");

    for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
        if (states[i].takes_part) {
            used += (size_t)snprintf(json + used, size - used, "%s\"%s\":%s", used > 1 ? "," : "",
                                     states[i].name, states[i].is_up ? "true" : "false");
            are_ready = are_ready && states[i].is_up;
        }
    }
    snprintf(json + used, size - used, "}");
    return are_ready;
}
