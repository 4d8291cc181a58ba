#include "actors/edge/mongo_reader.h"

#include "actors/edge/mongo_document.h"
#include "actors/edge/mongo_uri.h"
#include "proto/key_template.h"
#include "runtime/mem.h"

#include <mongoc/mongoc.h>
#include <stdio.h>
#include <string.h>

struct mongo_reader {
    mongoc_client_t *client;
    char database[128];
    struct key_template collection;
    char error[MONGO_READER_ERROR_MAX];
};

static enum status fail(char *error, size_t size, const char *what)
{
    (void)snprintf(error, size, "%.255s", what);
    return STATUS_UNAVAILABLE;
}

enum status mongo_reader_open(const char *uri, const char *database, const char *collection,
                              struct mongo_reader **out_reader, char *error, size_t error_size)
{
    struct mongo_reader *reader = mem_new(1, sizeof(*reader));
    mongoc_uri_t *parsed = NULL;

    mongoc_init();
    (void)snprintf(reader->database, sizeof(reader->database), "%s", database);
    enum status status = key_template_parse(collection, &reader->collection, error, error_size);
    if (status == STATUS_OK) {
        status = mongo_uri_parse(uri, &parsed, error, error_size);
    }
    if (status != STATUS_OK) {
        mem_free(reader);
        return status;
    }
    reader->client = mongoc_client_new_from_uri(parsed);
    mongoc_uri_destroy(parsed);
    if (reader->client == NULL) {
        mem_free(reader);
        return fail(error, error_size, "the driver takes no such uri");
    }
    *out_reader = reader;
    return STATUS_OK;
}

void mongo_reader_close(struct mongo_reader **reader_p)
{
    struct mongo_reader *reader = *reader_p;
    *reader_p = NULL;
    if (reader != NULL) {
        mongoc_client_destroy(reader->client);
        mem_free(reader);
    }
}

static mongoc_collection_t *collection_of(struct mongo_reader *reader, const struct candle *candle)
{
    char name[KEY_MAX];
    (void)key_template_render(&reader->collection, candle->symbol, interval_name(candle->interval),
                              candle->open_ms, name);
    return mongoc_client_get_collection(reader->client, reader->database, name);
}

static void make_id_filter(const struct candle *candle, bson_t *filter)
{
    bson_t guarded = BSON_INITIALIZER;
    bson_iter_t id;
    mongo_document_filter(candle, &guarded);
    if (bson_iter_init_find(&id, &guarded, "_id")) {
        BSON_APPEND_VALUE(filter, "_id", bson_iter_value(&id));
    }
    bson_destroy(&guarded);
}

static bool are_equal(bson_iter_t *wanted, bson_iter_t *found)
{
    bson_t a = BSON_INITIALIZER;
    bson_t b = BSON_INITIALIZER;
    BSON_APPEND_VALUE(&a, "v", bson_iter_value(wanted));
    BSON_APPEND_VALUE(&b, "v", bson_iter_value(found));
    bool equal = bson_equal(&a, &b);
    bson_destroy(&a);
    bson_destroy(&b);
    return equal;
}

/* The first field that is not as we would write it, into `name`. */
static bool find_difference(const struct candle *candle, const bson_t *document, char name[64])
{
    bson_t update = BSON_INITIALIZER;
    bson_iter_t set;
    bson_iter_t wanted;
    bson_iter_t found;
    bool differs = !mongo_document_update(candle, &update);

    if (!differs && bson_iter_init_find(&set, &update, "$set") &&
        bson_iter_recurse(&set, &wanted)) {
        while (!differs && bson_iter_next(&wanted)) {
            differs = !bson_iter_init_find(&found, document, bson_iter_key(&wanted)) ||
                      !are_equal(&wanted, &found);
            (void)snprintf(name, 64, "%s", differs ? bson_iter_key(&wanted) : "");
        }
    }
    bson_destroy(&update);
    return differs;
}

static int64_t revision_in(const bson_t *document)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, document, "revision") ? bson_iter_as_int64(&at) : 0;
}

static void tell(const struct candle *candle, const bson_t *document, mongo_reader_visit_fn *visit,
                 void *context)
{
    char name[64] = "";
    bool differs = find_difference(candle, document, name);
    char *json = bson_as_relaxed_extended_json(document, NULL);
    struct mongo_found found = {
        .is_there = true,
        .revision = revision_in(document),
        .is_same = !differs,
        .field = differs ? name : NULL,
        .json = json,
    };
    visit(context, candle, &found);
    bson_free(json);
}

enum status mongo_reader_get(struct mongo_reader *reader, const struct candle *candle,
                             mongo_reader_visit_fn *visit, void *context)
{
    bson_t filter = BSON_INITIALIZER;
    const bson_t *document;
    bson_error_t error;
    enum status status = STATUS_OK;

    make_id_filter(candle, &filter);
    mongoc_collection_t *collection = collection_of(reader, candle);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(collection, &filter, NULL, NULL);
    if (mongoc_cursor_next(cursor, &document)) {
        tell(candle, document, visit, context);
    } else if (mongoc_cursor_error(cursor, &error)) {
        status = fail(reader->error, sizeof(reader->error), error.message);
    } else {
        visit(context, candle, &(struct mongo_found){.is_there = false});
    }
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(collection);
    bson_destroy(&filter);
    return status;
}

enum status mongo_reader_take_out(struct mongo_reader *reader, const struct candle *candle,
                                  int64_t revision)
{
    bson_t filter = BSON_INITIALIZER;
    bson_error_t error;
    enum status status = STATUS_OK;

    make_id_filter(candle, &filter);
    BSON_APPEND_INT64(&filter, "revision", revision);
    mongoc_collection_t *collection = collection_of(reader, candle);
    if (!mongoc_collection_delete_one(collection, &filter, NULL, NULL, &error)) {
        status = fail(reader->error, sizeof(reader->error), error.message);
    }
    mongoc_collection_destroy(collection);
    bson_destroy(&filter);
    return status;
}

const char *mongo_reader_error(const struct mongo_reader *reader)
{
    return reader->error;
}
