/* The sinks of a shard as the configuration wants them, and their filters. */
#ifndef CANDLED_OPS_SHARD_SINKS_H
#define CANDLED_OPS_SHARD_SINKS_H

#include "actors/pipeline.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>

struct config;
struct loop;
struct metrics;
struct kafka_sink;
struct mongo_sink;
struct redis_sink;
struct sink_gate;
struct terminal_sink;

struct shard_sinks {
    struct redis_sink *redis; /* NULL: off, as the others */
    struct mongo_sink *mongo;
    struct kafka_sink *candles;
    struct kafka_sink *dead_letters;
    struct terminal_sink *terminal;
    struct pipeline_sink wired[SINK_COUNT];
};

struct shard_sinks_options {
    const struct config *config;
    const char *brokers;
    struct loop *loop;
    struct metrics *metrics;
    struct sink_gate *gate; /* borrowed; NULL: none */
    bool shows_candles;
    bool is_json;
};

MUST_CHECK enum status shard_sinks_open(const struct shard_sinks_options *options,
                                        struct shard_sinks *out_sinks);

void shard_sinks_close(struct shard_sinks *sinks);

/* Writes a JSON object with one member a sink that takes part, true while it answers:
 * {"redis":true}. Returns false when one of them does not. */
bool shard_sinks_ready(const struct shard_sinks *sinks, char *json, size_t size);

#endif
