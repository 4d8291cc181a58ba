#include "state/store_open.h"

#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/folder.h"
#include "state/mdb_file.h"
#include "state/store_internal.h"
#include "state/store_tables.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { READERS_MAX = 64, FILE_MODE = 0640, MAP_GRANULE = 64 << 10 };

static const size_t MAP_BYTES_DEFAULT = (size_t)64 << 20;
static const size_t MAP_BYTES_MAX_DEFAULT = (size_t)1 << 40;

static struct store *create(const struct store_options *options)
{
    struct store *store = mem_new(1, sizeof(*store));
    store->lock_fd = -1;
    store->sync = options->sync;
    store->is_read_only = options->is_read_only;
    store->map_bytes = options->map_bytes > 0 ? options->map_bytes : MAP_BYTES_DEFAULT;
    store->map_bytes_max =
        options->map_bytes_max > 0 ? options->map_bytes_max : MAP_BYTES_MAX_DEFAULT;
    assert(strlen(options->boot_id) < sizeof(store->boot_id));
    strcpy(store->boot_id, options->boot_id);
    (void)snprintf(store->meta.topic, sizeof(store->meta.topic), "%s", options->topic);
    store->meta.partition = options->partition;
    (void)pthread_rwlock_init(&store->map_lock, NULL);
    return store;
}

static enum status refuse_untrusted(const struct store *store)
{
    log_event(LOG_store_refused, log_text("folder", store->folder),
              log_text("reason",
                       "its last commits were not synced before the machine stopped: the "
                       "next shard puts it aside and goes on from a snapshot or the log"));
    return STATUS_CORRUPT;
}

/* Commits of another boot that were not synced: nobody knows which of their pages reached the disk,
 * so LMDB does not even get to see them. */
static enum status check_trust(struct store *store)
{
    char boot_id[sizeof(store->boot_id)];
    enum status status = folder_read_unsynced(store->folder, boot_id, sizeof(boot_id));
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK && strcmp(boot_id, store->boot_id) != 0) {
        return store->is_read_only ? refuse_untrusted(store)
                                   : folder_set_aside(store->folder, FOLDER_REASON_UNSYNCED);
    }
    store->is_marked = status == STATUS_OK;
    return status;
}

/* Before LMDB maps the file: whatever it finds there, the next start knows that this one ended. */
static enum status mark_open(struct store *store)
{
    return store->is_read_only ? STATUS_OK
                               : folder_mark_open(store->folder, &store->has_marked_open);
}

/* An open that failed has come to its end as well; only what it found may make the next one look
 * closer. */
static void take_back_mark(const struct store *store, enum status status)
{
    if (store->has_marked_open && status != STATUS_CORRUPT) {
        (void)(folder_unmark_open(store->folder) == STATUS_OK);
    }
}

static void choose_map_bytes(struct store *store, uint64_t file_size)
{
    if (store->map_bytes < file_size * 2) {
        store->map_bytes = file_size * 2;
    }
    store->map_bytes = (store->map_bytes + MAP_GRANULE - 1) / MAP_GRANULE * MAP_GRANULE;
}

static unsigned env_flags(const struct store *store)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
    if (store->is_read_only) {
        return flags | MDB_RDONLY;
    }
    return flags | (store->sync == STORE_SYNC_boot ? MDB_NOSYNC : 0);
}

static enum status open_env(struct store *store, const char *path, unsigned flags)
{
    int dead;
    bool is_locked = (flags & MDB_NOLOCK) == 0;

    enum status status = is_locked ? mdb_file_reserve_lock(path, READERS_MAX) : STATUS_OK;
    if (status == STATUS_OK) {
        status = store_status(store, mdb_env_create(&store->env), "mdb_env_create");
    }
    if (status != STATUS_OK) {
        return status;
    }
    (void)mdb_env_set_maxdbs(store->env, TABLE_COUNT);
    (void)mdb_env_set_maxreaders(store->env, READERS_MAX);
    (void)mdb_env_set_mapsize(store->env, store->map_bytes);
    int rc = mdb_env_open(store->env, path, flags, FILE_MODE);
    if (rc != 0) {
        return store_status(store, rc, "mdb_env_open");
    }
    /* What a process that died was reading would keep its pages from being used again. */
    return store_status(store, mdb_reader_check(store->env, &dead), "mdb_reader_check");
}

