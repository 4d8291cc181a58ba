#include "state/object_target.h"

#include "state/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { FILE_MODE = 0640 };

enum status object_target_open(const char *path, struct object_target *out_target)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return folder_failed("open", path);
    }
    /* Whoever sweeps up what nobody is writing any more asks for this lock. */
    (void)flock(fd, LOCK_EX | LOCK_NB);
    *out_target = (struct object_target){.fd = fd, .path = path};
    steady_file_init(&out_target->file, fd, STEADY_FILE_checked);
    return STATUS_OK;
}

static enum status write_file(struct object_target *target, const char *bytes, size_t size)
{
    if (!steady_file_write(&target->file, bytes, size)) {
        return folder_failed("write", target->path);
    }
    target->size = target->file.size;
    return STATUS_OK;
}

enum status object_target_write(struct object_target *target, const void *bytes, size_t size)
{
    if (target->fd >= 0) {
        return write_file(target, bytes, size);
    }
    if (size > target->size_max - (size_t)target->size) {
        return STATUS_MALFORMED;
    }
    memcpy(target->room + target->size, bytes, size);
    target->size += (int64_t)size;
    return STATUS_OK;
}

enum status object_target_end(struct object_target *target, enum status status)
{
    if (target->fd < 0) {
        return status;
    }
    if (status == STATUS_OK && !steady_file_sync(&target->file)) {
        status = folder_failed("fsync", target->path);
    }
    steady_file_deinit(&target->file);
    (void)close(target->fd);
    target->fd = -1;
    if (status != STATUS_OK) {
        (void)unlink(target->path);
    }
    return status;
}
