#include "state/steady_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20, UNDER_WAY_BYTES = 4 << 20, ROOM_BYTES = 32 << 20 };

void steady_file_init(struct steady_file *file, int fd, enum steady_file_use use)
{
    *file = (struct steady_file){.fd = fd, .use = use};
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
static bool call(struct steady_file *file, int64_t from, int64_t to, unsigned flags)
{
    int code = sync_file_range(file->fd, (off_t)from, (off_t)(to - from), flags);
    return code == 0 || is_impossible(errno);
}

static void forget(struct steady_file *file, int64_t to)
{
    if (file->use == STEADY_FILE_put_away) {
        int64_t size = to - file->arrived;
        (void)posix_fadvise(file->fd, (off_t)file->arrived, (off_t)size, POSIX_FADV_DONTNEED);
    }
    file->arrived = to;
}

static bool wait_for(struct steady_file *file, int64_t to)
{
    if (to < file->arrived + PIECE_BYTES) {
        return true;
    }
    if (!call(file, file->arrived, to, SYNC_FILE_RANGE_WAIT_BEFORE)) {
        return false;
    }
    forget(file, to);
    return true;
}

/* Whole pieces: half a page would have to be written twice. */
static bool send(struct steady_file *file)
{
    int64_t whole = file->size / PIECE_BYTES * PIECE_BYTES;
    if (whole == file->sent) {
        return true;
    }
    if (!call(file, file->sent, whole, SYNC_FILE_RANGE_WRITE)) {
        return false;
    }
    file->sent = whole;
    return wait_for(file, whole - UNDER_WAY_BYTES);
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
    if (fsync(file->fd) != 0) {
        return false;
    }
    forget(file, file->size);
    return true;
}
