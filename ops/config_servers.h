/* What those who will use a setting say of it before anything starts: the parsers of addresses,
 * librdkafka, the database of zones. Part of config_check(); nothing is connected to. */
#ifndef CANDLED_OPS_CONFIG_SERVERS_H
#define CANDLED_OPS_CONFIG_SERVERS_H

#include "ops/config.h"

void config_servers_redis(const struct config *config, struct config_problems *problems);

void config_servers_mongo(const struct config *config, struct config_problems *problems);

/* kafka.properties, each at its own line. */
void config_servers_properties(const struct config *config, struct config_problems *problems);

/* snapshots.url, or whatever else is an object store's url. */
void config_servers_store(const struct config *config, enum config_id id, const char *url,
                          struct config_problems *problems);

/* batch.timezone. */
void config_servers_zone(const struct config *config, struct config_problems *problems);

#endif
