/* An object store that is a bucket of S3, or of a server that speaks like it. */
#include "runtime/mem.h"
#include "state/object_store_internal.h"
#include "state/s3_client.h"
#include "state/s3_error.h"
#include "state/s3_url.h"
#include "state/s3_xml.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What S3 takes in one request. */
#define OBJECT_BYTES_MAX (5ll << 30)

enum { PAGES_MAX = 100000, HTTP_OK_MAX = 299 };

struct s3_store {
    struct object_store store;
    struct s3_url url;
    struct s3_client *client;
};

static struct s3_store *s3_of(struct object_store *store)
{
    return container_of(store, struct s3_store, store);
}

/* NULL when it is empty, too. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || *value == '\0' ? NULL : value;
}

static enum status set_region(struct s3_url *url, char *error, size_t error_size)
{
    const char *region = variable("AWS_REGION");
    if (url->region[0] != '\0') {
        return STATUS_OK;
    }
    region = region == NULL ? "us-east-1" : region;
    if (strlen(region) > S3_REGION_MAX || strpbrk(region, ":/. ") != NULL) {
        (void)snprintf(error, error_size, "AWS_REGION is not a region, like eu-central-1");
        return STATUS_BAD_CONFIG;
    }
    (void)snprintf(url->region, sizeof(url->region), "%s", region);
    return STATUS_OK;
}

static enum status check_url(const char *url, char *error, size_t error_size)
{
    struct s3_url parsed;
    return s3_url_parse(url, &parsed, error, error_size);
}

static enum status open_store(const char *url, struct object_store **out_store, char *error,
                              size_t error_size)
{
    struct s3_url parsed;
    enum status status = s3_url_parse(url, &parsed, error, error_size);
    if (status == STATUS_OK) {
        status = set_region(&parsed, error, error_size);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct s3_credentials credentials = {
        .key_id = variable("AWS_ACCESS_KEY_ID"),
        .secret = variable("AWS_SECRET_ACCESS_KEY"),
        .session_token = variable("AWS_SESSION_TOKEN"),
        .region = parsed.region,
        .ca_bundle = variable("AWS_CA_BUNDLE"),
    };
    if (credentials.key_id == NULL || credentials.secret == NULL) {
        (void)snprintf(error, error_size, "set %s in the environment",
                       credentials.key_id == NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
        return STATUS_BAD_CONFIG;
    }
    struct s3_store *s3 = mem_new(1, sizeof(*s3));
    s3->store.class = &object_store_s3_class;
    s3->url = parsed;
    s3->client = s3_client_create(&credentials);
    (void)snprintf(s3->store.name, sizeof(s3->store.name), "s3://%s/%s%s%s", parsed.bucket,
                   parsed.prefix, parsed.endpoint[0] == '\0' ? "" : " at ", parsed.endpoint);
    *out_store = &s3->store;
    return STATUS_OK;
}

static void close_store(struct object_store *store)
{
    struct s3_store *s3 = s3_of(store);
    s3_client_destroy(&s3->client);
    mem_free(s3);
}

static const char *advice_on(enum status status)
{
    switch (status) {
    case STATUS_REJECTED:
        return "mend the certificate, or name its authority in AWS_CA_BUNDLE";
    case STATUS_UNAVAILABLE:
    case STATUS_TIMED_OUT:
        return "is the server there, and snapshots.url right?";
    default:
        return NULL;
    }
}

/* Does it, and logs what went wrong, unless nothing was there or somebody ended it. */
static enum status do_request(struct object_store *store, const char *call, const char *key,
                              const struct s3_request *request, struct s3_answer *answer)
{
    char text[S3_ERROR_MAX];
    const char *advice;
    enum status status = s3_client_do(s3_of(store)->client, request, answer);

    if (status != STATUS_OK) {
        bool is_ours = answer->was_ended || status_class_of(status) == STATUS_CLASS_FATAL ||
                       status == STATUS_DISK_FULL || status == STATUS_MALFORMED;
        return is_ours ? status
                       : object_store_failed(store, call, key, status, answer->error,
                                             advice_on(status));
    }
    if (answer->http_code <= HTTP_OK_MAX) {
        return STATUS_OK;
    }
    struct slice body = {answer->body, answer->body_size};
    status = s3_error_judge(answer->http_code, body, text, &advice);
    return status == STATUS_NOT_FOUND ? status
                                      : object_store_failed(store, call, key, status, text, advice);
}

