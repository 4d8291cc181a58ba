/* What every Kafka client of ours shares: configuration, and its words in our log.
 *
 * The wake-up of a queue is kafka_wakeup.h, whether the cluster answers kafka_health.h. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_CLIENT_H
#define CANDLED_ACTORS_EDGE_KAFKA_CLIENT_H

#include "actors/edge/kafka_property.h"
#include "actors/edge/kafka_wakeup.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <librdkafka/rdkafka.h>
#include <stddef.h>

/* Whether a user's property would be taken; STATUS_BAD_CONFIG, with librdkafka's words or ours in
 * `error`. Logs nothing. */
MUST_CHECK enum status kafka_client_check(const char *name, const char *value, char *error,
                                          size_t error_size);

/* Ours first, then the user's; STATUS_BAD_CONFIG names the property and librdkafka's words. The
 * brokers are set as bootstrap.servers. Logs go to our log through `log_cb`.
 * A user may change what is tuning; a property that a promise of ours rests on is refused by name.
 */
MUST_CHECK enum status kafka_client_conf(const char *brokers, const struct kafka_property *ours,
                                         const struct kafka_property *users,
                                         rd_kafka_conf_t **out_conf);

/* Takes over the configuration, whatever it returns. */
MUST_CHECK enum status kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                                        rd_kafka_t **out_client);

#endif
