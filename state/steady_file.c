#include "state/steady_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20, ROOM_BYTES = 32 << 20 };

void steady_file_init(struct steady_file *file, int fd)
{
    *file = (struct steady_file){.fd = fd};
}

/* A courtesy: without it the file is written all the same, and a full disk is found then. The
 * smallest files need none. */
static void set_room_aside(struct steady_file *file)
{
    if (file->size >= PIECE_BYTES && file->size + PIECE_BYTES > file->set_aside) {
        (void)fallocate(file->fd, FALLOC_FL_KEEP_SIZE, (off_t)file->size, ROOM_BYTES);
        file->set_aside = file->size + ROOM_BYTES;
    }
}

/* Not every filesystem, and no pipe, can do it. */
static bool is_impossible(int code)
{
    return code == ENOSYS || code == EINVAL || code == ESPIPE || code == EOPNOTSUPP;
}

/* An error that is told here is not told again by fsync(). */
static bool send(struct steady_file *file)
{
    int64_t size = file->size - file->sent;
    if (size < PIECE_BYTES) {
        return true;
    }
    int code = sync_file_range(file->fd, (off_t)file->sent, (off_t)size,
                               SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                   SYNC_FILE_RANGE_WAIT_AFTER);
    file->sent = file->size;
    return code == 0 || is_impossible(errno);
}

bool steady_file_write(struct steady_file *file, const void *bytes, size_t size)
{
    const char *from = bytes;
    set_room_aside(file);
    while (size > 0) {
        ssize_t written = write(file->fd, from, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written == 0 ? ENOSPC : errno;
            return false;
        }
        from += written;
        size -= (size_t)written;
        file->size += written;
    }
    return send(file);
}

bool steady_file_sync(struct steady_file *file)
{
    if (file->set_aside > file->size) {
        (void)!ftruncate(file->fd, (off_t)file->size);
    }
    return fsync(file->fd) == 0;
}
