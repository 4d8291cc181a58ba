#include "state/snapshot.h"

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
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COPY_NAME "copy.mdb" FOLDER_NEW_SUFFIX

/* Where a copy is made; the lock on it says that somebody is at it. */
struct place {
    char folder[SNAPSHOT_PATH_MAX]; /* of the snapshots */
    char path[SNAPSHOT_PATH_MAX];   /* of the copy */
    int fd;
};

static int64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum status open_place(const struct store *store, struct place *place)
{
    enum status status =
        snapshot_path(store_folder(store), "", "", place->folder, sizeof(place->folder));
    if (status == STATUS_OK) {
        status = folder_join(place->folder, COPY_NAME, place->path, sizeof(place->path));
    }
    if (status == STATUS_OK) {
        status = folder_make(place->folder);
    }
    if (status == STATUS_OK) {
        status = snapshot_remove_left_overs(place->folder);
    }
    if (status != STATUS_OK) {
        return status;
    }
    place->fd = open(place->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, SNAPSHOT_FILE_MODE);
    if (place->fd < 0) {
        return errno == EEXIST ? STATUS_BUSY : folder_failed("open", place->path);
    }
    (void)flock(place->fd, LOCK_EX | LOCK_NB);
    return STATUS_OK;
}

/* What the disk gives back is what was written to it: none of it is in memory, and none need be. */
static enum status check_copy(const struct place *place, const struct snapshot *snapshot)
{
    struct snapshot read;
    if (lseek(place->fd, 0, SEEK_SET) != 0) {
        return folder_failed("lseek", place->path);
    }
    (void)posix_fadvise(place->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    (void)direct_start(place->fd);
    enum status status = snapshot_read_through(place->fd, NULL, place->path, NULL, 0, &read);
    if (status == STATUS_OK &&
        (read.size_bytes != snapshot->size_bytes || read.crc32c != snapshot->crc32c)) {
        log_event(LOG_snapshot_damaged, log_text("path", place->path),
                  log_text("reason", "the disk gives back other bytes than were written"));
        status = STATUS_CORRUPT;
    }
    return status == STATUS_CORRUPT ? STATUS_IO : status;
}

/* Commits went on meanwhile: only the copy knows which of them it is of. */
static enum status describe_copy(const struct place *place, struct snapshot *snapshot)
{
    struct store *copy;
    enum status status = store_open_file(place->path, &copy);
    if (status == STATUS_OK) {
        snapshot_describe(store_meta(copy), snapshot);
        snapshot->created_ms = wall_ms();
        store_abandon(&copy);
    }
    return status;
}

static enum status find(const char *folder, const struct snapshot *wanted, struct snapshot *found)
{
    char file[FOLDER_NAME_MAX];
    char path[SNAPSHOT_PATH_MAX];
    struct stat stat_path;

