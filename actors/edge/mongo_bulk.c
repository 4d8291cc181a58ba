#include "actors/edge/mongo_bulk.h"

#include "actors/delivery.h"
#include "actors/edge/mongo_document.h"
#include "actors/edge/mongo_error.h"
#include "actors/edge/sink_gate.h"
#include "runtime/mem.h"

#include <bson/bson.h>
#include <stdio.h>
#include <string.h>

/* In the order in which a row is tried. */
enum way { WAY_insert, WAY_upsert, WAY_update };

/* One bulk on its way: which row each of its operations belongs to, and those to be re-issued. */
struct bulk {
    enum way way;
    const struct sink_gate *gate;
    const struct candle_batch *batch;
    struct candle_row **rows; /* NULL: rejected */
    size_t count;
    struct candle_row **duplicates;
    size_t duplicate_count;
    int64_t matched;
    int64_t inserted; /* or upserted: what was not there */
};

static void fail(struct mongo_failure *failure, int32_t code, const char *text)
{
    failure->code = code;
    (void)snprintf(failure->text, sizeof(failure->text), "%s", text);
}

static bool add_insert(mongoc_bulk_operation_t *operation, const struct candle *candle)
{
    bson_error_t error;
    bson_t document = BSON_INITIALIZER;

    bool is_added = mongo_document_whole(candle, &document) &&
                    mongoc_bulk_operation_insert_with_opts(operation, &document, NULL, &error);
    bson_destroy(&document);
    return is_added;
}

static bool add_update(mongoc_bulk_operation_t *operation, const struct candle *candle,
                       bool is_upsert)
{
    bson_error_t error;
    bson_t filter = BSON_INITIALIZER;
    bson_t update = BSON_INITIALIZER;
    bson_t opts = BSON_INITIALIZER;

    BSON_APPEND_BOOL(&opts, "upsert", is_upsert);
    mongo_document_filter(candle, &filter);
    bool is_added =
        mongo_document_update(candle, &update) &&
        mongoc_bulk_operation_update_one_with_opts(operation, &filter, &update, &opts, &error);
    bson_destroy(&filter);
    bson_destroy(&update);
    bson_destroy(&opts);
    return is_added;
}

static bool add(const struct bulk *bulk, mongoc_bulk_operation_t *operation,
                const struct candle *candle)
{
    return bulk->way == WAY_insert ? add_insert(operation, candle)
                                   : add_update(operation, candle, bulk->way == WAY_upsert);
}

/* Rows that cannot be told to MongoDB are rejected, and are not in the bulk. */
static void add_rows(struct bulk *bulk, mongoc_bulk_operation_t *operation,
                     struct candle_row **rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct candle_row *row = rows[i]; /* rows and bulk->rows may be the same memory */
        if (add(bulk, operation, &row->candle)) {
            bulk->rows[bulk->count++] = row;
        } else {
            candle_batch_reject(bulk->batch, row->delivery, row->row,
                                "a number does not fit a Decimal128");
        }
    }
}

/* A unique index that is not ours may report a duplicate key as well. Servers before 4.4 name the
 * index in their words only. */
static bool is_duplicate_id(const bson_t *error)
{
    bson_iter_t iter;
    bson_iter_t key;

    if (bson_iter_init_find(&iter, error, "keyPattern") && bson_iter_recurse(&iter, &key)) {
        return bson_iter_next(&key) && strcmp(bson_iter_key(&key), "_id") == 0 &&
               !bson_iter_next(&key);
    }
    return bson_iter_init_find(&iter, error, "errmsg") && BSON_ITER_HOLDS_UTF8(&iter) &&
           strstr(bson_iter_utf8(&iter, NULL), "index: _id_") != NULL;
}

static int64_t number_in(const bson_t *document, const char *name, int64_t otherwise)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, document, name) && BSON_ITER_HOLDS_NUMBER(&iter)
               ? bson_iter_as_int64(&iter)
               : otherwise;
}

static const char *text_in(const bson_t *document, const char *name)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, document, name) && BSON_ITER_HOLDS_UTF8(&iter)
               ? bson_iter_utf8(&iter, NULL)
               : "the server does not say why";
}

/* What the server says about one operation. False: nothing more is known. */
static bool take_error(struct bulk *bulk, const bson_t *error, struct mongo_failure *failure)
{
    int64_t index = number_in(error, "index", -1);
    int32_t code = (int32_t)number_in(error, "code", 0);
    const char *text = text_in(error, "errmsg");

    if (index < 0 || (size_t)index >= bulk->count || bulk->rows[index] == NULL) {
        fail(failure, code, "an error about no operation of ours");
        return false;
    }
    struct candle_row *row = bulk->rows[index];
    switch (mongo_error_of(code)) {
    case MONGO_ERROR_unavailable:
        fail(failure, code, text);
        return false;
    case MONGO_ERROR_duplicate:
        if (bulk->way == WAY_insert || is_duplicate_id(error)) {
            bulk->duplicates[bulk->duplicate_count++] = row;
            return true;
        }
        break;
    case MONGO_ERROR_refused:
        break;
    }
    candle_batch_reject(bulk->batch, row->delivery, row->row, text);
    bulk->rows[index] = NULL;
    return true;
}

