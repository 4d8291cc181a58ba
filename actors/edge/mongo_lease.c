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
    mongoc_client_t *client;
    enum status status = mongo_uri_connect(options->uri, &client, error, error_size);
    if (status != STATUS_OK) {
        return status;
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

static bson_t *command_of(const struct mongo_lease *lease, const bson_t *is_free,
                          const bson_t *holder, const bson_t *expires)
{
    return BCON_NEW("findAndModify", COLLECTION, "query", "{", "_id", BCON_UTF8(lease->name), "}",
                    "update", "[", "{", "$set", "{", "is_free", BCON_DOCUMENT(is_free), "}", "}",
                    "{", "$set", "{", "holder", BCON_DOCUMENT(holder), "expires",
                    BCON_DOCUMENT(expires), "}", "}", "{", "$unset", BCON_UTF8("is_free"), "}", "]",
                    "upsert", BCON_BOOL(true), "new", BCON_BOOL(true));
}

/* It becomes ours when it is ours, or over by the server's clock, or new; else it stays as it is.
 * The write concern is the client's (mongo_uri.h). */
static bson_t *take_command(const struct mongo_lease *lease)
{
    bson_t *is_ours = BCON_NEW("$eq", "[", "$holder", BCON_UTF8(lease->holder), "]");
    bson_t *is_over = BCON_NEW("$lt", "[", "$expires", "$$NOW", "]");
    bson_t *is_free = BCON_NEW("$or", "[", BCON_DOCUMENT(is_ours), BCON_DOCUMENT(is_over), "]");
    bson_t *end = BCON_NEW("$add", "[", "$$NOW", BCON_INT64(lease->duration_ms), "]");
    bson_t *holder = BCON_NEW("$cond", "[", "$is_free", BCON_UTF8(lease->holder), "$holder", "]");
    bson_t *expires = BCON_NEW("$cond", "[", "$is_free", BCON_DOCUMENT(end), "$expires", "]");
    bson_t *command = command_of(lease, is_free, holder, expires);
    bson_destroy(expires);
    bson_destroy(holder);
    bson_destroy(end);
    bson_destroy(is_free);
    bson_destroy(is_over);
    bson_destroy(is_ours);
    return command;
}

/* Who has it now, out of the document that came back. */
static bool take_holder(struct mongo_lease *lease, const bson_t *reply)
{
    bson_iter_t iter;
    bson_iter_t holder;
    if (!bson_iter_init(&iter, reply) ||
        !bson_iter_find_descendant(&iter, "value.holder", &holder) ||
        !BSON_ITER_HOLDS_UTF8(&holder)) {
        return false;
    }
    (void)snprintf(lease->present, sizeof(lease->present), "%s", bson_iter_utf8(&holder, NULL));
    return true;
}

static enum status try_to_take(struct mongo_lease *lease, bool *out_is_met)
{
    bson_t *command = take_command(lease);
    bson_t reply;
    bson_error_t error = {.code = 0};
    bool is_done = mongoc_client_write_command_with_opts(lease->client, lease->database, command,
                                                         NULL, &reply, &error);
    enum status status = STATUS_OK;
    if (!is_done) {
        *out_is_met = error.code == DUPLICATE_KEY;
        status = fail(lease, error.message);
    } else if (!take_holder(lease, &reply)) {
        status = fail(lease, "the server does not say who has the lease");
    } else if (strcmp(lease->present, lease->holder) != 0) {
        status = STATUS_BUSY;
    }
    bson_destroy(&reply);
    bson_destroy(command);
    return status;
}

enum status mongo_lease_take(struct mongo_lease *lease)
{
    bool is_met = false;
    enum status status = try_to_take(lease, &is_met);
    /* Two made it at the same moment: now it is there. */
    return is_met ? try_to_take(lease, &is_met) : status;
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
