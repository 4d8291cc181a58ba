/* The Kafka sinks: dead letters to one topic, candles to another, by one idempotent producer.
 *
 * A dead letter's value is the original bytes, its key the original key; headers reason, error,
 * topic, partition, offset, timestamp, id (topic/partition/offset, for `rejected` with a checksum),
 * and truncated when it was cut.
 * A candle's value is its JSON, its key the symbol; headers id and revision. The id lets a consumer
 * drop the repeat that a crash can cause. A delivery is answered when every row of it is
 * acknowledged by the broker. Thread: the loop's; librdkafka's own threads are behind its queue. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_SINK_H
#define CANDLED_ACTORS_EDGE_KAFKA_SINK_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;
struct kafka_property;
struct kafka_sink;
struct loop;
struct metrics;
struct sink_gate;

struct kafka_sink_options {
    struct loop *loop;       /* borrowed */
    struct metrics *metrics; /* borrowed */
    const char *sink_name;   /* for metrics and logs: "dead_letters", "kafka" */
    const char *brokers;     /* copied, as are the others */
    const char *topic;       /* dead letters or candles go here; made when the cluster allows it */
    const struct kafka_property *properties; /* ends with a NULL name */
    struct sink_gate *gate; /* borrowed; while it is closed nothing is written; NULL: none */
};

MUST_CHECK enum status kafka_sink_create(const struct kafka_sink_options *options,
                                         struct kafka_sink **out_sink);

struct actor *kafka_sink_actor(struct kafka_sink *sink);

bool kafka_sink_is_up(const struct kafka_sink *sink);

/* Deliveries in flight are forgotten: their dispatchers must be gone. Memory and the client's
 * threads go in later rounds of the loop (see loop_drain()). */
void kafka_sink_close(struct kafka_sink **sink_p);

#endif
