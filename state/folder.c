#include "state/folder.h"

#include "runtime/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 + 128, FOLDER_MODE = 0750, FILE_MODE = 0640, SET_ASIDE_MAX = 1000 };

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

static enum status failed(const char *call, const char *path)
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
        return failed("open", path);
    }
    enum status status = fsync(fd) == 0 ? STATUS_OK : failed("fsync", path);
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
    return errno == EEXIST ? STATUS_OK : failed("mkdir", path);
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
        return failed("statfs", folder);
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
        return failed("open", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *out_fd = fd;
        return STATUS_OK;
    }
    status = errno == EWOULDBLOCK ? STATUS_BUSY : failed("flock", path);
    (void)close(fd);
    return status;
}

enum status folder_read_unsynced(const char *folder, char *boot_id, size_t size)
{
    char path[PATH_SIZE];
    enum status status = folder_join(folder, "unsynced", path, sizeof(path));
    if (status != STATUS_OK) {
        return status;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? STATUS_NOT_FOUND : failed("open", path);
    }
    ssize_t length = read(fd, boot_id, size - 1);
    if (length < 0) {
        status = failed("read", path);
    } else {
        boot_id[length] = '\0';
    }
    (void)close(fd);
    return status;
}

static enum status write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return failed("open", path);
    }
    enum status status = STATUS_OK;
    size_t size = strlen(text);
    errno = ENOSPC; /* what a short write means */
    if (write(fd, text, size) != (ssize_t)size) {
        status = failed("write", path);
    } else if (fsync(fd) != 0) {
        status = failed("fsync", path);
    }
    (void)close(fd);
    return status;
}

/* Under another name first: half a boot id would condemn a store that is fine. */
enum status folder_write_unsynced(const char *folder, const char *boot_id)
{
    char temporary[PATH_SIZE];
    char path[PATH_SIZE];
    enum status status = folder_join(folder, "unsynced.new", temporary, sizeof(temporary));
    if (status == STATUS_OK) {
        status = folder_join(folder, "unsynced", path, sizeof(path));
    }
    if (status == STATUS_OK) {
        status = write_file(temporary, boot_id);
    }
    if (status == STATUS_OK && rename(temporary, path) != 0) {
        status = failed("rename", path);
    }
    return status == STATUS_OK ? folder_sync(folder) : status;
}

static enum status remove_file(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    enum status status = folder_join(folder, name, path, sizeof(path));
    if (status != STATUS_OK) {
        return status;
    }
    return unlink(path) == 0 || errno == ENOENT ? STATUS_OK : failed("unlink", path);
}

enum status folder_remove_unsynced(const char *folder)
{
    enum status status = remove_file(folder, "unsynced");
    return status == STATUS_OK ? folder_sync(folder) : status;
}

/* A name that is not taken: two in one second must not overwrite each other. */
static void choose_name(const char *folder, char *path, size_t path_size)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm utc;
    (void)gmtime_r(&now, &utc);
    (void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);

    (void)snprintf(path, path_size, "%s/" FOLDER_DATA_NAME ".set-aside-%s", folder, stamp);
    for (int i = 2; i < SET_ASIDE_MAX && access(path, F_OK) == 0; i++) {
        (void)snprintf(path, path_size, "%s/" FOLDER_DATA_NAME ".set-aside-%s-%d", folder, stamp,
                       i);
    }
}

static enum status rename_data(const char *folder)
{
    char from[PATH_SIZE];
    char to[PATH_SIZE];
    enum status status = folder_join(folder, FOLDER_DATA_NAME, from, sizeof(from));
    if (status != STATUS_OK) {
        return status;
    }
    choose_name(folder, to, sizeof(to));
    if (rename(from, to) != 0) {
        return errno == ENOENT ? STATUS_OK : failed("rename", from);
    }
    log_event(LOG_store_set_aside, log_text("path", to));
    return STATUS_OK;
}

enum status folder_set_aside(const char *folder)
{
    enum status status = rename_data(folder);
    if (status == STATUS_OK) {
        /* A reader may still have it: the new environment must not share its table of readers. */
        status = remove_file(folder, FOLDER_DATA_NAME "-lock");
    }
    if (status == STATUS_OK) {
        status = folder_sync(folder);
    }
    return status == STATUS_OK ? folder_remove_unsynced(folder) : status;
}