static enum status look_at_file(struct store *store, const char *path, struct mdb_file *file)
{
    *file = (struct mdb_file){.size = 0};
    enum status status = mdb_file_look(path, file);
    if (store->is_read_only) {
        if (status == STATUS_OK && file->missing > 0) {
            log_event(LOG_store_refused, log_text("path", path),
                      log_text("reason", "the file ends before its last page: only a shard, which "
                                         "may write, can open it"));
            return STATUS_CORRUPT;
        }
        return status;
    }
    if (status == STATUS_OK) {
        status = mdb_file_fill(path, file);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status open_tables(struct store *store, const struct mdb_file *file)
{
    bool is_new = false;
    enum status status = store_tables_open(store, &is_new);
    if (status == STATUS_OK && file->missing > 0) {
        status = store_tables_check_missing(store, file->page_count - file->missing);
    }
    if (status == STATUS_OK && is_new) {
        /* In `boot` mode, too, an empty store is on the disk before anybody hears of it. */
        status = store_status(store, mdb_env_sync(store->env, 1), "mdb_env_sync");
        status = status == STATUS_OK ? folder_sync(store->folder) : status;
    }
    return status;
}

/* Commits of this boot that were not synced are made so when from now on each commit is. */
static enum status sync_earlier_commits(struct store *store)
{
    if (!store->is_marked || store->sync == STORE_SYNC_boot || store->is_read_only) {
        return STATUS_OK;
    }
    enum status status = store_status(store, mdb_env_sync(store->env, 1), "mdb_env_sync");
    if (status == STATUS_OK) {
        status = folder_remove_unsynced(store->folder);
    }
    store->is_marked = status != STATUS_OK;
    return status;
}

static enum status open_all(struct store *store)
{
    char path[STORE_PATH_MAX];
    struct mdb_file file;

    enum status status = check_trust(store);
    if (status == STATUS_OK) {
        status = folder_join(store->folder, FOLDER_DATA_NAME, path, sizeof(path));
    }
    if (status == STATUS_OK) {
        status = look_at_file(store, path, &file);
    }
    if (status == STATUS_OK) {
        choose_map_bytes(store, file.size);
        status = mark_open(store);
    }
    if (status == STATUS_OK) {
        status = open_env(store, path, env_flags(store));
    }
    if (status == STATUS_OK) {
        status = open_tables(store, &file);
    }
    return status == STATUS_OK ? sync_earlier_commits(store) : status;
}

void store_free(struct store *store)
{
    if (store->env != NULL) {
        mdb_env_close(store->env);
    }
    (void)pthread_rwlock_destroy(&store->map_lock);
    mem_free(store);
}

enum status store_open_locked(const struct store_options *options, int lock_fd,
                              struct store **out_store)
{
    struct store *store = create(options);
    enum status status = folder_path(options->data_dir, options->topic, options->partition,
                                     store->folder, sizeof(store->folder));
    if (status == STATUS_OK) {
        status = open_all(store);
    }
    if (status != STATUS_OK) {
        take_back_mark(store, status);
        store_free(store);
        return status;
    }
    store->lock_fd = lock_fd;
    *out_store = store;
    return STATUS_OK;
}

enum status store_open_file(const char *path, struct store **out_store)
{
    struct store_options options = {.topic = "", .boot_id = "", .is_read_only = true};
    struct store *store = create(&options);
    struct mdb_file file;
    bool is_new;

    (void)snprintf(store->folder, sizeof(store->folder), "%s", path);
    enum status status = mdb_file_look(path, &file);
    if (status == STATUS_OK) {
        choose_map_bytes(store, file.size);
        status = open_env(store, path, env_flags(store) | MDB_NOLOCK);
    }
    if (status == STATUS_OK) {
        status = store_tables_open(store, &is_new);
    }
    if (status != STATUS_OK) {
        store_free(store);
        return status;
    }
    *out_store = store;
    return STATUS_OK;
}
