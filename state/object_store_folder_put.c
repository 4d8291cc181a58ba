/* Puts an object into a folder: a copy in a folder of its own first, renamed when it is whole. */
#include "runtime/mem.h"
#include "state/direct.h"
#include "state/object_store_folder_internal.h"
#include "state/steady_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20, FOLDER_MODE = 0750, FILE_MODE = 0640 };

/* What a process that died has left among incoming copies goes after this long. */
enum { LEFTOVER_SECONDS = 86400 };

static enum status make_folder(const struct object_store *store, const char *key, const char *path)
{
    if (mkdir(path, FOLDER_MODE) == 0) {
        return object_store_folder_sync(store, key, path);
    }
    return errno == EEXIST ? STATUS_OK : object_store_folder_failed(store, "mkdir", key);
}

/* The folders between the root and the object. */
static enum status make_folders(const struct object_store *store, const char *key)
{
    char path[FOLDER_PATH_SIZE];
    enum status status = STATUS_OK;
    object_store_folder_path(store, key, path);
    char *slash = path + strlen(object_store_folder_root(store));

    while (status == STATUS_OK && (slash = strchr(slash + 1, '/')) != NULL) {
        *slash = '\0';
        status = make_folder(store, key, path);
        *slash = '/';
    }
    return status;
}

static void sweep(char *incoming)
{
    char *const roots[] = {incoming, NULL};
    time_t before = time(NULL) - LEFTOVER_SECONDS;
    FTSENT *entry;
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

    while (walk != NULL && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info == FTS_F && entry->fts_statp->st_mtime < before) {
            (void)unlink(entry->fts_path);
        }
    }
    if (walk != NULL) {
        (void)fts_close(walk);
    }
}

/* A new file in the folder for incoming copies; -1, logged: there is none. */
static int open_incoming(const struct object_store *store, const char *key,
                         char path[FOLDER_PATH_SIZE], enum status *status)
{
    object_store_folder_path(store, OBJECT_STORE_INCOMING, path);
    *status = make_folder(store, key, path);
    if (*status != STATUS_OK) {
        return -1;
    }
    sweep(path);
    strncat(path, "/copy-XXXXXX", FOLDER_PATH_SIZE - strlen(path) - 1);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        *status = object_store_folder_failed(store, "mkostemp", key);
        return -1;
    }
    (void)fchmod(fd, FILE_MODE);
    return fd;
}

static enum status copy_all(const struct object_store *store, const char *key,
                            const struct object_source *source, char *chunk,
                            struct steady_file *file, const struct object_progress *progress)
{
    size_t size = 0;
    for (int64_t at = 0;; at += (int64_t)size) {
        enum status status = object_source_read(source, at, chunk, CHUNK_BYTES, &size);
        if (status != STATUS_OK) {
            return status;
        }
        if (size == 0) {
            return steady_file_sync(file) ? STATUS_OK
                                          : object_store_folder_failed(store, "fsync", key);
        }
        if (!steady_file_write(file, chunk, size)) {
            return object_store_folder_failed(store, "write", key);
        }
        if (!object_store_tell(progress, at + (int64_t)size, source->size_bytes)) {
            return STATUS_TIMED_OUT;
        }
    }
}

static enum status copy_in(const struct object_store *store, const char *key,
                           const struct object_source *source, int fd,
                           const struct object_progress *progress)
{
    struct steady_file file;
    char *memory = mem_new(CHUNK_BYTES + DIRECT_ALIGNMENT, 1);
    steady_file_init(&file, fd, STEADY_FILE_put_away);
    (void)direct_start(source->fd);
    enum status status = copy_all(store, key, source, direct_align(memory), &file, progress);
    steady_file_deinit(&file);
    mem_free(memory);
    return status;
}

static enum status name_it(const struct object_store *store, const char *key, const char *incoming)
{
    char path[FOLDER_PATH_SIZE];
    object_store_folder_path(store, key, path);
    enum status status = make_folders(store, key);
    if (status == STATUS_OK && rename(incoming, path) != 0) {
        status = object_store_folder_failed(store, "rename", key);
    }
    return status == STATUS_OK ? object_store_folder_sync(store, key, path) : status;
}

enum status object_store_folder_put(struct object_store *store, const char *key,
                                    const struct object_source *source,
                                    const struct object_progress *progress)
{
    char incoming[FOLDER_PATH_SIZE];
    enum status status = object_store_folder_check(store, "put");
    int fd = status == STATUS_OK ? open_incoming(store, key, incoming, &status) : -1;
    if (fd < 0) {
        return status;
    }
    status = copy_in(store, key, source, fd, progress);
    if (close(fd) != 0 && status == STATUS_OK) {
        status = object_store_folder_failed(store, "close",
                                            key); /* where a share says that it was full */
    }
    if (status == STATUS_OK) {
        status = name_it(store, key, incoming);
    }
    if (status != STATUS_OK) {
        (void)unlink(incoming);
    }
    return status;
}
