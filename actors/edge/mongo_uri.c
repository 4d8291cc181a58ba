#include "actors/edge/mongo_uri.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WRITE_TIMEOUT_MS = 3000 };

static bool has_option(const mongoc_uri_t *uri, const char *name)
{
    return mongoc_uri_has_option(uri, name);
}

static void set_times(mongoc_uri_t *uri)
{
    static const struct {
        const char *name;
        int32_t ms;
    } times[] = {
        {MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 2000},
        {MONGOC_URI_CONNECTTIMEOUTMS, 2000},
        {MONGOC_URI_SOCKETTIMEOUTMS, 5000},
    };
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        if (!has_option(uri, times[i].name)) {
            (void)mongoc_uri_set_option_as_int32(uri, times[i].name, times[i].ms);
        }
    }
}

static void set_write_concern(mongoc_uri_t *uri)
{
    mongoc_write_concern_t *concern = mongoc_write_concern_copy(mongoc_uri_get_write_concern(uri));
    if (!has_option(uri, MONGOC_URI_W)) {
        mongoc_write_concern_set_w(concern, MONGOC_WRITE_CONCERN_W_MAJORITY);
    }
    if (!has_option(uri, MONGOC_URI_JOURNAL)) {
        mongoc_write_concern_set_journal(concern, true);
    }
    if (!has_option(uri, MONGOC_URI_WTIMEOUTMS)) {
        mongoc_write_concern_set_wtimeout_int64(concern, WRITE_TIMEOUT_MS);
    }
    mongoc_uri_set_write_concern(uri, concern);
    mongoc_write_concern_destroy(concern);
}

/* The driver's own answer is yes as soon as a journal is asked for. */
static bool is_acknowledged(const mongoc_uri_t *uri)
{
    int32_t w = mongoc_write_concern_get_w(mongoc_uri_get_write_concern(uri));
    return w != MONGOC_WRITE_CONCERN_W_UNACKNOWLEDGED && w != MONGOC_WRITE_CONCERN_W_ERRORS_IGNORED;
}

enum status mongo_uri_parse(const char *text, mongoc_uri_t **out_uri, char *error,
                            size_t error_size)
{
    bson_error_t wrong;
    mongoc_uri_t *uri = mongoc_uri_new_with_error(text, &wrong);

    if (uri == NULL) {
        (void)snprintf(error, error_size, "%s", wrong.message);
        return STATUS_BAD_CONFIG;
    }
    set_times(uri);
    set_write_concern(uri);
    if (!has_option(uri, MONGOC_URI_RETRYWRITES)) {
        (void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, true);
    }
    if (mongoc_uri_get_appname(uri) == NULL) {
        (void)mongoc_uri_set_appname(uri, "candled");
    }
    if (!is_acknowledged(uri)) {
        (void)snprintf(error, error_size, "w=0 in the uri: a write must be acknowledged");
        mongoc_uri_destroy(uri);
        return STATUS_BAD_CONFIG;
    }
    *out_uri = uri;
    return STATUS_OK;
}

static void append(char *text, size_t size, const char *more)
{
    size_t length = strlen(text);
    (void)snprintf(text + length, size - length, "%s", more);
}

void mongo_uri_print(const mongoc_uri_t *uri, char *text, size_t size)
{
    const char *service = mongoc_uri_get_srv_hostname(uri);
    const mongoc_host_list_t *host = mongoc_uri_get_hosts(uri);

    (void)snprintf(text, size, "mongodb%s://%s", service == NULL ? "" : "+srv",
                   service == NULL ? "" : service);
    for (bool is_first = true; host != NULL; host = host->next, is_first = false) {
        append(text, size, is_first ? "" : ",");
        append(text, size, host->host_and_port);
    }
}

enum status mongo_uri_connect(const char *text, mongoc_client_t **out_client, char *error,
                              size_t error_size)
{
    mongoc_uri_t *uri = NULL;
    mongoc_init();
    enum status status = mongo_uri_parse(text, &uri, error, error_size);
    if (status != STATUS_OK) {
        return status;
    }
    mongoc_client_t *client = mongoc_client_new_from_uri(uri);
    mongoc_uri_destroy(uri);
    if (client == NULL) {
        (void)snprintf(error, error_size, "the driver takes no such uri");
        return STATUS_BAD_CONFIG;
    }
    *out_client = client;
    return STATUS_OK;
}
