/* LMDB copies into a pipe, from a thread of its own, and we carry on from there: so a copy can be
 * told about and given up, a full disk is our own finding, and the checksum is of what LMDB said
 * and not of what the disk made of it. */
#include "runtime/crc32c.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "runtime/slice.h"
#include "state/direct.h"
#include "state/folder.h"
#include "state/snapshot_internal.h"
#include "state/steady_file.h"
#include "state/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { BUFFER_SIZE = 1 << 20 };

struct copying {
    MDB_env *env;
    enum snapshot_form form;
    int to; /* the pipe's end */
    int rc; /* LMDB's */
};

bool snapshot_tell(const struct snapshot_progress *progress, int64_t done_bytes,
                   int64_t total_bytes)
{
    if (progress == NULL || progress->tell == NULL) {
        return true;
    }
    return progress->tell(progress->context, done_bytes < total_bytes ? done_bytes : total_bytes,
                          total_bytes);
}

/* When we have gone away the pipe's signal must not be the whole program's end. */
static void *copy_to_pipe(void *argument)
{
    struct copying *copying = argument;
    sigset_t all;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    unsigned flags = copying->form == SNAPSHOT_FORM_compact ? MDB_CP_COMPACT : 0;
    copying->rc = mdb_env_copyfd2(copying->env, copying->to, flags);
    (void)close(copying->to);
    return NULL;
}

static enum status write_all(struct steady_file *to, const char *path, struct slice bytes)
{
    return steady_file_write(to, bytes.bytes, bytes.size) ? STATUS_OK
                                                          : folder_failed("write", path);
}

static ssize_t read_some(int fd, char *buffer)
{
    ssize_t length;
    do {
        length = read(fd, buffer, BUFFER_SIZE);
    } while (length < 0 && (errno == EINTR || (errno == EINVAL && direct_stop(fd))));
    return length;
}

enum status snapshot_read_through(int fd, struct steady_file *to, const char *path,
                                  const struct snapshot_progress *progress, int64_t total_bytes,
                                  struct snapshot *read)
{
    char *memory = mem_new(BUFFER_SIZE + DIRECT_ALIGNMENT, 1);
    char *buffer = direct_align(memory);
    enum status status = STATUS_OK;
    ssize_t length = 1;

    read->size_bytes = 0;
    read->crc32c = 0;
    while (status == STATUS_OK && (length = read_some(fd, buffer)) > 0) {
        read->size_bytes += length;
        struct slice bytes = {buffer, (size_t)length};
        read->crc32c = crc32c_update(read->crc32c, bytes);
        status = to == NULL ? STATUS_OK : write_all(to, path, bytes);
        if (status == STATUS_OK && !snapshot_tell(progress, read->size_bytes, total_bytes)) {
            status = STATUS_TIMED_OUT;
        }
    }
    if (length < 0) {
        enum status failure = folder_failed("read", path);
        status = failure == STATUS_IO ? STATUS_CORRUPT : failure;
    }
    mem_free(memory);
    return status;
}

static int64_t bytes_to_copy(struct store *store)
{
    struct store_stats stats;
    return store_stats(store, &stats) == STATUS_OK ? (int64_t)stats.used_bytes : 0;
}

/* Ends the thread whatever becomes of the copy: a closed pipe is an error that LMDB heeds. */
static enum status carry(struct copying *copying, int from, struct steady_file *to,
                         const char *path, const struct snapshot_progress *progress,
                         int64_t total_bytes, struct snapshot *snapshot)
{
    pthread_t thread;
    int code = pthread_create(&thread, NULL, copy_to_pipe, copying);
    if (code != 0) {
        (void)close(copying->to);
        (void)close(from);
        errno = code;
        return folder_failed("pthread_create", path);
    }
    enum status status = snapshot_read_through(from, to, path, progress, total_bytes, snapshot);
    (void)close(from);
    (void)pthread_join(thread, NULL);
    return status;
}

/* LMDB compacts only what it can account for: a page that is neither in use nor free is an error
 * to it, after the last page. */
static bool is_unaccounted(const struct copying *copying)
{
    return copying->form == SNAPSHOT_FORM_compact && copying->rc == MDB_INCOMPATIBLE;
}

static enum status tell_loss(struct store *store)
{
    if (!store->is_loss_told) {
        store->is_loss_told = true;
        log_event(LOG_store_pages_lost, log_text("folder", store->folder));
    }
    return STATUS_REJECTED;
}

enum status snapshot_copy_env(struct store *store, enum snapshot_form form, struct steady_file *to,
                              const char *path, const struct snapshot_progress *progress,
                              struct snapshot *snapshot)
{
    int ends[2];
    int64_t total_bytes = bytes_to_copy(store);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return folder_failed("pipe2", path);
    }
    (void)fcntl(ends[0], F_SETPIPE_SZ, BUFFER_SIZE);
    struct copying copying = {.env = store->env, .form = form, .to = ends[1]};

    (void)pthread_rwlock_rdlock(&store->map_lock);
    enum status status = carry(&copying, ends[0], to, path, progress, total_bytes, snapshot);
    (void)pthread_rwlock_unlock(&store->map_lock);
    if (status == STATUS_OK && is_unaccounted(&copying)) {
        return tell_loss(store);
    }
    return status == STATUS_OK ? store_status(store, copying.rc, "mdb_env_copyfd2") : status;
}
