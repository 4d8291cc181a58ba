#include "runtime/log.h"
#include "state/direct.h"
#include "state/folder.h"
#include "state/mdb_file.h"
#include "state/snapshot_internal.h"
#include "state/steady_file.h"
#include "state/store.h"
#include "state/store_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status damaged(const char *path, const char *reason)
{
    log_event(LOG_snapshot_damaged, log_text("path", path), log_text("reason", reason));
    return STATUS_CORRUPT;
}

static enum status open_data(const char *path, int *out_fd)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? damaged(path, "there is a manifest, but no file of data")
                               : folder_failed("open", path);
    }
    (void)direct_start(fd);
    *out_fd = fd;
    return STATUS_OK;
}

static enum status compare(const char *path, const struct snapshot *read,
                           const struct snapshot *snapshot)
{
    if (read->size_bytes != snapshot->size_bytes) {
        return damaged(path, "its size is not the one in the manifest");
    }
    if (read->crc32c != snapshot->crc32c) {
        return damaged(path, "its checksum is not the one in the manifest");
    }
    return STATUS_OK;
}

/* With the right checksum it is what was written, so LMDB may look at it. */
static enum status read_meta(const char *path, const struct snapshot *snapshot,
                             struct meta *out_meta)
{
    struct mdb_file file;
    struct store *store;

    enum status status = mdb_file_look(path, &file);
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && file.missing > 0)) {
        return damaged(path, "the file ends before its last page");
    }
    if (status == STATUS_OK) {
        status = store_open_file(path, &store);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (snapshot_is_of(snapshot, store_meta(store))) {
        *out_meta = *store_meta(store);
    } else {
        status = damaged(path, "its state is not the one that the manifest speaks of");
    }
    store_abandon(&store);
    return status;
}

enum status snapshot_look_into(const char *partition_folder, const struct snapshot *snapshot,
                               struct meta *out_meta)
{
    char path[SNAPSHOT_PATH_MAX];
    enum status status =
        snapshot_path(partition_folder, snapshot->name, ".mdb", path, sizeof(path));
    return status == STATUS_OK ? read_meta(path, snapshot, out_meta) : status;
}

enum status snapshot_examine(const char *partition_folder, const struct snapshot *snapshot,
                             const struct snapshot_progress *progress, struct meta *out_meta)
{
    char path[SNAPSHOT_PATH_MAX];
    struct snapshot read;
    int fd = -1;

    enum status status =
        snapshot_path(partition_folder, snapshot->name, ".mdb", path, sizeof(path));
    if (status == STATUS_OK) {
        status = open_data(path, &fd);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = snapshot_read_through(fd, NULL, path, progress, snapshot->size_bytes, &read);
    (void)close(fd);
    if (status == STATUS_OK) {
        status = compare(path, &read, snapshot);
    }
    return status == STATUS_OK ? read_meta(path, snapshot, out_meta) : status;
}

enum status snapshot_verify(const char *partition_folder, const struct snapshot *snapshot,
                            const struct snapshot_progress *progress)
{
    struct meta meta;
    return snapshot_examine(partition_folder, snapshot, progress, &meta);
}

#define INSTALL_NAME FOLDER_DATA_NAME FOLDER_NEW_SUFFIX

static enum status copy_to(const char *from, const char *to, const struct snapshot *snapshot)
{
    struct snapshot read;
    struct steady_file file;
    int from_fd = -1;
    enum status status = open_data(from, &from_fd);
    if (status != STATUS_OK) {
        return status;
    }
    int fd = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, SNAPSHOT_FILE_MODE);
    if (fd < 0) {
        status = folder_failed("open", to);
        (void)close(from_fd);
        return status;
    }
    steady_file_init(&file, fd, STEADY_FILE_checked);
    status = snapshot_read_through(from_fd, &file, from, NULL, 0, &read);
    if (status == STATUS_OK) {
        status = compare(from, &read, snapshot);
    }
    if (status == STATUS_OK && !steady_file_sync(&file)) {
        status = folder_failed("fsync", to);
    }
    if (status == STATUS_OK && file.crc32c != snapshot->crc32c) {
        (void)damaged(to, "the disk gives back other bytes than were written");
        status = STATUS_IO;
    }
    steady_file_deinit(&file);
    (void)close(fd);
    (void)close(from_fd);
    return status;
}

enum status snapshot_install(const char *partition_folder, const struct snapshot *snapshot)
{
    char from[SNAPSHOT_PATH_MAX];
    char to[SNAPSHOT_PATH_MAX];
    enum status status =
        snapshot_path(partition_folder, snapshot->name, ".mdb", from, sizeof(from));
    if (status == STATUS_OK) {
        status = folder_join(partition_folder, INSTALL_NAME, to, sizeof(to));
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = copy_to(from, to, snapshot);
    if (status == STATUS_OK) {
        status = folder_set_aside(partition_folder, "a snapshot takes its place");
    }
    if (status == STATUS_OK) {
        status = folder_rename(partition_folder, INSTALL_NAME, FOLDER_DATA_NAME);
    }
    if (status != STATUS_OK) {
        (void)unlink(to);
    }
    return status;
}

static bool are_on_one_disk(const char *a, const char *b)
{
    struct stat stat_a;
    struct stat stat_b;
    return stat(a, &stat_a) == 0 && stat(b, &stat_b) == 0 && stat_a.st_dev == stat_b.st_dev;
}

/* While the manifest stands, a crash leaves a snapshot to begin with again; without it, a file that
 * the next sweep takes away. */
static enum status rename_in(const char *partition_folder, const char *snapshots_folder,
                             const struct snapshot *snapshot, const char *from)
{
    char file[FOLDER_NAME_MAX];
    char to[SNAPSHOT_PATH_MAX];
    (void)snprintf(file, sizeof(file), "%s.json", snapshot->name);
    enum status status = folder_join(partition_folder, FOLDER_DATA_NAME, to, sizeof(to));
    if (status == STATUS_OK) {
        status = folder_set_aside(partition_folder, "a snapshot takes its place");
    }
    if (status == STATUS_OK) {
        status = folder_remove_file(snapshots_folder, file);
    }
    if (status == STATUS_OK) {
        status = folder_sync(snapshots_folder);
    }
    if (status == STATUS_OK && rename(from, to) != 0) {
        status = folder_failed("rename", from);
    }
    if (status == STATUS_OK) {
        status = folder_sync(partition_folder);
    }
    return status == STATUS_OK ? folder_sync(snapshots_folder) : status;
}

enum status snapshot_move_in(const char *partition_folder, const struct snapshot *snapshot)
{
    char folder[SNAPSHOT_PATH_MAX];
    char from[SNAPSHOT_PATH_MAX];
    int fd = -1;
    enum status status = snapshot_path(partition_folder, "", "", folder, sizeof(folder));
    if (status == STATUS_OK) {
        status = snapshot_path(partition_folder, snapshot->name, ".mdb", from, sizeof(from));
    }
    if (status == STATUS_OK && !are_on_one_disk(partition_folder, from)) {
        return snapshot_install(partition_folder, snapshot);
    }
    if (status == STATUS_OK) {
        status = open_data(from, &fd);
    }
    if (status != STATUS_OK) {
        return status;
    }
    (void)flock(fd, LOCK_EX | LOCK_NB); /* against who sweeps up what has no manifest */
    status = rename_in(partition_folder, folder, snapshot, from);
    (void)close(fd);
    return status;
}
