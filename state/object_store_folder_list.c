/* Lists a folder's objects. */
#include "state/object_store_folder_internal.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* One entry of the walk; what is in nobody's way is passed over. */
static enum status list_entry(const struct object_store *store, FTS *walk, FTSENT *entry,
                              const char *prefix, object_visit_fn *visit, void *context)
{
    size_t root_size = strlen(object_store_folder_root(store));
    const char *key = entry->fts_path + root_size + (entry->fts_pathlen > root_size ? 1 : 0);

    switch (entry->fts_info) {
    case FTS_D:
        if (strcmp(key, OBJECT_STORE_INCOMING) == 0) {
            (void)fts_set(walk, entry, FTS_SKIP);
        }
        return STATUS_OK;
    case FTS_F:
        if (strncmp(key, prefix, strlen(prefix)) == 0 && object_store_is_key(key)) {
            visit(context, key, (int64_t)entry->fts_statp->st_size);
        }
        return STATUS_OK;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS: /* gone since its folder was read: deleted beside us */
        errno = entry->fts_errno;
        return errno == ENOENT ? STATUS_OK : object_store_folder_failed(store, "list", key);
    default:
        return STATUS_OK;
    }
}

static enum status list_below(const struct object_store *store, char *path, const char *prefix,
                              object_visit_fn *visit, void *context)
{
    char *const roots[] = {path, NULL};
    enum status status = STATUS_OK;
    FTSENT *entry;
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    if (walk == NULL) {
        return object_store_folder_failed(store, "list", prefix);
    }
    errno = 0;
    while (status == STATUS_OK && (entry = fts_read(walk)) != NULL) {
        status = list_entry(store, walk, entry, prefix, visit, context);
        errno = 0;
    }
    if (status == STATUS_OK && errno != 0) {
        status = object_store_folder_failed(store, "list", prefix);
    }
    (void)fts_close(walk);
    return status;
}

enum status object_store_folder_list(struct object_store *store, const char *prefix,
                                     object_visit_fn *visit, void *context)
{
    char path[FOLDER_PATH_SIZE];
    char parent[OBJECT_KEY_MAX + 1];
    const char *slash = strrchr(prefix, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - prefix);
    enum status status = object_store_folder_check(store, "list");

    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(parent, sizeof(parent), "%.*s", (int)size, prefix);
    if (size > OBJECT_KEY_MAX || (size > 0 && !object_store_is_key(parent))) {
        return object_store_failed(store, "list", prefix, STATUS_REJECTED,
                                   "no key begins like this", NULL);
    }
    (void)snprintf(path, sizeof(path), "%s%s%s", object_store_folder_root(store),
                   size > 0 ? "/" : "", parent);
    return list_below(store, path, prefix, visit, context);
}
