#include "actors/edge/mongo_lease.h"

#include "actors/edge/mongo_uri.h"
#include "runtime/mem.h"

#include <mongoc/mongoc.h>
#include <stdio.h>
#include <string.h>

#define COLLECTION "batch_leases"

enum { DUPLICATE_KEY = 11000, NAME_MAX_BYTES = 1024 };

struct mongo_lease {
    mongoc_client_t *client;
    mongoc_collection_t *leases;
    char database[64];
    char name[NAME_MAX_BYTES];
    char holder[MONGO_LEASE_HOLDER_MAX];
    char present[MONGO_LEASE_HOLDER_MAX]; /* who has it, as far as we know */
    char error[MONGO_LEASE_ERROR_MAX];
    int64_t duration_ms;
};

static enum status fail(struct mongo_lease *lease, const char *what)
{
    (void)snprintf(lease->error, sizeof(lease->error), "%.255s", what);
    return STATUS_UNAVAILABLE;
}

enum status mongo_lease_open(const struct mongo_lease_options *options,
                             struct mongo_lease **out_lease, char *error, size_t error_size)
{
    mongoc_uri_t *parsed = NULL;
    mongoc_init();
    enum status status = mongo_uri_parse(options->uri, &parsed, error, error_size);
    if (status != STATUS_OK) {
        return status;
    }
    mongoc_client_t *client = mongoc_client_new_from_uri(parsed);
    mongoc_uri_destroy(parsed);
    if (client == NULL) {
        (void)snprintf(error, error_size, "the driver takes no such uri");
        return STATUS_BAD_CONFIG;
    }
    struct mongo_lease *lease = mem_new(1, sizeof(*lease));
    lease->client = client;
    lease->leases = mongoc_client_get_collection(client, options->database, COLLECTION);
    lease->duration_ms = options->duration_ms;
    (void)snprintf(lease->database, sizeof(lease->database), "%s", options->database);
    (void)snprintf(lease->name, sizeof(lease->name), "%s", options->name);
    (void)snprintf(lease->holder, sizeof(lease->holder), "%s", options->holder);
    *out_lease = lease;
    return STATUS_OK;
}

void mongo_lease_close(struct mongo_lease **lease_p)
{
    struct mongo_lease *lease = *lease_p;
    *lease_p = NULL;
    if (lease != NULL) {
        mongoc_collection_destroy(lease->leases);
        mongoc_client_destroy(lease->client);
        mem_free(lease);
    }
}

/* It is ours, or over by the server's clock; when it is neither, the upsert beneath meets the
 * document that is there, which is a duplicate key. */
static bson_t *take_command(const struct mongo_lease *lease)
{
    /* clang-format off */
    return BCON_NEW(
        "update", COLLECTION,
        "updates", "[", "{",
            "q", "{",
                "_id", BCON_UTF8(lease->name),
                "$expr", "{", "$or", "[",
                    "{", "$eq", "[", BCON_UTF8("$holder"), BCON_UTF8(lease->holder), "]", "}",
                    "{", "$lt", "[", BCON_UTF8("$expires"), BCON_UTF8("$$NOW"), "]", "}",
                "]", "}",
            "}",
            "u", "[", "{", "$set", "{",
                "holder", BCON_UTF8(lease->holder),
                "taken", BCON_UTF8("$$NOW"),
                "expires", "{", "$add", "[",
                    BCON_UTF8("$$NOW"), BCON_INT64(lease->duration_ms),
                "]", "}",
            "}", "}", "]",
            "upsert", BCON_BOOL(true),
        "}", "]",
        "writeConcern", "{", "w", BCON_UTF8("majority"), "j", BCON_BOOL(true), "}");
    /* clang-format on */
}

/* The code of the first write error in a reply; 0: there is none. */
static int32_t write_error(const bson_t *reply)
{
    bson_iter_t iter;
    bson_iter_t code;
    if (bson_iter_init(&iter, reply) &&
        bson_iter_find_descendant(&iter, "writeErrors.0.code", &code)) {
        return (int32_t)bson_iter_as_int64(&code);
    }
    return 0;
}

static enum status look_who_has_it(struct mongo_lease *lease)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(lease->name));
    const bson_t *document;
    bson_iter_t iter;
    bson_error_t error;
    enum status status = STATUS_BUSY;

    lease->present[0] = '\0';
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(lease->leases, filter, NULL, NULL);
    if (mongoc_cursor_next(cursor, &document) && bson_iter_init_find(&iter, document, "holder") &&
        BSON_ITER_HOLDS_UTF8(&iter)) {
        (void)snprintf(lease->present, sizeof(lease->present), "%s", bson_iter_utf8(&iter, NULL));
    }
    if (mongoc_cursor_error(cursor, &error)) {
        status = fail(lease, error.message);
    }
    mongoc_cursor_destroy(cursor);
    bson_destroy(filter);
    return status;
}

enum status mongo_lease_take(struct mongo_lease *lease)
{
    bson_t *command = take_command(lease);
    bson_t reply;
    bson_error_t error = {.code = 0};
    bool is_answered = mongoc_client_write_command_with_opts(lease->client, lease->database,
                                                             command, NULL, &reply, &error);
    int32_t code = write_error(&reply);
    enum status status = STATUS_OK;
    if (code == DUPLICATE_KEY || (!is_answered && error.code == DUPLICATE_KEY)) {
        status = look_who_has_it(lease);
    } else if (!is_answered) {
        status = fail(lease, error.message);
    } else if (code != 0) {
        status = fail(lease, "the server did not write the lease");
    } else {
        (void)snprintf(lease->present, sizeof(lease->present), "%s", lease->holder);
    }
    bson_destroy(&reply);
    bson_destroy(command);
    return status;
}

enum status mongo_lease_release(struct mongo_lease *lease)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(lease->name), "holder", BCON_UTF8(lease->holder));
    bson_error_t error;
    bool is_done = mongoc_collection_delete_one(lease->leases, filter, NULL, NULL, &error);
    bson_destroy(filter);
    return is_done ? STATUS_OK : fail(lease, error.message);
}

const char *mongo_lease_holder(const struct mongo_lease *lease)
{
    return lease->present;
}

const char *mongo_lease_error(const struct mongo_lease *lease)
{
    return lease->error;
}
