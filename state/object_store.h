/* Where snapshots (and later backups) are copied on to: a folder that shards share, or an
 * S3-compatible bucket. Objects have a key like `TOPIC/PARTITION/NAME.mdb` below the url's prefix,
 * and appear whole or not at all.
 *
 *   file:///shared/folder
 *   s3://bucket/prefix?endpoint=http://host:9000&region=us-east-1
 *
 * Credentials of S3 come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, a
 * certificate authority of one's own from AWS_CA_BUNDLE. The region is the url's, or else
 * AWS_REGION, or else us-east-1.
 * Keys are UTF-8 without control characters, in parts between slashes, none of them empty, . or ..
 * Thread: any, several calls at once; every call blocks. What goes wrong is logged here. */
#ifndef CANDLED_STATE_OBJECT_STORE_H
#define CANDLED_STATE_OBJECT_STORE_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object_store;

enum { OBJECT_KEY_MAX = 512, OBJECT_KEY_PART_MAX = 255, OBJECT_STORE_NAME_MAX = 1024 };

/* A folder's own, where copies stand until they are whole: no key begins with this part. */
#define OBJECT_STORE_INCOMING ".incoming"

/* Told how far a transfer has come; false ends it with STATUS_TIMED_OUT. */
typedef bool object_progress_fn(void *context, int64_t done_bytes, int64_t total_bytes);

struct object_progress {
    object_progress_fn *tell; /* NULL: nobody */
    void *context;
};

/* STATUS_BAD_CONFIG, with what is wrong in `error`: no such scheme, a bad endpoint, credentials
 * that are missing. Touches neither disk nor network. */
MUST_CHECK enum status object_store_open(const char *url, struct object_store **out_store,
                                         char *error, size_t error_size);

/* Whether a url is one, whatever the environment holds; errors as above. */
MUST_CHECK enum status object_store_check(const char *url, char *error, size_t error_size);

void object_store_close(struct object_store **store_p);

/* Where it is, for messages: without credentials or parameters. */
const char *object_store_name(const struct object_store *store);

/* Other keys are STATUS_REJECTED. */
bool object_store_is_key(const char *key);

/* STATUS_UNAVAILABLE, STATUS_TIMED_OUT: try again later. STATUS_REJECTED: the server will not have
 * it (no such bucket, access denied), and trying again helps only when somebody mends that. */
MUST_CHECK enum status object_store_put(struct object_store *store, const char *key,
                                        const char *path, const struct object_progress *progress);

/* Into a new file at `path`, synced; nothing is left there on failure. STATUS_NOT_FOUND. */
MUST_CHECK enum status object_store_get(struct object_store *store, const char *key,
                                        const char *path, const struct object_progress *progress);

/* What a file holds, as it was read back after it was written. */
struct object_content {
    int64_t size_bytes;
    uint32_t crc32c;
};

/* object_store_get() that tells it. */
MUST_CHECK enum status object_store_get_checked(struct object_store *store, const char *key,
                                                const char *path,
                                                const struct object_progress *progress,
                                                struct object_content *out_content);

/* A small one into memory. STATUS_NOT_FOUND; STATUS_MALFORMED: it has more than size_max bytes. */
MUST_CHECK enum status object_store_read(struct object_store *store, const char *key, void *bytes,
                                         size_t size_max, size_t *out_size);

/* Calls `visit` for each key that begins with `prefix` (which may end within a part), in no order.
 * Objects that no key can name are left out. */
typedef void object_visit_fn(void *context, const char *key, int64_t size_bytes);

MUST_CHECK enum status object_store_list(struct object_store *store, const char *prefix,
                                         object_visit_fn *visit, void *context);

/* None is fine. */
MUST_CHECK enum status object_store_delete(struct object_store *store, const char *key);

#endif
