#include "state/folder.h"
#include "state/mdb_file.h"
#include "state/recovery_internal.h"
#include "state/store.h"
#include "state/store_open.h"
#include "state/walk.h"

#include <string.h>

bool recovery_is_ours(const struct recovery_search *search, const char *topic, int32_t partition)
{
    const struct store_options *options = &search->options->store;
    return strcmp(topic, options->topic) == 0 && partition == options->partition;
}

/* NULL: nothing speaks against its commits. */
static enum status is_of_this_boot(struct recovery_search *search, bool *out_is)
{
    char boot_id[64];
    enum status status = folder_read_unsynced(search->folder, boot_id, sizeof(boot_id));
    if (status == STATUS_NOT_FOUND) {
        *out_is = true;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        *out_is = strcmp(boot_id, search->options->store.boot_id) == 0;
    }
    return status;
}

/* Whoever had it open did not close it, or pages are missing: then somebody else looks first. */
static enum status walk_if_needed(struct recovery_search *search, const char *path,
                                  const struct mdb_file *file)
{
    if (file->missing == 0 && !folder_is_marked_open(search->folder)) {
        return STATUS_OK;
    }
    return walk_in_child(search->options->walker, path);
}

static enum status open_env(struct recovery_search *search, const char *path)
{
    struct mdb_file file;
    enum status status = mdb_file_look(path, &file);
    if (status == STATUS_OK) {
        status = walk_if_needed(search, path, &file);
    }
    if (status == STATUS_OK) {
        status = store_open_locked(&search->options->store, search->lock_fd, &search->env);
    }
    return status;
}

static enum status check_owner(struct recovery_search *search)
{
    const struct meta *meta = store_meta(search->env);
    if (recovery_is_ours(search, meta->topic, meta->partition)) {
        return STATUS_OK;
    }
    store_release(&search->env);
    return folder_set_aside(search->folder, "it is of another topic or partition");
}

enum status recovery_open_env(struct recovery_search *search)
{
    char path[RECOVERY_PATH_MAX];
    bool is_trusted = false;
    enum status status = folder_join(search->folder, FOLDER_DATA_NAME, path, sizeof(path));
    if (status == STATUS_OK) {
        status = is_of_this_boot(search, &is_trusted);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!is_trusted) {
        return folder_set_aside(search->folder, FOLDER_REASON_UNSYNCED);
    }
    status = open_env(search, path);
    switch (status) {
    case STATUS_OK:
        return check_owner(search);
    case STATUS_NOT_FOUND:
        return STATUS_OK;
    case STATUS_CORRUPT:
        return folder_set_aside(search->folder, "it is damaged");
    default:
        return status;
    }
}
