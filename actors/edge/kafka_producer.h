/* An idempotent producer whose events come on the loop.
 *
 * Ownership: kafka_producer_destroy() ends it; memory and threads go in later rounds of the loop.
 * Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_PRODUCER_H
#define CANDLED_ACTORS_EDGE_KAFKA_PRODUCER_H

#include "actors/edge/kafka_property.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <librdkafka/rdkafka.h>

struct kafka_producer;
struct loop;

struct kafka_producer_options {
    struct loop *loop; /* borrowed */
    const char *brokers;
    const struct kafka_property *properties; /* the user's */
    void *context;
    void (*on_event)(void *context,
                     rd_kafka_event_t *event); /* borrowed; may destroy the producer */
    void (*on_drained)(void *context);         /* the events that were waiting have come */
};

MUST_CHECK enum status kafka_producer_create(const struct kafka_producer_options *options,
                                             struct kafka_producer **out_producer);

rd_kafka_t *kafka_producer_client(struct kafka_producer *producer);

/* Asks for the topic with the broker's defaults; a CREATETOPICS_RESULT event answers. */
void kafka_producer_ask_for_topic(struct kafka_producer *producer, const char *topic);

/* What is in its queues is dropped, and no event comes any more. NULL inside is fine. */
void kafka_producer_destroy(struct kafka_producer **producer_p);

#endif
