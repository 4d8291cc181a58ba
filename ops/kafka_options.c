#include "ops/kafka_options.h"

#include "actors/edge/kafka_log.h"
#include "actors/edge/kafka_property.h"
#include "ops/config.h"
#include "runtime/mem.h"

#include <stdio.h>

struct kafka_property *kafka_options_properties(const struct config *config)
{
    const struct config_map *map = &config->kafka.properties;
    struct kafka_property *properties = mem_new(map->count + 1, sizeof(*properties));
    for (size_t i = 0; i < map->count; i++) {
        properties[i].name = map->pairs[i].name;
        properties[i].value = map->pairs[i].value;
    }
    return properties;
}

void kafka_options_free(struct kafka_property *properties)
{
    mem_free(properties);
}

enum status kafka_options_open_log(const struct config *config, const char *brokers,
                                   struct kafka_log **out_log)
{
    struct kafka_property *properties = kafka_options_properties(config);
    struct kafka_log_options options = {
        .brokers = brokers,
        .topic = config->kafka.topic,
        .group = config->kafka.group,
        .properties = properties,
    };
    enum status status = kafka_log_create(&options, out_log);
    kafka_options_free(properties);
    return status;
}

void kafka_options_dlq_topic(const struct config *config, char topic[KAFKA_OPTIONS_TOPIC_MAX])
{
    if (config->kafka.dlq_topic[0] != '\0') {
        snprintf(topic, KAFKA_OPTIONS_TOPIC_MAX, "%s", config->kafka.dlq_topic);
    } else {
        snprintf(topic, KAFKA_OPTIONS_TOPIC_MAX, "%s.dlq", config->kafka.topic);
    }
}
