/* What the configuration says of Kafka, as the edges want it. */
#ifndef CANDLED_OPS_KAFKA_OPTIONS_H
#define CANDLED_OPS_KAFKA_OPTIONS_H

#include "runtime/base.h"
#include "runtime/status.h"

struct config;
struct kafka_log;
struct kafka_property;

enum { KAFKA_OPTIONS_TOPIC_MAX = 256 };

/* kafka.properties, ending with a NULL name. The texts are the config's; kafka_options_free(). */
struct kafka_property *kafka_options_properties(const struct config *config);

void kafka_options_free(struct kafka_property *properties);

/* kafka.dlq_topic, or TOPIC.dlq. */
void kafka_options_dlq_topic(const struct config *config, char topic[KAFKA_OPTIONS_TOPIC_MAX]);

/* For questions about kafka.topic, and what kafka.group has committed. */
MUST_CHECK enum status kafka_options_open_log(const struct config *config, const char *brokers,
                                              struct kafka_log **out_log);

#endif
