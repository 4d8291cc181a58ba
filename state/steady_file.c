#include "state/steady_file.h"

#include "runtime/crc32c.h"
#include "runtime/mem.h"
#include "runtime/slice.h"
#include "state/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 1 << 20,
    UNDER_WAY_BYTES = 4 << 20,
    ROOM_BYTES = 32 << 20,
};

void steady_file_init(struct steady_file *file, int fd, enum steady_file_use use)
{
    *file = (struct steady_file){.fd = fd, .use = use};
}

void steady_file_deinit(struct steady_file *file)
{
    mem_free(file->memory);
    file->memory = NULL;
}

/* A courtesy: without it the file is written all the same, and a full disk is found then. The
 * smallest files need none. */
static void set_room_aside(struct steady_file *file, int64_t from)
{
    if (from >= PIECE_BYTES && from + PIECE_BYTES > file->set_aside) {
        (void)fallocate(file->fd, FALLOC_FL_KEEP_SIZE, (off_t)from, ROOM_BYTES);
        file->set_aside = from + ROOM_BYTES;
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
    if (file->use != STEADY_FILE_read_soon) {
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
    int64_t whole = file->written / PIECE_BYTES * PIECE_BYTES;
    if (whole == file->sent) {
        return true;
    }
    if (!call(file, file->sent, whole, SYNC_FILE_RANGE_WRITE)) {
        return false;
    }
    file->sent = whole;
    return wait_for(file, whole - UNDER_WAY_BYTES);
}

/* It said yes, and cannot do it. */
static bool is_not_direct(struct steady_file *file, int code)
{
    bool is_so = code == EINVAL && file->is_direct && direct_stop(file->fd);
    file->is_direct = file->is_direct && !is_so;
    return is_so;
}

static bool write_through(struct steady_file *file, const unsigned char *from, size_t size)
{
    set_room_aside(file, file->written);
    while (size > 0) {
        ssize_t written = write(file->fd, from, size);
        if (written < 0 && (errno == EINTR || is_not_direct(file, errno))) {
            continue;
        }
        if (written <= 0) {
            errno = written == 0 ? ENOSPC : errno;
            return false;
        }
        from += written;
        size -= (size_t)written;
        file->written += written;
    }
    if (file->is_direct) {
        file->sent = file->arrived = file->written;
        return true;
    }
    return send(file);
}

/* In the place of what was written. False: less of it is there. */
static bool read_back(struct steady_file *file, size_t size)
{
    int64_t from = file->written - (int64_t)size;
    for (size_t done = 0; done < size;) {
        ssize_t length =
            pread(file->fd, file->piece + done, size - done, (off_t)(from + (int64_t)done));
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length <= 0) {
            errno = length == 0 ? EIO : errno;
            return false;
        }
        done += (size_t)length;
    }
    file->crc32c = crc32c_update(file->crc32c, (struct slice){file->piece, size});
    return true;
}

/* What has come together. Only whole pieces may pass the page cache by. */
static bool write_piece(struct steady_file *file)
{
    size_t size = file->piece_size;
    if (size < PIECE_BYTES && file->is_direct) {
        (void)direct_stop(file->fd);
        file->is_direct = false;
    }
    file->piece_size = 0;
    return write_through(file, file->piece, size) &&
           (file->use != STEADY_FILE_checked || read_back(file, size));
}

static void make_piece(struct steady_file *file)
{
    if (file->memory == NULL) {
        file->memory = mem_new(PIECE_BYTES + DIRECT_ALIGNMENT, 1);
        file->piece = direct_align(file->memory);
        file->is_direct = file->use == STEADY_FILE_put_away && direct_start(file->fd);
    }
}

static bool collect(struct steady_file *file, const unsigned char *from, size_t size)
{
    make_piece(file);
    while (size > 0) {
        size_t room = PIECE_BYTES - file->piece_size;
        size_t part = size < room ? size : room;
        memcpy(file->piece + file->piece_size, from, part);
        file->piece_size += part;
        from += part;
        size -= part;
        if (file->piece_size == PIECE_BYTES && !write_piece(file)) {
            return false;
        }
    }
    return true;
}

bool steady_file_write(struct steady_file *file, const void *bytes, size_t size)
{
    file->size += (int64_t)size;
    return file->use == STEADY_FILE_read_soon ? write_through(file, bytes, size)
                                              : collect(file, bytes, size);
}

bool steady_file_sync(struct steady_file *file)
{
    if (file->piece_size > 0 && !write_piece(file)) {
        return false;
    }
    if (file->set_aside > file->written) {
        (void)!ftruncate(file->fd, (off_t)file->written);
    }
    if (fsync(file->fd) != 0) {
        return false;
    }
    forget(file, file->written);
    return true;
}
