#include "runtime/log.h"
#include "state/store_internal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROBE_SIZE = 256 << 10 }; /* as much as LMDB writes at once */

static bool is_env_usable(struct store *store)
{
    MDB_txn *txn;
    /* A failed write of the meta page leaves an environment that refuses everything. */
    if (store->env == NULL || mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != 0) {
        return false;
    }
    mdb_txn_abort(txn);
    return true;
}

static bool is_full_code(int code)
{
    return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

/* Writes behind the end of the file and takes it back: nobody reads there, and only the thread that
 * asks writes. */
static bool has_room(struct store *store)
{
    static const unsigned char zeros[PROBE_SIZE];
    struct stat stat;
    int fd;

    if (mdb_env_get_fd(store->env, &fd) != 0 || fstat(fd, &stat) != 0) {
        return true;
    }
    ssize_t written = pwrite(fd, zeros, sizeof(zeros), stat.st_size);
    bool is_room = written == (ssize_t)sizeof(zeros) || (written < 0 && !is_full_code(errno));
    (void)!ftruncate(fd, stat.st_size);
    return is_room;
}

/* LMDB says EIO when a write was cut short, which is how a disk that fills up begins. */
static bool is_disk_full(struct store *store, int code)
{
    if (!is_full_code(code) && code != EIO) {
        return false;
    }
    return is_env_usable(store) && (is_full_code(code) || !has_room(store));
}

static void log_failure(const struct store *store, const char *call, const char *error)
{
    log_event(LOG_store_call_failed, log_text("call", call), log_text("error", error),
              log_text("folder", store->folder));
}

enum status store_status(struct store *store, int lmdb_code, const char *call)
{
    switch (lmdb_code) {
    case MDB_SUCCESS:
        return STATUS_OK;
    case MDB_NOTFOUND:
        return STATUS_NOT_FOUND;
    case MDB_MAP_FULL:
        return STATUS_MAP_FULL;
    default:
        break;
    }
    log_failure(store, call, mdb_strerror(lmdb_code));
    switch (lmdb_code) {
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_VALSIZE:
    case MDB_BAD_TXN: /* it was found damaged a moment ago */
        return STATUS_CORRUPT;
    default:
        return STATUS_IO;
    }
}

enum status store_status_of_write(struct store *store, int lmdb_code, const char *call)
{
    if (!is_disk_full(store, lmdb_code)) {
        return store_status(store, lmdb_code, call);
    }
    if (!store->is_disk_full) {
        store->is_disk_full = true;
        log_failure(store, call, status_text(STATUS_DISK_FULL)); /* LMDB may have said EIO */
    }
    return STATUS_DISK_FULL;
}

enum status store_status_of_damage(struct store *store, enum store_table table)
{
    log_event(LOG_store_damaged, log_text("table", schema_table_name(table)),
              log_text("folder", store->folder));
    return STATUS_CORRUPT;
}
