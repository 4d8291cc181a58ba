#include "state/folder.h"

#include "runtime/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 + 128, FOLDER_MODE = 0750, FILE_MODE = 0640 };

/* clang-format off */
#define REMOTE_FILESYSTEMS(X)          \
    /* name        number of statfs */ \
    X("nfs",       0x6969)             \
    X("smb",       0x517b)             \
    X("cifs",      0xff534d42)         \
    X("smb2",      0xfe534d42)         \
    X("ncp",       0x564c)             \
    X("9p",        0x01021997)         \
    X("fuse",      0x65735546)         \
    X("ceph",      0x00c36400)         \
    X("afs",       0x5346414f)         \
    X("kafs",      0x6b414653)         \
    X("coda",      0x73757245)         \
    X("lustre",    0x0bd00bd0)         \
    X("gpfs",      0x47504653)         \
    X("beegfs",    0x19830326)         \
    X("ocfs2",     0x7461636f)         \
    X("gfs2",      0x01161970)         \
    X("orangefs",  0x20030528)         \
    X("vboxsf",    0x786f4256)
/* clang-format on */

enum status folder_failed(const char *call, const char *path)
{
    int code = errno;
    log_event(LOG_folder_call_failed, log_text("call", call), log_text("path", path),
              log_text("error", strerror(code)));
    return code == ENOSPC || code == EDQUOT ? STATUS_DISK_FULL : STATUS_IO;
}

static enum status refused(const char *path, const char *reason)
{
    log_event(LOG_store_refused, log_text("path", path), log_text("reason", reason));
    return STATUS_BAD_CONFIG;
}

enum status folder_path(const char *data_dir, const char *topic, int32_t partition, char *path,
                        size_t path_size)
{
    if (*topic == '\0' || strchr(topic, '/') != NULL || strcmp(topic, ".") == 0 ||
        strcmp(topic, "..") == 0) {
        return refused(topic, "the topic cannot be the name of a folder");
    }
    int length = snprintf(path, path_size, "%s/%s/%d", data_dir, topic, (int)partition);
    if (length < 0 || (size_t)length >= path_size) {
        return refused(data_dir, "the path is too long");
    }
    return STATUS_OK;
}

enum status folder_join(const char *folder, const char *name, char *path, size_t path_size)
{
    int length = snprintf(path, path_size, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= path_size) {
        return refused(folder, "the path is too long");
    }
    return STATUS_OK;
}

enum status folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return folder_failed("open", path);
    }
    enum status status = fsync(fd) == 0 ? STATUS_OK : folder_failed("fsync", path);
    (void)close(fd);
    return status;
}

static enum status sync_parent(const char *path)
{
    char parent[PATH_SIZE];
    (void)snprintf(parent, sizeof(parent), "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash == NULL) {
        return folder_sync(".");
    }
    slash[slash == parent] = '\0';
    return folder_sync(parent);
}

static enum status make_one(const char *path)
{
    if (mkdir(path, FOLDER_MODE) == 0) {
        return sync_parent(path);
    }
    return errno == EEXIST ? STATUS_OK : folder_failed("mkdir", path);
}

enum status folder_make(const char *path)
{
    char part[PATH_SIZE];
    if (strlen(path) >= sizeof(part)) {
        return refused(path, "the path is too long");
    }
    for (size_t i = 1; path[i] != '\0'; i++) {
        if (path[i] != '/' || path[i - 1] == '/') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        enum status status = make_one(part);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return make_one(path);
}

const char *folder_remote_name(int64_t magic)
{
    /* The kernel's numbers have 32 bits; some platforms hand them out with a sign. */
    switch ((uint32_t)magic) {
#define X(name, number)                                                                            \
    case number:                                                                                   \
        return name;
        REMOTE_FILESYSTEMS(X)
#undef X
    default:
        return NULL;
    }
}

enum status folder_check_local(const char *folder)
{
    struct statfs stat;
    if (statfs(folder, &stat) != 0) {
        return folder_failed("statfs", folder);
    }
    const char *name = folder_remote_name((int64_t)stat.f_type);
    if (name == NULL) {
        return STATUS_OK;
    }
    log_event(LOG_store_refused, log_text("path", folder), log_text("filesystem", name),
              log_text("reason", "a network filesystem cannot hold LMDB: let data_dir point to a "
                                 "local disk or a block volume"));
    return STATUS_REMOTE_DISK;
}

enum status folder_lock(const char *folder, int *out_fd)
{
    char path[PATH_SIZE];
    enum status status = folder_join(folder, "lock", path, sizeof(path));
    if (status != STATUS_OK) {
        return status;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return folder_failed("open", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *out_fd = fd;
        return STATUS_OK;
    }
    status = errno == EWOULDBLOCK ? STATUS_BUSY : folder_failed("flock", path);
    (void)close(fd);
    return status;
}
