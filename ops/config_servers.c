#include "ops/config_servers.h"

#include "actors/edge/kafka_client.h"
#include "actors/edge/mongo_sink.h"
#include "actors/edge/redis_url.h"
#include "ops/config_load.h"
#include "proto/zone.h"
#include "state/object_store.h"

#include <string.h>

enum { ERROR_BYTES_MAX = 512 };

static void complain(const struct config *config, enum config_id id, const char *error,
                     struct config_problems *problems)
{
    config_problem(problems, config->origins[id], "%s: %s", config_setting(id)->name, error);
}

void config_servers_redis(const struct config *config, struct config_problems *problems)
{
    struct redis_url url;
    char error[ERROR_BYTES_MAX];
    if (config->redis.url[0] == '\0') {
        return;
    }
    if (redis_url_parse(config->redis.url, &url, error, sizeof(error)) != STATUS_OK) {
        complain(config, CONFIG_ID_redis_url, error, problems);
    } else if (url.socket[0] != '\0' && config->redis.sentinels.count > 0) {
        complain(config, CONFIG_ID_redis_url,
                 "names a socket; with redis.sentinels it names the primary: redis://NAME/0",
                 problems);
    }
}

void config_servers_mongo(const struct config *config, struct config_problems *problems)
{
    char error[ERROR_BYTES_MAX];
    if (config->mongo.uri[0] != '\0' &&
        mongo_sink_check(config->mongo.uri, error, sizeof(error)) != STATUS_OK) {
        complain(config, CONFIG_ID_mongo_uri, error, problems);
    }
}

/* Each entry of the map has its own line. */
void config_servers_properties(const struct config *config, struct config_problems *problems)
{
    char error[ERROR_BYTES_MAX];
    for (size_t i = 0; i < config->kafka.properties.count; i++) {
        const struct config_pair *pair = &config->kafka.properties.pairs[i];
        if (kafka_client_check(pair->name, pair->value, error, sizeof(error)) != STATUS_OK) {
            config_problem(problems, pair->origin, "kafka.properties.%s: %s", pair->name, error);
        }
    }
}

void config_servers_store(const struct config *config, enum config_id id, const char *url,
                          struct config_problems *problems)
{
    char error[ERROR_BYTES_MAX];
    if (object_store_check(url, error, sizeof(error)) != STATUS_OK) {
        complain(config, id, error, problems);
    }
}

/* The default is not looked up: a host without a database of zones may run all but the batch. */
void config_servers_zone(const struct config *config, struct config_problems *problems)
{
    struct zone *zone = NULL;
    if (config_is_default(config, CONFIG_ID_batch_timezone)) {
        return;
    }
    if (zone_load(config->batch.timezone, &zone) != STATUS_OK) {
        config_problem(problems, config->origins[CONFIG_ID_batch_timezone],
                       "batch.timezone: found '%.200s', expected a zone of the tz database, as UTC "
                       "or Europe/Berlin",
                       config->batch.timezone);
    }
    zone_destroy(&zone);
}
