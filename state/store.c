#include "state/store.h"

#include "state/folder.h"
#include "state/store_internal.h"
#include "state/store_meta.h"
#include "state/store_open.h"

#include <unistd.h>

/* Closes and frees; whatever was said to the disk before stays as it is. */
static void destroy(struct store *store)
{
    int lock_fd = store->lock_fd;
    store_free(store);
    if (lock_fd >= 0) {
        (void)close(lock_fd);
    }
}

static enum status find_folder(const struct store_options *options, char *folder, size_t size)
{
    enum status status =
        folder_path(options->data_dir, options->topic, options->partition, folder, size);
    if (status != STATUS_OK) {
        return status;
    }
    if (options->is_read_only) {
        return access(folder, F_OK) == 0 ? STATUS_OK : STATUS_NOT_FOUND;
    }
    return folder_make(folder);
}

enum status store_lock(const struct store_options *options, int *out_fd)
{
    char folder[STORE_PATH_MAX];
    enum status status = find_folder(options, folder, sizeof(folder));
    if (status == STATUS_OK) {
        status = folder_check_local(folder);
    }
    return status == STATUS_OK ? folder_lock(folder, out_fd) : status;
}

enum status store_open(const struct store_options *options, struct store **out_store)
{
    int lock_fd;
    enum status status = store_lock(options, &lock_fd);
    if (status == STATUS_OK) {
        status = store_open_locked(options, lock_fd, out_store);
        if (status != STATUS_OK) {
            (void)close(lock_fd);
        }
    }
    return status;
}

void store_release(struct store **store_p)
{
    struct store *store = *store_p;
    *store_p = NULL;
    if (!store->is_read_only) {
        (void)(folder_unmark_open(store->folder) == STATUS_OK);
    }
    store_free(store);
}

static enum status sync_in_boot_mode(struct store *store)
{
    if (store->sync == STORE_SYNC_commit) {
        return STATUS_OK;
    }
    return store_status(store, mdb_env_sync(store->env, 1), "mdb_env_sync");
}

/* After this the disk holds everything, says so, and no boot id matters any more. */
static enum status mark_clean(struct store *store)
{
    enum status status = sync_in_boot_mode(store);
    if (status == STATUS_OK && !store->meta.is_clean) {
        status = store_meta_mark_clean(store);
        status = status == STATUS_OK ? sync_in_boot_mode(store) : status;
    }
    if (status == STATUS_OK && store->is_marked) {
        status = folder_remove_unsynced(store->folder);
    }
    return status;
}

void store_close(struct store **store_p)
{
    struct store *store = *store_p;
    *store_p = NULL;
    if (store == NULL) {
        return;
    }
    bool is_clean = !store->is_read_only && !store->is_broken && mark_clean(store) == STATUS_OK;
    if (is_clean) {
        /* Logged where it failed; the next open finds a store that was not closed. */
        (void)(folder_unmark_open(store->folder) == STATUS_OK);
    }
    destroy(store);
}

void store_abandon(struct store **store_p)
{
    struct store *store = *store_p;
    *store_p = NULL;
    if (store != NULL) {
        destroy(store);
    }
}

const struct meta *store_meta(const struct store *store)
{
    return &store->meta;
}

const char *store_folder(const struct store *store)
{
    return store->folder;
}
