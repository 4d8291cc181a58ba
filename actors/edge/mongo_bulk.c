#include "actors/edge/mongo_bulk.h"

#include "actors/delivery.h"
#include "actors/edge/mongo_document.h"
#include "actors/edge/mongo_error.h"
#include "actors/edge/sink_gate.h"
#include "runtime/mem.h"

#include <bson/bson.h>
#include <stdio.h>
#include <string.h>

/* One bulk on its way: which row each of its operations belongs to, and those to be re-issued. */
struct bulk {
    const struct sink_gate *gate;
    const struct candle_batch *batch;
    struct candle_row **rows; /* NULL: rejected */
    size_t count;
    struct candle_row **duplicates;
    size_t duplicate_count;
    int64_t matched;
};

static void fail(struct mongo_failure *failure, int32_t code, const char *text)
{
    failure->code = code;
    (void)snprintf(failure->text, sizeof(failure->text), "%s", text);
}

static bool add(mongoc_bulk_operation_t *operation, const struct candle *candle, const bson_t *opts)
{
    bson_error_t error;
    bson_t filter = BSON_INITIALIZER;
    bson_t update = BSON_INITIALIZER;

    mongo_document_filter(candle, &filter);
    bool is_added =
        mongo_document_update(candle, &update) &&
        mongoc_bulk_operation_update_one_with_opts(operation, &filter, &update, opts, &error);
    bson_destroy(&filter);
    bson_destroy(&update);
    return is_added;
}

/* Rows that cannot be told to MongoDB are rejected, and are not in the bulk. */
static void add_rows(struct bulk *bulk, mongoc_bulk_operation_t *operation,
                     struct candle_row **rows, size_t count, bool is_upsert)
{
    bson_t opts = BSON_INITIALIZER;

    BSON_APPEND_BOOL(&opts, "upsert", is_upsert);
    for (size_t i = 0; i < count; i++) {
        struct candle_row *row = rows[i]; /* rows and bulk->rows may be the same memory */
        if (add(operation, &row->candle, &opts)) {
            bulk->rows[bulk->count++] = row;
        } else {
            candle_batch_reject(bulk->batch, row->delivery, row->row,
                                "a number does not fit a Decimal128");
        }
    }
    bson_destroy(&opts);
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
        if (is_duplicate_id(error)) {
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
                size_t count, bool is_upsert, struct mongo_failure *failure)
{
    bson_t opts = BSON_INITIALIZER;

    BSON_APPEND_BOOL(&opts, "ordered", false);
    mongoc_bulk_operation_t *operation =
        mongoc_collection_create_bulk_operation_with_opts(collection, &opts);
    bson_destroy(&opts);
    bulk->count = 0;
    bulk->duplicate_count = 0;
    bulk->matched = 0;
    add_rows(bulk, operation, rows, count, is_upsert);
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

static bool reissue(struct bulk *bulk, mongoc_collection_t *collection,
                    struct mongo_failure *failure)
{
    size_t count = bulk->duplicate_count;
    if (count == 0) {
        return true;
    }
    struct candle_row **rows = mem_new(count, sizeof(rows[0]));
    memcpy(rows, bulk->duplicates, count * sizeof(rows[0]));
    bool is_done = run(bulk, collection, rows, count, false, failure);
    if (is_done) {
        count_stale(bulk);
    }
    mem_free(rows);
    return is_done;
}

bool mongo_bulk_write(mongoc_collection_t *collection, const struct sink_gate *gate,
                      const struct candle_batch *batch, size_t first, size_t count,
                      struct mongo_failure *failure)
{
    struct bulk bulk = {
        .gate = gate,
        .batch = batch,
        .rows = mem_new(count, sizeof(bulk.rows[0])),
        .duplicates = mem_new(count, sizeof(bulk.duplicates[0])),
    };
    struct candle_row **all = mem_new(count, sizeof(all[0]));

    for (size_t i = 0; i < count; i++) {
        all[i] = &batch->rows[first + i];
    }
    bool is_done =
        run(&bulk, collection, all, count, true, failure) && reissue(&bulk, collection, failure);
    mem_free(all);
    mem_free(bulk.rows);
    mem_free(bulk.duplicates);
    return is_done;
}
