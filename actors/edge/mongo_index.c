#include "actors/edge/mongo_index.h"

#include "actors/edge/mongo_error.h"
#include "runtime/log.h"

#include <bson/bson.h>
#include <stdio.h>

enum { INDEX_OPTIONS_CONFLICT = 85, UNAUTHORIZED = 13, MS_PER_S = 1000 };

static bool run(mongoc_database_t *database, const bson_t *command, bson_error_t *error)
{
    return mongoc_database_write_command_with_opts(database, command, NULL, NULL, error);
}

static bool is_final(const bson_error_t *error)
{
    int32_t code = (int32_t)error->code;
    return error->domain == MONGOC_ERROR_SERVER &&
           (code == UNAUTHORIZED || mongo_error_of(code) == MONGO_ERROR_refused);
}

/* True also when it was refused for good. */
static bool settle(bool is_done, const char *collection, const char *index,
                   const bson_error_t *error, struct mongo_failure *failure)
{
    if (is_done) {
        return true;
    }
    if (is_final(error)) {
        log_event(LOG_sink_index_failed, log_text("sink", "mongo"),
                  log_text("collection", collection), log_text("index", index),
                  log_text("error", error->message));
        return true;
    }
    failure->code = error->domain == MONGOC_ERROR_SERVER ? (int32_t)error->code : 0;
    (void)snprintf(failure->text, sizeof(failure->text), "%s", error->message);
    return false;
}

static bool make_search_index(mongoc_database_t *database, const char *collection,
                              struct mongo_failure *failure)
{
    bson_error_t error;
    bson_t *command =
        BCON_NEW("createIndexes", BCON_UTF8(collection), "indexes", "[", "{", "key", "{", "symbol",
                 BCON_INT32(1), "interval", BCON_INT32(1), "openTime", BCON_INT32(-1), "}", "name",
                 BCON_UTF8("symbol_1_interval_1_openTime_-1"), "}", "]");
    bool is_done = run(database, command, &error);
    bson_destroy(command);
    return settle(is_done, collection, "search", &error, failure);
}

static bool change_retention(mongoc_database_t *database, const char *collection, int64_t seconds,
                             bson_error_t *error)
{
    bson_t *command =
        BCON_NEW("collMod", BCON_UTF8(collection), "index", "{", "keyPattern", "{", "openTime",
                 BCON_INT32(1), "}", "expireAfterSeconds", BCON_INT64(seconds), "}");
    bool is_done = run(database, command, error);
    bson_destroy(command);
    return is_done;
}

static bool make_retention_index(mongoc_database_t *database, const char *collection,
                                 int64_t seconds, struct mongo_failure *failure)
{
    bson_error_t error;
    bson_t *command =
        BCON_NEW("createIndexes", BCON_UTF8(collection), "indexes", "[", "{", "key", "{",
                 "openTime", BCON_INT32(1), "}", "name", BCON_UTF8("candled_retention"),
                 "expireAfterSeconds", BCON_INT64(seconds), "}", "]");
    bool is_done = run(database, command, &error);
    bson_destroy(command);
    if (!is_done && error.domain == MONGOC_ERROR_SERVER && error.code == INDEX_OPTIONS_CONFLICT) {
        is_done = change_retention(database, collection, seconds, &error);
    }
    return settle(is_done, collection, "retention", &error, failure);
}

bool mongo_index_make(mongoc_database_t *database, const char *collection, int64_t retention_ms,
                      struct mongo_failure *failure)
{
    if (!make_search_index(database, collection, failure)) {
        return false;
    }
    return retention_ms == 0 ||
           make_retention_index(database, collection, retention_ms / MS_PER_S, failure);
}
