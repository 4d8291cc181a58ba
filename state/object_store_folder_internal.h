/* What the files of the folder kind share: object_store_folder.c opens, reads and deletes,
 * object_store_folder_put.c writes, object_store_folder_list.c lists. */
#ifndef CANDLED_STATE_OBJECT_STORE_FOLDER_INTERNAL_H
#define CANDLED_STATE_OBJECT_STORE_FOLDER_INTERNAL_H

#include "state/object_store_internal.h"

enum { FOLDER_PATH_SIZE = 4096 };

/* Absolute, without a slash at its end; any key's path below it fits into FOLDER_PATH_SIZE. */
const char *object_store_folder_root(const struct object_store *store);

void object_store_folder_path(const struct object_store *store, const char *key,
                              char path[FOLDER_PATH_SIZE]);

/* What errno says, logged. */
enum status object_store_folder_failed(const struct object_store *store, const char *call,
                                       const char *key);

/* STATUS_UNAVAILABLE, logged: the root is not there. */
MUST_CHECK enum status object_store_folder_check(const struct object_store *store,
                                                 const char *call);

/* The folder that a path stands in, to the disk: a name must last as long as what it names. */
MUST_CHECK enum status object_store_folder_sync(const struct object_store *store, const char *key,
                                                const char *path);

/* As in struct object_store_class. */
enum status object_store_folder_put(struct object_store *store, const char *key,
                                    const struct object_source *source,
                                    const struct object_progress *progress);
enum status object_store_folder_list(struct object_store *store, const char *prefix,
                                     object_visit_fn *visit, void *context);

#endif
