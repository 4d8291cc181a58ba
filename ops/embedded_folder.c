#include "ops/embedded_folder.h"

#include "ops/remove_tree.h"
#include "state/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { FILE_MODE = 0640 };

/* Beside the folder, as all that is in it goes. */
static enum status take_lock(const char *path, int *out_fd)
{
    char name[EMBEDDED_FOLDER_MAX + sizeof(".lock")];
    (void)snprintf(name, sizeof(name), "%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return STATUS_IO;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum status status = errno == EWOULDBLOCK ? STATUS_BUSY : STATUS_IO;
        (void)close(fd);
        return status;
    }
    *out_fd = fd;
    return STATUS_OK;
}

enum status embedded_folder_open(const char *data_dir, struct embedded_folder *out_folder)
{
    struct embedded_folder folder;
    int size = snprintf(folder.path, sizeof(folder.path), "%s/embedded", data_dir);
    if (size >= (int)sizeof(folder.path)) {
        return STATUS_IO;
    }
    enum status status = folder_make(data_dir);
    if (status == STATUS_OK) {
        status = take_lock(folder.path, &folder.lock_fd);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = remove_tree(folder.path);
    if (status != STATUS_OK) {
        (void)close(folder.lock_fd);
        return status;
    }
    *out_folder = folder;
    return STATUS_OK;
}

void embedded_folder_close(struct embedded_folder *folder)
{
    (void)close(folder->lock_fd);
    folder->lock_fd = -1;
}
