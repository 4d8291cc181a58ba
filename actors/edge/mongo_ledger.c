#include "actors/edge/mongo_ledger.h"

#include "actors/edge/mongo_ledger_document.h"
#include "actors/edge/mongo_uri.h"
#include "runtime/mem.h"

#include <mongoc/mongoc.h>
#include <stdio.h>
#include <string.h>

#define COLLECTION "batch_days"

struct mongo_ledger {
    mongoc_client_t *client;
    mongoc_collection_t *days;
    char error[MONGO_LEDGER_ERROR_MAX];
};

const char *mongo_ledger_state_name(enum ledger_state state)
{
    static const char *const names[] = {
#define X(name, text) #name,
        LEDGER_STATES(X)
#undef X
    };
    return names[state];
}

static enum status fail(struct mongo_ledger *ledger, const char *what)
{
    (void)snprintf(ledger->error, sizeof(ledger->error), "%.255s", what);
    return STATUS_UNAVAILABLE;
}

enum status mongo_ledger_open(const char *uri, const char *database,
                              struct mongo_ledger **out_ledger, char *error, size_t error_size)
{
    mongoc_client_t *client;
    enum status status = mongo_uri_connect(uri, &client, error, error_size);
    if (status != STATUS_OK) {
        return status;
    }
    struct mongo_ledger *ledger = mem_new(1, sizeof(*ledger));
    ledger->client = client;
    ledger->days = mongoc_client_get_collection(client, database, COLLECTION);
    *out_ledger = ledger;
    return STATUS_OK;
}

void mongo_ledger_close(struct mongo_ledger **ledger_p)
{
    struct mongo_ledger *ledger = *ledger_p;
    *ledger_p = NULL;
    if (ledger != NULL) {
        mongoc_collection_destroy(ledger->days);
        mongoc_client_destroy(ledger->client);
        mem_free(ledger);
    }
}

static void append_range(bson_t *filter, const char *from_date, const char *to_date)
{
    bson_t range;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "day", &range);
    BSON_APPEND_UTF8(&range, "$gte", from_date);
    BSON_APPEND_UTF8(&range, "$lte", to_date);
    bson_append_document_end(filter, &range);
}

static void visit_document(const bson_t *document, mongo_ledger_visit_fn *visit, void *context)
{
    struct ledger_day day;
    struct ledger_hole *holes = mem_new(LEDGER_HOLES_MAX, sizeof(*holes));
    mongo_ledger_document_read(document, &day, holes);
    visit(context, &day);
    mem_free(holes);
}

enum status mongo_ledger_each(struct mongo_ledger *ledger, const char *topic, const char *zone,
                              const char *from_date, const char *to_date,
                              mongo_ledger_visit_fn *visit, void *context)
{
    bson_t filter = BSON_INITIALIZER;
    bson_t options = BSON_INITIALIZER;
    bson_t order;
    const bson_t *document;
    bson_error_t error;
    enum status status = STATUS_OK;

    BSON_APPEND_UTF8(&filter, "topic", topic);
    BSON_APPEND_UTF8(&filter, "timezone", zone);
    append_range(&filter, from_date, to_date);
    BSON_APPEND_DOCUMENT_BEGIN(&options, "sort", &order);
    BSON_APPEND_INT32(&order, "day", 1);
    bson_append_document_end(&options, &order);
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(ledger->days, &filter, &options, NULL);
    while (mongoc_cursor_next(cursor, &document)) {
        visit_document(document, visit, context);
    }
    if (mongoc_cursor_error(cursor, &error)) {
        status = fail(ledger, error.message);
    }
    mongoc_cursor_destroy(cursor);
    bson_destroy(&options);
    bson_destroy(&filter);
    return status;
}

enum status mongo_ledger_put(struct mongo_ledger *ledger, const struct ledger_day *day)
{
    char id[MONGO_LEDGER_ID_MAX];
    bson_t filter = BSON_INITIALIZER;
    bson_t document = BSON_INITIALIZER;
    bson_t options = BSON_INITIALIZER;
    bson_error_t error;

    mongo_ledger_document_id(day, id);
    BSON_APPEND_UTF8(&filter, "_id", id);
    BSON_APPEND_BOOL(&options, "upsert", true);
    mongo_ledger_document_write(day, &document);
    enum status status =
        mongoc_collection_replace_one(ledger->days, &filter, &document, &options, NULL, &error)
            ? STATUS_OK
            : fail(ledger, error.message);
    bson_destroy(&options);
    bson_destroy(&document);
    bson_destroy(&filter);
    return status;
}

const char *mongo_ledger_error(const struct mongo_ledger *ledger)
{
    return ledger->error;
}
