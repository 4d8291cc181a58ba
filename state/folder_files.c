#include "state/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 + 128, FILE_MODE = 0640 };

#define UNSYNCED_NAME "unsynced"
#define OPEN_NAME "open"

enum status folder_read_file(const char *folder, const char *name, char *text, size_t size)
{
    char path[PATH_SIZE];
    enum status status = folder_join(folder, name, path, sizeof(path));
    if (status != STATUS_OK) {
        return status;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? STATUS_NOT_FOUND : folder_failed("open", path);
    }
    ssize_t length = read(fd, text, size - 1);
    if (length < 0) {
        status = folder_failed("read", path);
    } else {
        text[length] = '\0';
    }
    (void)close(fd);
    return status;
}

static enum status write_synced(const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return folder_failed("open", path);
    }
    enum status status = STATUS_OK;
    errno = ENOSPC; /* what a short write means */
    if (write(fd, bytes.bytes, bytes.size) != (ssize_t)bytes.size) {
        status = folder_failed("write", path);
    } else if (fsync(fd) != 0) {
        status = folder_failed("fsync", path);
    }
    (void)close(fd);
    return status;
}

enum status folder_rename(const char *folder, const char *from_name, const char *to_name)
{
    char from[PATH_SIZE];
    char to[PATH_SIZE];
    enum status status = folder_join(folder, from_name, from, sizeof(from));
    if (status == STATUS_OK) {
        status = folder_join(folder, to_name, to, sizeof(to));
    }
    if (status == STATUS_OK && rename(from, to) != 0) {
        status = folder_failed("rename", from);
    }
    return status == STATUS_OK ? folder_sync(folder) : status;
}

enum status folder_write_file(const char *folder, const char *name, struct slice bytes)
{
    char temporary_name[FOLDER_NAME_MAX];
    char temporary[PATH_SIZE];

    (void)snprintf(temporary_name, sizeof(temporary_name), "%s" FOLDER_NEW_SUFFIX, name);
    enum status status = folder_join(folder, temporary_name, temporary, sizeof(temporary));
    if (status == STATUS_OK) {
        status = write_synced(temporary, bytes);
        status = status == STATUS_OK ? folder_rename(folder, temporary_name, name) : status;
        if (status != STATUS_OK) {
            (void)unlink(temporary);
        }
    }
    return status;
}

enum status folder_remove_file(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    enum status status = folder_join(folder, name, path, sizeof(path));
    if (status != STATUS_OK) {
        return status;
    }
    return unlink(path) == 0 || errno == ENOENT ? STATUS_OK : folder_failed("unlink", path);
}

enum status folder_read_unsynced(const char *folder, char *boot_id, size_t size)
{
    return folder_read_file(folder, UNSYNCED_NAME, boot_id, size);
}

/* Under another name first: half a boot id would condemn a store that is fine. */
enum status folder_write_unsynced(const char *folder, const char *boot_id)
{
    return folder_write_file(folder, UNSYNCED_NAME, slice_of_text(boot_id));
}

enum status folder_remove_unsynced(const char *folder)
{
    enum status status = folder_remove_file(folder, UNSYNCED_NAME);
    return status == STATUS_OK ? folder_sync(folder) : status;
}

enum status folder_mark_open(const char *folder, bool *out_is_new)
{
    char path[PATH_SIZE];
    enum status status = folder_join(folder, OPEN_NAME, path, sizeof(path));
    if (status != STATUS_OK) {
        return status;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0 && errno != EEXIST) {
        return folder_failed("open", path);
    }
    *out_is_new = fd >= 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return STATUS_OK;
}

bool folder_is_marked_open(const char *folder)
{
    char path[PATH_SIZE];
    return folder_join(folder, OPEN_NAME, path, sizeof(path)) == STATUS_OK &&
           access(path, F_OK) == 0;
}

enum status folder_unmark_open(const char *folder)
{
    return folder_remove_file(folder, OPEN_NAME);
}
