#include "actors/edge/mongo_writer.h"

#include "actors/edge/mongo_bulk.h"
#include "actors/edge/mongo_index.h"
#include "proto/interval.h"
#include "runtime/mem.h"

#include <stdio.h>
#include <string.h>

enum { ERROR_API = 2, INVALID_NAMESPACE = 73 };

struct mongo_writer {
    struct mongo_writer_options options;
    char *database_name;
    mongoc_client_t *client; /* NULL: not connected */
    mongoc_database_t *database;
    bool are_rows_new; /* most of the last ones were */
    char **indexed;    /* names of collections, in order */
    size_t indexed_count;
};

struct mongo_writer *mongo_writer_create(const struct mongo_writer_options *options)
{
    struct mongo_writer *writer = mem_new(1, sizeof(*writer));
    size_t size = strlen(options->database) + 1;
    writer->options = *options;
    writer->are_rows_new = true;
    writer->database_name = mem_new(size, 1);
    memcpy(writer->database_name, options->database, size);
    return writer;
}

void mongo_writer_disconnect(struct mongo_writer *writer)
{
    mongoc_database_destroy(writer->database);
    mongoc_client_destroy(writer->client);
    writer->database = NULL;
    writer->client = NULL;
}

void mongo_writer_destroy(struct mongo_writer **writer_p)
{
    struct mongo_writer *writer = *writer_p;
    *writer_p = NULL;
    if (writer == NULL) {
        return;
    }
    mongo_writer_disconnect(writer);
    for (size_t i = 0; i < writer->indexed_count; i++) {
        mem_free(writer->indexed[i]);
    }
    mem_free(writer->indexed);
    mem_free(writer->database_name);
    mongoc_uri_destroy(writer->options.uri);
    mem_free(writer);
}

static void fail(struct mongo_failure *failure, const bson_error_t *error)
{
    failure->code = error->domain == MONGOC_ERROR_SERVER ? (int32_t)error->code : 0;
    (void)snprintf(failure->text, sizeof(failure->text), "%s", error->message);
}

/* Where the name stands in the list, or where it would. */
static size_t place_of(const struct mongo_writer *writer, const char *collection, bool *is_there)
{
    size_t low = 0;
    size_t high = writer->indexed_count;

    *is_there = false;
    while (low < high && !*is_there) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(collection, writer->indexed[middle]);
        *is_there = order == 0;
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return high;
}

static void remember(struct mongo_writer *writer, size_t place, const char *collection)
{
    size_t size = strlen(collection) + 1;
    char *name = mem_new(size, 1);
    memcpy(name, collection, size);
    writer->indexed =
        mem_resize(writer->indexed, writer->indexed_count + 1, sizeof(writer->indexed[0]));
    memmove(&writer->indexed[place + 1], &writer->indexed[place],
            (writer->indexed_count - place) * sizeof(writer->indexed[0]));
    writer->indexed[place] = name;
    writer->indexed_count++;
}

/* Once a collection in the life of a process. */
static bool make_indexes(struct mongo_writer *writer, const char *collection,
                         struct mongo_failure *failure)
{
    bool is_there;
    size_t place = place_of(writer, collection, &is_there);
    if (is_there) {
        return true;
    }
    if (!mongo_index_make(writer->database, collection, writer->options.retention_ms, failure)) {
        return false;
    }
    remember(writer, place, collection);
    return true;
}

bool mongo_writer_ping(struct mongo_writer *writer, struct mongo_failure *failure)
{
    bson_error_t error;
    bson_t command = BSON_INITIALIZER;

    BSON_APPEND_INT32(&command, "ping", 1);
    bool is_done =
        mongoc_client_command_simple(writer->client, "admin", &command, NULL, NULL, &error);
    bson_destroy(&command);
    if (!is_done) {
        fail(failure, &error);
    }
    return is_done;
}

static bool is_one_collection(const struct mongo_writer *writer)
{
    return !key_template_has(&writer->options.collection, KEY_PART_symbol) &&
           !key_template_has(&writer->options.collection, KEY_PART_interval);
}

bool mongo_writer_connect(struct mongo_writer *writer, struct mongo_failure *failure)
{
    bson_error_t error;
    char collection[KEY_MAX];

    writer->client = mongoc_client_new_from_uri_with_error(writer->options.uri, &error);
    if (writer->client == NULL) {
        fail(failure, &error);
        return false;
    }
    (void)mongoc_client_set_error_api(writer->client, ERROR_API);
    writer->database = mongoc_client_get_database(writer->client, writer->database_name);
    if (!mongo_writer_ping(writer, failure)) {
        return false;
    }
    if (!is_one_collection(writer)) {
        return true;
    }
    (void)key_template_render(&writer->options.collection, "", "", 0, collection);
    return make_indexes(writer, collection, failure);
}

static void collection_of(const struct mongo_writer *writer, const struct candle_row *row,
                          char collection[KEY_MAX])
{
    (void)key_template_render(&writer->options.collection, row->candle.symbol,
                              interval_name(row->candle.interval), 0, collection);
}

static void reject_all(const struct candle_batch *batch, size_t first, size_t count,
                       const char *error)
{
    for (size_t i = first; i < first + count; i++) {
        candle_batch_reject(batch, batch->rows[i].delivery, batch->rows[i].row, error);
    }
}

/* A name that MongoDB will never accept, made from a symbol, concerns the rows and not the server.
 */
static bool is_bad_name(const struct mongo_writer *writer, const struct mongo_failure *failure)
{
    return failure->code == INVALID_NAMESPACE && !is_one_collection(writer);
}

static bool write_group(struct mongo_writer *writer, const char *name,
                        const struct candle_batch *batch, size_t first, size_t count,
                        struct mongo_failure *failure)
{
    if (!make_indexes(writer, name, failure)) {
        return false;
    }
    mongoc_collection_t *collection = mongoc_database_get_collection(writer->database, name);
    bool is_done = mongo_bulk_write(collection, writer->options.gate, batch, first, count,
                                    &writer->are_rows_new, failure);
    mongoc_collection_destroy(collection);
    if (!is_done && is_bad_name(writer, failure)) {
        reject_all(batch, first, count, failure->text);
        return true;
    }
    return is_done;
}

/* How many rows from the first on go into its collection. */
static size_t group_size(const struct mongo_writer *writer, const struct candle_row *rows,
                         size_t count, const char *name)
{
    char other[KEY_MAX];
    size_t size = 1;

    if (is_one_collection(writer)) {
        return count;
    }
    while (size < count) {
        collection_of(writer, &rows[size], other);
        if (strcmp(other, name) != 0) {
            break;
        }
        size++;
    }
    return size;
}

bool mongo_writer_write(struct mongo_writer *writer, const struct candle_batch *batch,
                        struct mongo_failure *failure)
{
    char name[KEY_MAX];
    size_t done = 0;

    while (done < batch->count) {
        const struct candle_row *rows = &batch->rows[done];
        collection_of(writer, rows, name);
        size_t size = group_size(writer, rows, batch->count - done, name);
        if (!write_group(writer, name, batch, done, size, failure)) {
            return false;
        }
        done += size;
    }
    return true;
}
