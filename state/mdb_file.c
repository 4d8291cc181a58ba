#include "state/mdb_file.h"

#include "runtime/log.h"
#include "state/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What LMDB 0.9 writes into its first two pages on 64-bit machines, in their own byte order. */
struct header {
    uint64_t page_number;
    uint16_t padding;
    uint16_t page_flags;
    uint32_t bounds;
    uint32_t magic;
    uint32_t version;
    uint64_t address;
    uint64_t map_size;
    struct mdb_tree trees[2];
    uint64_t last_page;
    uint64_t txn_id;
};

static const uint32_t MAGIC = 0xbeefc0de;

enum { VERSION = 1, META_FLAG = 0x08, PAGE_SIZE_MIN = 256, PAGE_SIZE_MAX = 65536 };

/* As many pages as one transaction of LMDB can leave unwritten. */
enum { MISSING_MAX = 1 << 17 };

/* Its lock file: a slot a reader, and a head that is less than as many bytes. */
enum { LOCK_MODE = 0640, LOCK_SLOT_BYTES = 64, LOCK_HEAD_SLOTS = 8 };

static enum status refuse(const char *path, const char *reason)
{
    log_event(LOG_store_refused, log_text("path", path), log_text("reason", reason));
    return STATUS_CORRUPT;
}

static enum status failed(const char *call, const char *path)
{
    log_event(LOG_folder_call_failed, log_text("call", call), log_text("path", path),
              log_text("error", strerror(errno)));
    return STATUS_IO;
}

static bool is_page_size(uint32_t size)
{
    return size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX && (size & (size - 1)) == 0;
}

static const char *fault_of(const struct header *header)
{
    if (header->magic != MAGIC || (header->page_flags & META_FLAG) == 0) {
        return "a header is not LMDB's";
    }
    if (header->version != VERSION) {
        return "another version of LMDB wrote it";
    }
    if (header->address != 0) {
        /* LMDB never mends it, and opens at this place or not at all. */
        return "a header asks for a place in memory";
    }
    if (!is_page_size(header->trees[0].page_size)) {
        return "a header has an impossible page size";
    }
    if (header->last_page >= UINT64_MAX / PAGE_SIZE_MAX / 2) {
        return "a header has an impossible last page";
    }
    return NULL;
}

static bool is_root_inside(const struct header *header, size_t tree, uint64_t size)
{
    uint64_t root = header->trees[tree].root;
    return root == MDB_NO_PAGE || root < size / header->trees[0].page_size;
}

/* The size is taken after the header: beside a process that writes, the other way round a header
 * could speak of pages that came since. */
static enum status read_header(int fd, const char *path, uint64_t at, struct header *header,
                               uint64_t *out_size)
{
    struct stat stat;
    ssize_t length = pread(fd, header, sizeof(*header), (off_t)at);
    if (length < 0) {
        return failed("pread", path);
    }
    if (fstat(fd, &stat) != 0) {
        return failed("fstat", path);
    }
    uint64_t size = (uint64_t)stat.st_size;
    *out_size = size;
    if (size == 0) {
        return STATUS_NOT_FOUND;
    }
    if (length != (ssize_t)sizeof(*header)) {
        return refuse(path, "the file ends within its headers");
    }
    const char *fault = fault_of(header);
    if (fault == NULL && !(is_root_inside(header, 0, size) && is_root_inside(header, 1, size))) {
        fault = "the file was cut: it ends before the root of a tree";
    }
    return fault == NULL ? STATUS_OK : refuse(path, fault);
}

static enum status look(int fd, const char *path, struct mdb_file *out_file)
{
    struct header headers[2];
    uint64_t size;

    enum status status = read_header(fd, path, 0, &headers[0], &size);
    if (status == STATUS_OK) {
        status = read_header(fd, path, headers[0].trees[0].page_size, &headers[1], &size);
    }
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t page_size = headers[0].trees[0].page_size;
    if (headers[1].trees[0].page_size != page_size) {
        return refuse(path, "the two headers have different page sizes");
    }
    const struct header *newer = &headers[headers[1].txn_id > headers[0].txn_id];
    uint64_t whole = size / page_size;
    uint64_t pages = newer->last_page + 1;
    uint64_t missing = pages > whole ? pages - whole : 0;
    if (missing > MISSING_MAX) {
        return refuse(path, "the file was cut: it ends long before its last page");
    }
    *out_file = (struct mdb_file){size,          page_size,       pages,          missing,
                                  newer->txn_id, newer->trees[0], newer->trees[1]};
    return STATUS_OK;
}

enum status mdb_file_look(const char *path, struct mdb_file *out_file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? STATUS_NOT_FOUND : failed("open", path);
    }
    enum status status = look(fd, path, out_file);
    (void)close(fd);
    return status;
}

enum status mdb_file_fill(const char *path, const struct mdb_file *file)
{
    if (file->missing == 0) {
        return STATUS_OK;
    }
    if (truncate(path, (off_t)(file->page_count * file->page_size)) != 0) {
        return failed("truncate", path);
    }
    return STATUS_OK;
}

static bool is_full(int code)
{
    return code == ENOSPC || code == EDQUOT;
}

enum status mdb_file_reserve_lock(const char *path, unsigned readers_max)
{
    char lock_path[PATH_MAX];
    (void)snprintf(lock_path, sizeof(lock_path), "%s-lock", path);
    off_t size = (off_t)(readers_max + LOCK_HEAD_SLOTS) * LOCK_SLOT_BYTES;
    int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, LOCK_MODE);
    bool is_refused = fd < 0 ? is_full(errno) : fallocate(fd, 0, 0, size) != 0 && is_full(errno);
    enum status status = is_refused ? folder_failed("fallocate", lock_path) : STATUS_OK;
    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}