/* The documents of an array in the reply, one after the other; false at the end. */
static bool next_document(bson_iter_t *array, bson_t *document)
{
    const uint8_t *bytes;
    uint32_t size;

    while (bson_iter_next(array)) {
        if (BSON_ITER_HOLDS_DOCUMENT(array)) {
            bson_iter_document(array, &size, &bytes);
            return bson_init_static(document, bytes, size);
        }
    }
    return false;
}

static bool open_array(const bson_t *reply, const char *name, bson_iter_t *array)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, reply, name) && BSON_ITER_HOLDS_ARRAY(&iter) &&
           bson_iter_recurse(&iter, array);
}

static bool take_reply(struct bulk *bulk, const bson_t *reply, struct mongo_failure *failure)
{
    bson_iter_t array;
    bson_t document;

    if (open_array(reply, "writeConcernErrors", &array) && next_document(&array, &document)) {
        fail(failure, (int32_t)number_in(&document, "code", 0), text_in(&document, "errmsg"));
        return false;
    }
    if (open_array(reply, "writeErrors", &array)) {
        while (next_document(&array, &document)) {
            if (!take_error(bulk, &document, failure)) {
                return false;
            }
        }
    }
    bulk->matched = number_in(reply, "nMatched", 0);
    bulk->inserted = number_in(reply, "nInserted", 0) + number_in(reply, "nUpserted", 0);
    return true;
}

static bool has_write_errors(const bson_t *reply)
{
    bson_iter_t array;
    bson_t document;
    return open_array(reply, "writeErrors", &array) && next_document(&array, &document);
}

/* An error that is about the whole bulk. */
static bool is_failed(const bson_t *reply, const bson_error_t *error)
{
    return !has_write_errors(reply) || error->domain == MONGOC_ERROR_STREAM ||
           error->domain == MONGOC_ERROR_SERVER_SELECTION;
}

static bool execute(struct bulk *bulk, mongoc_bulk_operation_t *operation,
                    struct mongo_failure *failure)
{
    bson_t reply;
    bson_error_t error;
    bool is_done = true;

    if (!sink_gate_is_open(bulk->gate)) {
        fail(failure, 0, "this process stood still");
        failure->is_gated = true;
        return false;
    }
    if (mongoc_bulk_operation_execute(operation, &reply, &error) == 0 &&
        is_failed(&reply, &error)) {
        fail(failure, error.domain == MONGOC_ERROR_SERVER ? (int32_t)error.code : 0, error.message);
        is_done = false;
    }
    is_done = is_done && take_reply(bulk, &reply, failure);
    bson_destroy(&reply);
    return is_done;
}

static bool run(struct bulk *bulk, mongoc_collection_t *collection, struct candle_row **rows,
                size_t count, struct mongo_failure *failure)
{
    bson_t opts = BSON_INITIALIZER;

    BSON_APPEND_BOOL(&opts, "ordered", false);
    mongoc_bulk_operation_t *operation =
        mongoc_collection_create_bulk_operation_with_opts(collection, &opts);
    bson_destroy(&opts);
    bulk->count = 0;
    bulk->duplicate_count = 0;
    bulk->matched = 0;
    bulk->inserted = 0;
    add_rows(bulk, operation, rows, count);
    bool is_done = bulk->count == 0 || execute(bulk, operation, failure);
    mongoc_bulk_operation_destroy(operation);
    return is_done;
}

/* The reply tells how many documents were found older, not which: the count of stale rows is right
 * over the bulk, and is shared out among its deliveries as it comes. */
static void count_stale(const struct bulk *bulk)
{
    int64_t matched = bulk->matched;
    for (size_t i = 0; i < bulk->count; i++) {
        if (bulk->rows[i] != NULL && matched-- <= 0) {
            bulk->rows[i]->delivery->stale_count++;
        }
    }
}

/* Each way leaves the rows that it found to be there to the next one; `rows` holds them. */
static bool try_each_way(struct bulk *bulk, mongoc_collection_t *collection,
                         struct candle_row **rows, size_t count, struct mongo_failure *failure)
{
    int64_t inserted = 0;

    while (count > 0) {
        if (!run(bulk, collection, rows, count, failure)) {
            return false;
        }
        inserted += bulk->inserted;
        if (bulk->way == WAY_update) {
            count_stale(bulk);
            break;
        }
        count = bulk->duplicate_count;
        memcpy(rows, bulk->duplicates, count * sizeof(rows[0]));
        bulk->way++;
    }
    bulk->inserted = inserted;
    return true;
}

bool mongo_bulk_write(mongoc_collection_t *collection, const struct sink_gate *gate,
                      const struct candle_batch *batch, size_t first, size_t count, bool *are_new,
                      struct mongo_failure *failure)
{
    struct bulk bulk = {
        .way = *are_new ? WAY_insert : WAY_upsert,
        .gate = gate,
        .batch = batch,
        .rows = mem_new(count, sizeof(bulk.rows[0])),
        .duplicates = mem_new(count, sizeof(bulk.duplicates[0])),
    };
    struct candle_row **all = mem_new(count, sizeof(all[0]));

    for (size_t i = 0; i < count; i++) {
        all[i] = &batch->rows[first + i];
    }
    bool is_done = try_each_way(&bulk, collection, all, count, failure);
    if (is_done) {
        *are_new = 2 * bulk.inserted >= (int64_t)count;
    }
    mem_free(all);
    mem_free(bulk.rows);
    mem_free(bulk.duplicates);
    return is_done;
}
