/* What the kinds of object stores are to object_store.c, and share with it. */
#ifndef CANDLED_STATE_OBJECT_STORE_INTERNAL_H
#define CANDLED_STATE_OBJECT_STORE_INTERNAL_H

#include "state/object_outage.h"
#include "state/object_source.h"
#include "state/object_store.h"
#include "state/object_target.h"

#include <stdbool.h>

/* Keys are good ones (object_store_is_key) when they come here. */
struct object_store_class {
    enum status (*check)(const char *url, char *error, size_t error_size);
    enum status (*open)(const char *url, struct object_store **out_store, char *error,
                        size_t error_size);
    void (*close)(struct object_store *store);
    enum status (*put)(struct object_store *store, const char *key,
                       const struct object_source *source, const struct object_progress *progress);
    enum status (*get)(struct object_store *store, const char *key, struct object_target *target,
                       const struct object_progress *progress);
    enum status (*list)(struct object_store *store, const char *prefix, object_visit_fn *visit,
                        void *context);
    enum status (*remove)(struct object_store *store, const char *key);
};

/* The first member of each kind's own struct. */
struct object_store {
    const struct object_store_class *class;
    struct object_outages *outages;
    char name[OBJECT_STORE_NAME_MAX]; /* for messages: where it is, without secrets */
};

extern const struct object_store_class object_store_folder_class;
extern const struct object_store_class object_store_s3_class;

/* Logs it, unless the last such call of the store has failed in the same way, and returns the
 * status. NULL: there is no key, or nothing to advise. */
enum status object_store_failed(const struct object_store *store, const char *call, const char *key,
                                enum status status, const char *error, const char *advice);

/* False: whoever is told wants it to end. `progress` may be NULL. */
bool object_store_tell(const struct object_progress *progress, int64_t done_bytes,
                       int64_t total_bytes);

#endif