static enum status do_object(struct object_store *store, const char *call, const char *key,
                             struct s3_request *request)
{
    char url[S3_URL_MAX];
    struct s3_answer answer;
    if (!s3_url_of_object(&s3_of(store)->url, key, url, sizeof(url))) {
        return object_store_failed(store, call, key, STATUS_REJECTED, "the key is too long", NULL);
    }
    request->url = url;
    enum status status = do_request(store, call, key, request, &answer);
    s3_client_forget(&answer);
    return status;
}

/* What only a missing thing on the way can mean, where nothing was looked for. */
static enum status refuse_missing(struct object_store *store, const char *call, const char *key)
{
    return object_store_failed(store, call, key, STATUS_REJECTED, "HTTP 404",
                               "is there an S3 server at the endpoint?");
}

static enum status put(struct object_store *store, const char *key,
                       const struct object_source *source, const struct object_progress *progress)
{
    char sha256[OBJECT_SHA256_SIZE];
    if (source->size_bytes > OBJECT_BYTES_MAX) {
        return object_store_failed(store, "put", key, STATUS_REJECTED,
                                   "it is larger than 5 GiB, and uploads in parts are not "
                                   "supported",
                                   "use a shared folder (file://), or more partitions");
    }
    enum status status = object_source_sha256(source, progress, sha256);
    if (status != STATUS_OK) {
        return status;
    }
    struct s3_request request = {
        .method = "PUT", .source = source, .source_sha256 = sha256, .progress = progress};
    status = do_object(store, "put", key, &request);
    return status == STATUS_NOT_FOUND ? refuse_missing(store, "put", key) : status;
}

static enum status get(struct object_store *store, const char *key, struct object_target *target,
                       const struct object_progress *progress)
{
    struct s3_request request = {.method = "GET", .target = target, .progress = progress};
    return do_object(store, "get", key, &request);
}

static enum status remove_object(struct object_store *store, const char *key)
{
    struct s3_request request = {.method = "DELETE"};
    enum status status = do_object(store, "delete", key, &request);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

struct listing {
    const struct s3_url *url;
    const char *prefix;
    object_visit_fn *visit;
    void *context;
};

static void visit_key(void *context, const char *key, int64_t size_bytes)
{
    const struct listing *listing = context;
    size_t size = strlen(listing->url->prefix);
    if (strncmp(key, listing->url->prefix, size) == 0 && object_store_is_key(key + size) &&
        strncmp(key + size, listing->prefix, strlen(listing->prefix)) == 0) {
        listing->visit(listing->context, key + size, size_bytes);
    }
}

static enum status list_page(struct object_store *store, struct listing *listing,
                             char token[S3_TOKEN_MAX + 1])
{
    char url[S3_URL_MAX];
    struct s3_answer answer;
    struct s3_request request = {.method = "GET", .url = url};

    if (!s3_url_of_list(listing->url, listing->prefix, token, url, sizeof(url))) {
        return object_store_failed(store, "list", listing->prefix, STATUS_REJECTED,
                                   "the prefix is too long", NULL);
    }
    enum status status = do_request(store, "list", listing->prefix, &request, &answer);
    if (status == STATUS_OK) {
        struct slice body = {answer.body, answer.body_size};
        status = s3_xml_read_page(body, visit_key, listing, token);
    }
    s3_client_forget(&answer);
    if (status == STATUS_MALFORMED) {
        return object_store_failed(store, "list", listing->prefix, STATUS_REJECTED,
                                   "the answer is no list of keys",
                                   "is there an S3 server at the endpoint?");
    }
    return status == STATUS_NOT_FOUND ? refuse_missing(store, "list", listing->prefix) : status;
}

static enum status list(struct object_store *store, const char *prefix, object_visit_fn *visit,
                        void *context)
{
    struct listing listing = {&s3_of(store)->url, prefix, visit, context};
    char token[S3_TOKEN_MAX + 1] = "";
    for (int page = 0; page < PAGES_MAX; page++) {
        enum status status = list_page(store, &listing, token);
        if (status != STATUS_OK || token[0] == '\0') {
            return status;
        }
    }
    return object_store_failed(store, "list", prefix, STATUS_REJECTED, "the list does not end",
                               "is there an S3 server at the endpoint?");
}

const struct object_store_class object_store_s3_class = {
    .check = check_url,
    .open = open_store,
    .close = close_store,
    .put = put,
    .get = get,
    .list = list,
    .remove = remove_object,
};
