#include "ops/kafka_options.h"

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

void kafka_options_dlq_topic(const struct config *config, char topic[KAFKA_OPTIONS_TOPIC_MAX])
{
    if (config->kafka.dlq_topic[0] != '\0') {
        snprintf(topic, KAFKA_OPTIONS_TOPIC_MAX, "%s", config->kafka.dlq_topic);
    } else {
        snprintf(topic, KAFKA_OPTIONS_TOPIC_MAX, "%s.dlq", config->kafka.topic);
    }
}
