#include "state/object_store.h"

#include "proto/utf8.h"
#include "runtime/crc32c.h"
#include "runtime/log.h"
#include "state/object_store_internal.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
#define OBJECT_STORE_SCHEMES(X)                                                      \
    /* scheme      kind     example                                               */ \
    X("file://",   folder,  "file:///shared/folder")                                 \
    X("s3://",     s3,      "s3://bucket/prefix?endpoint=http://host:9000")
/* clang-format on */

static const struct {
    const char *scheme;
    const struct object_store_class *class;
} schemes[] = {
#define X(scheme, kind, example) {scheme, &object_store_##kind##_class},
    OBJECT_STORE_SCHEMES(X)
#undef X
};

/* What this thread does: who fails knows its system call, and not what it is for. */
static _Thread_local enum object_call running;

/* NULL: there is none, and `error` says so. */
static const struct object_store_class *class_of(const char *url, char *error, size_t error_size)
{
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        if (strncmp(url, schemes[i].scheme, strlen(schemes[i].scheme)) == 0) {
            return schemes[i].class;
        }
    }
#define X(scheme, kind, example) " or " example
    static const char examples[] = OBJECT_STORE_SCHEMES(X);
#undef X
    (void)snprintf(error, error_size, "no such scheme; it looks like %s",
                   examples + strlen(" or "));
    return NULL;
}

enum status object_store_check(const char *url, char *error, size_t error_size)
{
    const struct object_store_class *class = class_of(url, error, error_size);
    return class == NULL ? STATUS_BAD_CONFIG : class->check(url, error, error_size);
}

enum status object_store_open(const char *url, struct object_store **out_store, char *error,
                              size_t error_size)
{
    const struct object_store_class *class = class_of(url, error, error_size);
    if (class == NULL) {
        return STATUS_BAD_CONFIG;
    }
    enum status status = class->open(url, out_store, error, error_size);
    if (status == STATUS_OK) {
        (*out_store)->outages = object_outage_create();
    }
    return status;
}

void object_store_close(struct object_store **store_p)
{
    struct object_store *store = *store_p;
    *store_p = NULL;
    if (store != NULL) {
        object_outage_destroy(&store->outages);
        store->class->close(store);
    }
}

const char *object_store_name(const struct object_store *store)
{
    return store->name;
}

/* Words of a server may differ from one time to the next; what to do says enough. */
static uint32_t reason_of(enum status status, const char *error, const char *advice)
{
    const char *why = advice != NULL ? advice : error;
    return crc32c(slice_of_text(why)) ^ (uint32_t)status;
}

enum status object_store_failed(const struct object_store *store, const char *call, const char *key,
                                enum status status, const char *error, const char *advice)
{
    if (!object_outage_note(store->outages, running, reason_of(status, error, advice))) {
        return status;
    }
    log_event(LOG_object_store_failed, log_text("call", call), log_text("store", store->name),
              log_text("key", key), log_text("status", status_text(status)),
              log_text("error", error), log_text("advice", advice));
    return status;
}

static void begin(enum object_call call)
{
    running = call;
}

/* That something is not there is an answer like another. */
static enum status end(const struct object_store *store, enum status status)
{
    bool works = status == STATUS_OK || status == STATUS_NOT_FOUND;
    int64_t failures = works ? object_outage_end(store->outages, running) : 0;
    if (failures > 0) {
        log_event(LOG_object_store_works, log_text("call", object_outage_call_name(running)),
                  log_text("store", store->name), log_int("failures", failures));
    }
    return status;
}

bool object_store_tell(const struct object_progress *progress, int64_t done_bytes,
                       int64_t total_bytes)
{
    return progress == NULL || progress->tell == NULL ||
           progress->tell(progress->context, done_bytes, total_bytes);
}

static bool is_part(const char *part, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)part[i] < 0x20 || part[i] == 0x7f) {
            return false;
        }
    }
    bool is_here = size == 1 && part[0] == '.';
    bool is_above = size == 2 && part[0] == '.' && part[1] == '.';
    return size > 0 && size <= OBJECT_KEY_PART_MAX && !is_here && !is_above;
}

/* A folder that holds what is not whole yet is none of ours to name. */
static bool is_reserved(const char *key)
{
    size_t size = strlen(OBJECT_STORE_INCOMING);
    return strncmp(key, OBJECT_STORE_INCOMING, size) == 0 && (key[size] == '/' || key[size] == 0);
}

bool object_store_is_key(const char *key)
{
    size_t size = strlen(key);
    if (size > OBJECT_KEY_MAX || !utf8_is_valid((struct slice){key, size}) || is_reserved(key)) {
        return false;
    }
    for (const char *part = key;; part++) {
        size = strcspn(part, "/");
        if (!is_part(part, size)) {
            return false;
        }
        part += size;
        if (*part == '\0') {
            return true;
        }
    }
}

/* Logs one that is not. */
static enum status check_key(const struct object_store *store, const char *call, const char *key)
{
    if (object_store_is_key(key)) {
        return STATUS_OK;
    }
    return object_store_failed(store, call, key, STATUS_REJECTED, "this cannot be a key", NULL);
}

enum status object_store_put(struct object_store *store, const char *key, const char *path,
                             const struct object_progress *progress)
{
    struct object_source source;
    begin(OBJECT_CALL_put);
    enum status status = check_key(store, "put", key);
    if (status == STATUS_OK) {
        status = object_source_open(path, &source);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = end(store, store->class->put(store, key, &source, progress));
    object_source_close(&source);
    return status;
}

enum status object_store_get_checked(struct object_store *store, const char *key, const char *path,
                                     const struct object_progress *progress,
                                     struct object_content *out_content)
{
    struct object_target target;
    begin(OBJECT_CALL_get);
    enum status status = check_key(store, "get", key);
    if (status == STATUS_OK) {
        status = object_target_open(path, &target);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = end(store, store->class->get(store, key, &target, progress));
    status = object_target_end(&target, status);
    if (status == STATUS_OK) {
        *out_content = (struct object_content){target.file.size, target.file.crc32c};
    }
    return status;
}

enum status object_store_get(struct object_store *store, const char *key, const char *path,
                             const struct object_progress *progress)
{
    struct object_content content;
    return object_store_get_checked(store, key, path, progress, &content);
}

enum status object_store_read(struct object_store *store, const char *key, void *bytes,
                              size_t size_max, size_t *out_size)
{
    struct object_target target = {.fd = -1, .room = bytes, .size_max = size_max};
    begin(OBJECT_CALL_get);
    enum status status = check_key(store, "read", key);
    if (status == STATUS_OK) {
        status = end(store, store->class->get(store, key, &target, NULL));
    }
    if (status == STATUS_OK) {
        *out_size = (size_t)target.size;
    }
    return status;
}

enum status object_store_list(struct object_store *store, const char *prefix,
                              object_visit_fn *visit, void *context)
{
    begin(OBJECT_CALL_list);
    return end(store, store->class->list(store, prefix, visit, context));
}

enum status object_store_delete(struct object_store *store, const char *key)
{
    begin(OBJECT_CALL_delete);
    enum status status = check_key(store, "delete", key);
    return status == STATUS_OK ? end(store, store->class->remove(store, key)) : status;
}
