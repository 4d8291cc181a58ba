#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/folder.h"
#include "state/snapshot_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define DATA_SUFFIX ".mdb"
#define MANIFEST_SUFFIX ".json"

void snapshot_destroy_list(struct snapshots *snapshots)
{
    mem_free(snapshots->items);
    *snapshots = (struct snapshots){.count = 0};
}

enum status snapshot_path(const char *partition_folder, const char *name, const char *suffix,
                          char *path, size_t path_size)
{
    char full_name[SNAPSHOT_NAME_MAX + 64];
    (void)snprintf(full_name, sizeof(full_name), SNAPSHOT_FOLDER_NAME "%s%s%s",
                   *name == '\0' ? "" : "/", name, suffix);
    return folder_join(partition_folder, full_name, path, path_size);
}

enum status snapshot_load(const char *snapshots_folder, const char *name,
                          struct snapshot *out_snapshot)
{
    char file[FOLDER_NAME_MAX];
    char text[SNAPSHOT_MANIFEST_MAX];
    struct snapshot snapshot;

    (void)snprintf(file, sizeof(file), "%s" MANIFEST_SUFFIX, name);
    enum status status = folder_read_file(snapshots_folder, file, text, sizeof(text));
    if (status == STATUS_OK) {
        status = snapshot_parse(text, strlen(text), &snapshot);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (strcmp(snapshot.name, name) != 0) {
        return STATUS_MALFORMED;
    }
    *out_snapshot = snapshot;
    return STATUS_OK;
}

/* The name without the suffix; false: it has another one. */
static bool cut_suffix(const char *file, const char *suffix, char *name, size_t name_size)
{
    size_t size = strlen(file);
    size_t suffix_size = strlen(suffix);
    if (size <= suffix_size || strcmp(file + size - suffix_size, suffix) != 0 ||
        size - suffix_size >= name_size) {
        return false;
    }
    memcpy(name, file, size - suffix_size);
    name[size - suffix_size] = '\0';
    return true;
}

static enum status rename_aside(const char *snapshots_folder, const char *name, const char *reason)
{
    static const char *const suffixes[] = {MANIFEST_SUFFIX, DATA_SUFFIX};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < ARRAY_COUNT(suffixes) && status == STATUS_OK; i++) {
        char file[FOLDER_NAME_MAX];
        (void)snprintf(file, sizeof(file), "%s%s", name, suffixes[i]);
        status = folder_rename_aside(snapshots_folder, file, reason);
    }
    return status == STATUS_OK ? folder_sync(snapshots_folder) : status;
}

static enum status add(const char *folder, const char *name, struct snapshots *snapshots)
{
    struct snapshot snapshot;
    enum status status = snapshot_load(folder, name, &snapshot);
    if (status == STATUS_MALFORMED) {
        return rename_aside(folder, name, "the manifest of a snapshot cannot be read");
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* deleted a moment ago */
    }
    snapshots->items =
        mem_resize(snapshots->items, snapshots->count + 1, sizeof(*snapshots->items));
    snapshots->items[snapshots->count++] = snapshot;
    return STATUS_OK;
}

static int furthest_first(const void *a, const void *b)
{
    const struct snapshot *left = a;
    const struct snapshot *right = b;
    if (left->era != right->era) {
        return left->era < right->era ? 1 : -1;
    }
    return (left->next_offset < right->next_offset) - (left->next_offset > right->next_offset);
}

static enum status list(const char *folder, struct snapshots *snapshots)
{
    DIR *stream = opendir(folder);
    if (stream == NULL) {
        return errno == ENOENT ? STATUS_OK : folder_failed("opendir", folder);
    }
    enum status status = STATUS_OK;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(stream)) != NULL;) {
        char name[FOLDER_NAME_MAX - 64];
        if (cut_suffix(entry->d_name, MANIFEST_SUFFIX, name, sizeof(name))) {
            status = add(folder, name, snapshots);
        }
    }
    (void)closedir(stream);
    if (snapshots->count > 0) {
        qsort(snapshots->items, snapshots->count, sizeof(*snapshots->items), furthest_first);
    }
    return status;
}