    enum status status = snapshot_load(folder, wanted->name, found);
    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(file, sizeof(file), "%s.mdb", wanted->name);
    status = folder_join(folder, file, path, sizeof(path));
    if (status != STATUS_OK) {
        return status;
    }
    bool is_whole = stat(path, &stat_path) == 0 && stat_path.st_size == found->size_bytes;
    return is_whole ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status write_manifest(const char *folder, const struct snapshot *snapshot)
{
    char file[FOLDER_NAME_MAX];
    char text[SNAPSHOT_MANIFEST_MAX];
    struct snapshot again;

    size_t size = snapshot_print(snapshot, text);
    enum status status = snapshot_parse(text, size, &again);
    if (status != STATUS_OK) {
        log_event(LOG_store_refused, log_text("path", folder),
                  log_text("reason", "a manifest cannot say what the state says of itself"));
        return status;
    }
    (void)snprintf(file, sizeof(file), "%s.json", snapshot->name);
    return folder_write_file(folder, file, (struct slice){text, size});
}

static enum status publish(const struct place *place, const struct snapshot *snapshot)
{
    char file[FOLDER_NAME_MAX];
    (void)snprintf(file, sizeof(file), "%s.mdb", snapshot->name);
    enum status status = folder_rename(place->folder, COPY_NAME, file);
    if (status != STATUS_OK) {
        return status;
    }
    status = write_manifest(place->folder, snapshot);
    if (status != STATUS_OK) {
        /* Logged where it fails; the next copy sweeps it up. */
        (void)(folder_remove_file(place->folder, file) == STATUS_OK);
    }
    return status;
}

static enum status write_form(struct store *store, enum snapshot_form form,
                              const struct place *place, const struct snapshot_progress *progress,
                              struct snapshot *snapshot)
{
    struct steady_file file;
    steady_file_init(&file, place->fd, STEADY_FILE_put_away);
    enum status status = snapshot_copy_env(store, form, &file, place->path, progress, snapshot);
    if (status == STATUS_OK && !steady_file_sync(&file)) {
        status = folder_failed("fsync", place->path);
    }
    steady_file_deinit(&file);
    return status;
}

static enum status start_over(const struct place *place)
{
    if (ftruncate(place->fd, 0) != 0 || lseek(place->fd, 0, SEEK_SET) != 0) {
        return folder_failed("ftruncate", place->path);
    }
    return STATUS_OK;
}

/* A page that LMDB has lost track of costs 4 KiB; without snapshots it would cost the state. */
static enum status write_copy(struct store *store, const struct place *place,
                              const struct snapshot_progress *progress, struct snapshot *snapshot)
{
    enum status status = write_form(store, SNAPSHOT_FORM_compact, place, progress, snapshot);
    if (status != STATUS_REJECTED) {
        return status;
    }
    status = start_over(place);
    if (status == STATUS_OK) {
        status = write_form(store, SNAPSHOT_FORM_page_by_page, place, progress, snapshot);
    }
    return status == STATUS_OK ? snapshot_complete_pages(place->path, place->fd, snapshot) : status;
}

static enum status copy(struct store *store, struct place *place,
                        const struct snapshot_progress *progress, struct snapshot *snapshot)
{
    struct snapshot found;
    enum status status = write_copy(store, place, progress, snapshot);
    if (status == STATUS_OK) {
        status = check_copy(place, snapshot);
    }
    if (status == STATUS_OK) {
        status = describe_copy(place, snapshot);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (find(place->folder, snapshot, &found) == STATUS_OK) {
        *snapshot = found;
        return folder_remove_file(place->folder, COPY_NAME);
    }
    return publish(place, snapshot);
}

static enum status create(struct store *store, const struct snapshot_progress *progress,
                          struct snapshot *snapshot)
{
    struct place place;
    enum status status = open_place(store, &place);
    if (status != STATUS_OK) {
        return status;
    }
    status = copy(store, &place, progress, snapshot);
    if (status != STATUS_OK) {
        (void)unlink(place.path);
    }
    (void)close(place.fd);
    return status;
}

/* None of this offset: then a copy is needed. */
static enum status find_present(struct store *store, struct snapshot *found)
{
    char folder[SNAPSHOT_PATH_MAX];
    struct meta meta;
    struct snapshot wanted;

    enum status status = snapshot_path(store_folder(store), "", "", folder, sizeof(folder));
    if (status == STATUS_OK) {
        status = store_read_meta(store, &meta);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (meta.next_offset < 0) {
        return STATUS_REJECTED;
    }
    snapshot_describe(&meta, &wanted);
    return find(folder, &wanted, found) == STATUS_OK ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status snapshot_create(struct store *store, const struct snapshot_progress *progress,
                            struct snapshot *out_snapshot)
{
    struct snapshot snapshot;
    enum status status = find_present(store, &snapshot);
    if (status == STATUS_NOT_FOUND) {
        status = create(store, progress, &snapshot);
    }
    if (status == STATUS_OK) {
        *out_snapshot = snapshot;
    }
    return status;
}
