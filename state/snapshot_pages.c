/* What a copy page by page needs more than a compacted one, which LMDB makes anew. */
#include "runtime/crc32c.h"
#include "runtime/log.h"
#include "runtime/slice.h"
#include "state/folder.h"
#include "state/mdb_file.h"
#include "state/snapshot_internal.h"
#include "state/walk_internal.h"

#include <unistd.h>

static void add_zeros(uint64_t size, struct snapshot *snapshot)
{
    static const unsigned char zeros[4096];
    while (size > 0) {
        size_t length = size < sizeof(zeros) ? (size_t)size : sizeof(zeros);
        snapshot->crc32c = crc32c_update(snapshot->crc32c, (struct slice){zeros, length});
        snapshot->size_bytes += (int64_t)length;
        size -= length;
    }
}

static enum status fill_up(const char *path, int fd, struct snapshot *snapshot)
{
    struct mdb_file file;
    enum status status = mdb_file_look(path, &file);
    if (status != STATUS_OK || file.missing == 0) {
        return status;
    }
    status = mdb_file_fill(path, &file);
    if (status != STATUS_OK) {
        return status;
    }
    add_zeros(file.page_count * file.page_size - file.size, snapshot);
    return fsync(fd) == 0 ? STATUS_OK : folder_failed("fsync", path);
}

enum status snapshot_complete_pages(const char *path, int fd, struct snapshot *snapshot)
{
    const char *fault;
    enum status status = fill_up(path, fd, snapshot);
    if (status == STATUS_OK) {
        status = walk_pages(path, &fault);
        if (status == STATUS_CORRUPT) {
            log_event(LOG_snapshot_damaged, log_text("path", path), log_text("reason", fault));
        }
    }
    return status;
}