enum status snapshot_list(const char *partition_folder, struct snapshots *out_snapshots)
{
    char folder[SNAPSHOT_PATH_MAX];
    struct snapshots snapshots = {.count = 0};
    enum status status = snapshot_path(partition_folder, "", "", folder, sizeof(folder));
    if (status == STATUS_OK) {
        status = list(folder, &snapshots);
    }
    if (status != STATUS_OK) {
        snapshot_destroy_list(&snapshots);
        return status;
    }
    *out_snapshots = snapshots;
    return STATUS_OK;
}

enum status snapshot_set_aside(const char *partition_folder, const struct snapshot *snapshot)
{
    char folder[SNAPSHOT_PATH_MAX];
    enum status status = snapshot_path(partition_folder, "", "", folder, sizeof(folder));
    if (status != STATUS_OK) {
        return status;
    }
    return rename_aside(folder, snapshot->name, "a snapshot is damaged, or does not fit the log");
}

/* The manifest first: a crash between the two leaves no snapshot that has lost its data. */
static enum status delete (const char *folder, const struct snapshot *snapshot) {
    char file[FOLDER_NAME_MAX];
    (void)snprintf(file, sizeof(file), "%s" MANIFEST_SUFFIX, snapshot->name);
    enum status status = folder_remove_file(folder, file);
    if (status == STATUS_OK){status = folder_sync(folder);}
if (status != STATUS_OK)
{
    return status;
}
(void)snprintf(file, sizeof(file), "%s" DATA_SUFFIX, snapshot->name);
return folder_remove_file(folder, file);
}

enum status snapshot_prune(const char *partition_folder, size_t keep, size_t *out_deleted)
{
    char folder[SNAPSHOT_PATH_MAX];
    struct snapshots snapshots;
    size_t deleted = 0;

    enum status status = snapshot_path(partition_folder, "", "", folder, sizeof(folder));
    if (status == STATUS_OK) {
        status = snapshot_list(partition_folder, &snapshots);
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = keep; i < snapshots.count && status == STATUS_OK; i++) {
        status = delete (folder, &snapshots.items[i]);
        deleted += status == STATUS_OK;
    }
    snapshot_destroy_list(&snapshots);
    if (status == STATUS_OK) {
        status = snapshot_remove_left_overs(folder);
    }
    if (status == STATUS_OK) {
        *out_deleted = deleted;
    }
    return status;
}

/* Who writes a file holds its lock until the manifest stands. */
static bool is_abandoned(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool is_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
    (void)close(fd);
    return is_free;
}

static bool lacks_manifest(const char *folder, const char *name)
{
    char file[FOLDER_NAME_MAX];
    char path[SNAPSHOT_PATH_MAX];
    (void)snprintf(file, sizeof(file), "%s" MANIFEST_SUFFIX, name);
    return folder_join(folder, file, path, sizeof(path)) == STATUS_OK && access(path, F_OK) != 0;
}

static bool is_left_over(const char *folder, const char *file)
{
    char name[FOLDER_NAME_MAX - 64];
    char path[SNAPSHOT_PATH_MAX];
    bool is_one =
        cut_suffix(file, FOLDER_NEW_SUFFIX, name, sizeof(name)) ||
        (cut_suffix(file, DATA_SUFFIX, name, sizeof(name)) && lacks_manifest(folder, name));
    return is_one && folder_join(folder, file, path, sizeof(path)) == STATUS_OK &&
           is_abandoned(path);
}

enum status snapshot_remove_left_overs(const char *snapshots_folder)
{
    DIR *stream = opendir(snapshots_folder);
    if (stream == NULL) {
        return errno == ENOENT ? STATUS_OK : folder_failed("opendir", snapshots_folder);
    }
    enum status status = STATUS_OK;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(stream)) != NULL;) {
        if (is_left_over(snapshots_folder, entry->d_name)) {
            status = folder_remove_file(snapshots_folder, entry->d_name);
        }
    }
    (void)closedir(stream);
    return status;
}
