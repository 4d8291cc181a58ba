/* The collector's way into Kafka: frames in, acknowledgements out, for ever.
 *
 * An idempotent producer without a time limit, so that the frames of a symbol keep their order and
 * none is given up. When the client itself fails, it is made anew, and everything that was not
 * acknowledged must be sent again: `lost` says so.
 * Ownership: kafka_feed_close() ends it; memory goes in later rounds of the loop.
 * Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_FEED_H
#define CANDLED_ACTORS_EDGE_KAFKA_FEED_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/feed_batch.h"

#include <stdbool.h>
#include <stdint.h>

struct kafka_feed;
struct kafka_property;
struct loop;
struct metrics_set;

struct kafka_feed_options {
    struct loop *loop;   /* borrowed */
    const char *brokers; /* borrowed, as are the topic and the properties */
    const char *topic;
    const struct kafka_property *properties;
    int32_t partitions; /* these three when the topic is made */
    int32_t replication_factor;
    int64_t retention_ms;
    bool has_topic;              /* it is there already: nobody need ask */
    struct metrics_set *metrics; /* of the feed */
    void *context;
    /* No record is stamped with a later time. was_refused: the broker did not take stamps that this
     * gave. */
    int64_t (*latest_ms)(void *context, bool was_refused);
    void (*acknowledged)(void *context, uint64_t sequence);
    void (*ready)(void *context); /* there may be room again */
    void (*lost)(void *context);  /* what was not acknowledged must be sent again */
};

MUST_CHECK enum status kafka_feed_open(const struct kafka_feed_options *options,
                                       struct kafka_feed **out_feed);

/* Copies the frame. False: not now; `ready` tells when to try again. */
bool kafka_feed_send(struct kafka_feed *feed, const struct feed_frame *frame);

bool kafka_feed_is_up(const struct kafka_feed *feed);

/* What is not acknowledged. */
int64_t kafka_feed_in_flight(const struct kafka_feed *feed);

/* NULL inside is fine. */
void kafka_feed_close(struct kafka_feed **feed_p);

#endif
