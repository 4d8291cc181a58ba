#include "ops/store_readers.h"

#include "actors/edge/mongo_reader.h"
#include "actors/edge/redis_reader.h"
#include "ops/config.h"

#include <stdio.h>

enum status store_readers_open_redis(const struct config *config, struct redis_reader **out_reader,
                                     char error[STORE_READERS_ERROR_MAX])
{
    char words[REDIS_READER_ERROR_MAX];
    struct redis_reader_options options = {
        .url = config->redis.url,
        .password = config->redis.password,
        .sentinels = config->redis.sentinels.items,
        .sentinel_count = config->redis.sentinels.count,
        .key = config->redis.key,
    };
    *out_reader = NULL;
    if (!config->redis.enabled) {
        return STATUS_OK;
    }
    enum status status = redis_reader_open(&options, out_reader, words, sizeof(words));
    if (status != STATUS_OK) {
        snprintf(error, STORE_READERS_ERROR_MAX, "Redis: %s", words);
    }
    return status;
}

enum status store_readers_open_mongo(const struct config *config, struct mongo_reader **out_reader,
                                     char error[STORE_READERS_ERROR_MAX])
{
    char words[MONGO_READER_ERROR_MAX];
    *out_reader = NULL;
    if (!config->mongo.enabled) {
        return STATUS_OK;
    }
    enum status status =
        mongo_reader_open(config->mongo.uri, config->mongo.database, config->mongo.collection,
                          out_reader, words, sizeof(words));
    if (status != STATUS_OK) {
        snprintf(error, STORE_READERS_ERROR_MAX, "MongoDB: %s", words);
    }
    return status;
}
