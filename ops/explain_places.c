#include "ops/explain_places.h"

#include "actors/edge/mongo_reader.h"
#include "actors/edge/redis_reader.h"
#include "ops/state_book.h"
#include "ops/store_readers.h"

#include <stdio.h>

struct place_teller {
    struct cli_context *cli;
    const struct candle *candle;
};

static void tell_place(const struct place_teller *t, const char *place, const char *found)
{
    if (t->cli->is_json) {
        printf("{\"place\":\"%s\",\"found\":%s}\n", place, found == NULL ? "null" : found);
    } else {
        printf("%-6s %s\n", place, found == NULL ? "nothing" : found);
    }
}

static void tell_lmdb(struct place_teller *t)
{
    struct state_book *book =
        state_book_create(t->cli->config.data_dir, t->cli->config.kafka.topic);
    const char *found = state_book_find(book, t->candle);
    if (!state_book_is_empty(book)) {
        tell_place(t, "lmdb", found);
    }
    state_book_destroy(&book);
}

static void on_redis(void *context, const struct candle *candle, const char *found)
{
    (void)candle;
    tell_place(context, "redis", found);
}

static enum cli_exit tell_redis(struct place_teller *t)
{
    char error[STORE_READERS_ERROR_MAX];
    struct redis_reader *reader;
    enum status status = store_readers_open_redis(&t->cli->config, &reader, error);
    if (status == STATUS_OK && reader != NULL) {
        status = redis_reader_get(reader, t->candle, 1, on_redis, t);
        snprintf(error, sizeof(error), "Redis: %s", redis_reader_error(reader));
    }
    redis_reader_close(&reader);
    return status == STATUS_OK ? CLI_DONE : cli_fail(t->cli, "%s", error);
}

static void on_mongo(void *context, const struct candle *candle, const struct mongo_found *found)
{
    (void)candle;
    tell_place(context, "mongo", found->is_there ? found->json : NULL);
}

static enum cli_exit tell_mongo(struct place_teller *t)
{
    char error[STORE_READERS_ERROR_MAX];
    struct mongo_reader *reader;
    enum status status = store_readers_open_mongo(&t->cli->config, &reader, error);
    if (status == STATUS_OK && reader != NULL) {
        status = mongo_reader_get(reader, t->candle, on_mongo, t);
        snprintf(error, sizeof(error), "MongoDB: %s", mongo_reader_error(reader));
    }
    mongo_reader_close(&reader);
    return status == STATUS_OK ? CLI_DONE : cli_fail(t->cli, "%s", error);
}

enum cli_exit explain_places(struct cli_context *cli, const struct candle *candle, bool is_in_log)
{
    struct place_teller teller = {cli, candle};
    char json[CANDLE_JSON_MAX];

    if (is_in_log) {
        (void)candle_print_json(candle, json);
    }
    tell_place(&teller, "log", is_in_log ? json : NULL);
    tell_lmdb(&teller);
    enum cli_exit redis = tell_redis(&teller);
    enum cli_exit mongo = tell_mongo(&teller);
    return redis == CLI_DONE ? mongo : redis;
}
