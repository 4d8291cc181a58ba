/* A Kafka broker inside this process: librdkafka's mock cluster, for `candled run` without servers.
 *
 * It keeps the newest 5 MB or 100,000 batches of a partition and forgets the rest, so whoever feeds
 * it waits for checkpoints. Nothing survives the process.
 * Ownership: embedded_broker_destroy() ends it; its clients must be gone.
 * Thread: calls from one thread; it serves from threads of its own. */
#ifndef CANDLED_OPS_EMBEDDED_BROKER_H
#define CANDLED_OPS_EMBEDDED_BROKER_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdint.h>

struct embedded_broker;

MUST_CHECK enum status embedded_broker_create(struct embedded_broker **out_broker);

/* "127.0.0.1:port", for bootstrap.servers; lives as long as the broker. */
const char *embedded_broker_bootstrap(const struct embedded_broker *broker);

MUST_CHECK enum status embedded_broker_create_topic(struct embedded_broker *broker,
                                                    const char *topic, int32_t partitions);

/* NULL inside is fine. */
void embedded_broker_destroy(struct embedded_broker **broker_p);

#endif
