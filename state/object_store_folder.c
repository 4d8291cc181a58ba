/* An object store that is a folder, on a disk or a share: a key is a path below it. */
#include "runtime/mem.h"
#include "state/direct.h"
#include "state/object_store_folder_internal.h"
#include "state/percent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 4 << 20 };

#define SCHEME "file://"

struct folder {
    struct object_store store;
    char root[FOLDER_PATH_SIZE - OBJECT_KEY_MAX - 64];
};

const char *object_store_folder_root(const struct object_store *store)
{
    return ((const struct folder *)(const void *)store)->root;
}

static enum status status_of(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
        return STATUS_DISK_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
        return STATUS_REJECTED;
    default: /* a share that is away has many ways to say so */
        return STATUS_UNAVAILABLE;
    }
}

static const char *advice_on(enum status status)
{
    if (status == STATUS_REJECTED) {
        return "let this user write below snapshots.url";
    }
    return status == STATUS_DISK_FULL ? "make room there" : NULL;
}

enum status object_store_folder_failed(const struct object_store *store, const char *call,
                                       const char *key)
{
    int code = errno;
    enum status status = status_of(code);
    return object_store_failed(store, call, key, status, strerror(code), advice_on(status));
}

static enum status refuse(char *error, size_t error_size, const char *why)
{
    (void)snprintf(error, error_size, "%s", why);
    return STATUS_BAD_CONFIG;
}

static enum status parse_url(const char *url, char *root, size_t root_size, char *error,
                             size_t error_size)
{
    const char *path = url + strlen(SCHEME);
    size_t size = strlen(path);
    const char *why = NULL;

    while (size > 1 && path[size - 1] == '/') {
        size--;
    }
    if (*path != '/') {
        why = "the path is to be absolute, with three slashes: file:///shared/folder";
    } else if (size == 1) {
        why = "name a folder below /";
    } else if (strpbrk(path, "?#") != NULL) {
        why = "file:// takes no parameters; write %3F and %23 for ? and # in a path";
    } else if (!percent_decode(path, size, false, root, root_size)) {
        why = "the path is too long, or has a % that is not followed by two hexadecimal digits";
    }
    return why == NULL ? STATUS_OK : refuse(error, error_size, why);
}

static enum status check_url(const char *url, char *error, size_t error_size)
{
    char root[sizeof(((struct folder *)NULL)->root)];
    return parse_url(url, root, sizeof(root), error, error_size);
}

static enum status open_store(const char *url, struct object_store **out_store, char *error,
                              size_t error_size)
{
    struct folder *folder = mem_new(1, sizeof(*folder));
    enum status status = parse_url(url, folder->root, sizeof(folder->root), error, error_size);
    if (status != STATUS_OK) {
        mem_free(folder);
        return status;
    }
    folder->store.class = &object_store_folder_class;
    (void)snprintf(folder->store.name, sizeof(folder->store.name), SCHEME "%.*s",
                   (int)(sizeof(folder->store.name) - sizeof(SCHEME)), folder->root);
    *out_store = &folder->store;
    return STATUS_OK;
}

static void close_store(struct object_store *store)
{
    mem_free(store);
}

/* A share that is not mounted must not be taken for an empty one, nor written beneath. */
enum status object_store_folder_check(const struct object_store *store, const char *call)
{
    struct stat stat_root;
    if (stat(object_store_folder_root(store), &stat_root) == 0 && S_ISDIR(stat_root.st_mode)) {
        return STATUS_OK;
    }
    return object_store_failed(store, call, NULL, STATUS_UNAVAILABLE, "the folder is not there",
                               "make it, or mount it");
}

void object_store_folder_path(const struct object_store *store, const char *key,
                              char path[FOLDER_PATH_SIZE])
{
    (void)snprintf(path, FOLDER_PATH_SIZE, "%s/%s", object_store_folder_root(store), key);
}

enum status object_store_folder_sync(const struct object_store *store, const char *key,
                                     const char *path)
{
    char folder[FOLDER_PATH_SIZE];
    (void)snprintf(folder, sizeof(folder), "%s", path);
    *strrchr(folder, '/') = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return object_store_folder_failed(store, "open", key);
    }
    /* Some filesystems cannot sync a folder, and need not. */
    bool is_synced = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
    enum status status = is_synced ? STATUS_OK : object_store_folder_failed(store, "fsync", key);
    (void)close(fd);
    return status;
}

static enum status copy_chunks(const struct object_store *store, const char *key, int fd,
                               int64_t total_bytes, char *chunk, struct object_target *target,
                               const struct object_progress *progress)
{
    for (;;) {
        ssize_t size = read(fd, chunk, CHUNK_BYTES);
        if (size < 0 && (errno == EINTR || (errno == EINVAL && direct_stop(fd)))) {
            continue;
        }
        if (size < 0) {
            return object_store_folder_failed(store, "read", key);
        }
        if (size == 0) {
            return STATUS_OK;
        }
        enum status status = object_target_write(target, chunk, (size_t)size);
        if (status != STATUS_OK) {
            return status;
        }
        if (!object_store_tell(progress, target->size, total_bytes)) {
            return STATUS_TIMED_OUT;
        }
    }
}

static enum status copy_out(const struct object_store *store, const char *key, int fd,
                            int64_t total_bytes, struct object_target *target,
                            const struct object_progress *progress)
{
    char *memory = mem_new(CHUNK_BYTES + DIRECT_ALIGNMENT, 1);
    (void)direct_start(fd);
    enum status status =
        copy_chunks(store, key, fd, total_bytes, direct_align(memory), target, progress);
    mem_free(memory);
    return status;
}

static enum status get(struct object_store *store, const char *key, struct object_target *target,
                       const struct object_progress *progress)
{
    char path[FOLDER_PATH_SIZE];
    struct stat stat_file;
    object_store_folder_path(store, key, path);
    enum status status = object_store_folder_check(store, "get");
    if (status != STATUS_OK) {
        return status;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? STATUS_NOT_FOUND : object_store_folder_failed(store, "open", key);
    }
    if (fstat(fd, &stat_file) != 0 || S_ISDIR(stat_file.st_mode)) {
        status = STATUS_NOT_FOUND; /* a folder is no object */
    } else {
        status = copy_out(store, key, fd, (int64_t)stat_file.st_size, target, progress);
    }
    (void)close(fd);
    return status;
}

static enum status remove_object(struct object_store *store, const char *key)
{
    char path[FOLDER_PATH_SIZE];
    enum status status = object_store_folder_check(store, "delete");
    object_store_folder_path(store, key, path);
    if (status != STATUS_OK) {
        return status;
    }
    if (unlink(path) != 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? STATUS_OK
                   : object_store_folder_failed(store, "unlink", key);
    }
    return object_store_folder_sync(store, key, path);
}

const struct object_store_class object_store_folder_class = {
    .check = check_url,
    .open = open_store,
    .close = close_store,
    .put = object_store_folder_put,
    .get = get,
    .list = object_store_folder_list,
    .remove = remove_object,
};
