#include "state/snapshot_remote.h"

#include "runtime/log.h"
#include "state/folder.h"
#include "state/snapshot_internal.h"
#include "state/snapshot_remote_internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

void snapshot_remote_key(const char *topic, int32_t partition, const char *name, const char *suffix,
                         char key[OBJECT_KEY_MAX + 1])
{
    (void)snprintf(key, OBJECT_KEY_MAX + 1, "%s/%" PRId32 "/%s%s", topic, partition, name, suffix);
}

static struct object_progress progress_of(const struct snapshot_progress *progress)
{
    struct object_progress same = {NULL, NULL};
    if (progress != NULL) {
        same = (struct object_progress){progress->tell, progress->context};
    }
    return same;
}

/* STATUS_MALFORMED: it is no manifest of this partition and name. */
enum status snapshot_remote_manifest(struct object_store *remote, const char *topic,
                                     int32_t partition, const char *name,
                                     char text[SNAPSHOT_MANIFEST_MAX], size_t *out_size,
                                     struct snapshot *out_snapshot)
{
    char key[OBJECT_KEY_MAX + 1];
    struct snapshot snapshot;
    snapshot_remote_key(topic, partition, name, SNAPSHOT_MANIFEST_SUFFIX, key);

    enum status status = object_store_read(remote, key, text, SNAPSHOT_MANIFEST_MAX, out_size);
    if (status == STATUS_OK) {
        status = snapshot_parse(text, *out_size, &snapshot);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (strcmp(snapshot.name, name) != 0 || strcmp(snapshot.topic, topic) != 0 ||
        snapshot.partition != partition) {
        return STATUS_MALFORMED;
    }
    *out_snapshot = snapshot;
    return STATUS_OK;
}

enum status snapshot_remote_damaged(struct object_store *remote, const char *topic,
                                    int32_t partition, const char *name, const char *reason)
{
    char key[OBJECT_KEY_MAX + 1];
    snapshot_remote_key(topic, partition, name, SNAPSHOT_DATA_SUFFIX, key);
    log_event(LOG_snapshot_damaged, log_text("store", object_store_name(remote)),
              log_text("path", key), log_text("reason", reason));
    return STATUS_CORRUPT;
}

enum status snapshot_remote_remove_part(struct object_store *remote, const char *topic,
                                        int32_t partition, const char *name, const char *suffix)
{
    char key[OBJECT_KEY_MAX + 1];
    snapshot_remote_key(topic, partition, name, suffix, key);
    return object_store_delete(remote, key);
}

/* The manifest first: what has none is no snapshot. */
enum status snapshot_remote_remove(struct object_store *remote, const char *topic,
                                   int32_t partition, const char *name)
{
    enum status status =
        snapshot_remote_remove_part(remote, topic, partition, name, SNAPSHOT_MANIFEST_SUFFIX);
    return status == STATUS_OK
               ? snapshot_remote_remove_part(remote, topic, partition, name, SNAPSHOT_DATA_SUFFIX)
               : status;
}

/* Two clusters may have topics of one name: neither must take the other's state for its own. */
static enum status check_cluster(struct object_store *remote, const struct snapshot *ours,
                                 const struct snapshot *theirs)
{
    if (ours->cluster[0] == '\0' || theirs->cluster[0] == '\0' ||
        strcmp(ours->cluster, theirs->cluster) == 0) {
        return STATUS_OK;
    }
    log_event(LOG_snapshot_foreign, log_text("store", object_store_name(remote)),
              log_text("topic", ours->topic), log_text("cluster", ours->cluster),
              log_text("other", theirs->cluster),
              log_text("advice", "give each cluster a prefix of its own in snapshots.url"));
    return STATUS_REJECTED;
}

/* Whether it is there as a whole; half of one is cleared away, and so is another copy of the same
 * state: it may be the one that read as damaged, so that this state was made once more. */
static enum status look_for(struct object_store *remote, const struct snapshot *wanted,
                            bool *out_is_there)
{
    char text[SNAPSHOT_MANIFEST_MAX];
    size_t size;
    struct snapshot theirs = {.size_bytes = -1};
    int64_t data_bytes = -1;

    enum status status = snapshot_remote_manifest(remote, wanted->topic, wanted->partition,
                                                  wanted->name, text, &size, &theirs);
    if (status == STATUS_NOT_FOUND) {
        *out_is_there = false;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = check_cluster(remote, wanted, &theirs);
    } else if (status == STATUS_MALFORMED) {
        status = STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = snapshot_remote_data_bytes(remote, wanted, &data_bytes);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *out_is_there =
        data_bytes >= 0 && data_bytes == theirs.size_bytes && theirs.crc32c == wanted->crc32c;
    return *out_is_there ? STATUS_OK
                         : snapshot_remote_remove_part(remote, wanted->topic, wanted->partition,
                                                       wanted->name, SNAPSHOT_MANIFEST_SUFFIX);
}

static enum status send_one(struct object_store *remote, const char *partition_folder,
                            const struct snapshot *snapshot, const char *suffix,
                            const struct object_progress *progress)
{
    char path[SNAPSHOT_PATH_MAX];
    char key[OBJECT_KEY_MAX + 1];
    snapshot_remote_key(snapshot->topic, snapshot->partition, snapshot->name, suffix, key);
    enum status status =
        snapshot_path(partition_folder, snapshot->name, suffix, path, sizeof(path));
    return status == STATUS_OK ? object_store_put(remote, key, path, progress) : status;
}

enum status snapshot_publish(struct object_store *remote, const char *partition_folder,
                             const struct snapshot *snapshot,
                             const struct snapshot_progress *progress)
{
    const struct object_progress same = progress_of(progress);
    bool is_there = false;
    enum status status = look_for(remote, snapshot, &is_there);
    if (status != STATUS_OK || is_there) {
        return status;
    }
    status = send_one(remote, partition_folder, snapshot, SNAPSHOT_DATA_SUFFIX, &same);
    if (status == STATUS_OK) {
        status = send_one(remote, partition_folder, snapshot, SNAPSHOT_MANIFEST_SUFFIX, &same);
    }
    return status;
}

/* Under its own name once it is whole, and the lock held until the manifest stands beside it: who
 * sweeps up asks for that lock. */
static enum status name_both(const char *folder, const struct snapshot *snapshot,
                             const char *copied, struct slice manifest)
{
    char data[FOLDER_NAME_MAX];
    char copy[FOLDER_NAME_MAX];
    char file[FOLDER_NAME_MAX];
    (void)snprintf(data, sizeof(data), "%s" SNAPSHOT_DATA_SUFFIX, snapshot->name);
    (void)snprintf(copy, sizeof(copy), "%s" SNAPSHOT_DATA_SUFFIX FOLDER_NEW_SUFFIX, snapshot->name);
    (void)snprintf(file, sizeof(file), "%s" SNAPSHOT_MANIFEST_SUFFIX, snapshot->name);

    int fd = open(copied, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return folder_failed("open", copied);
    }
    (void)flock(fd, LOCK_EX | LOCK_NB);
    enum status status = folder_remove_file(folder, file); /* of an older copy with other bytes */
    if (status == STATUS_OK) {
        status = folder_rename(folder, copy, data);
    }
    if (status == STATUS_OK) {
        status = folder_write_file(folder, file, manifest);
    }
    (void)close(fd);
    return status;
}

static enum status get_data(struct object_store *remote, const struct snapshot *theirs,
                            const char *path, const struct object_progress *progress)
{
    char key[OBJECT_KEY_MAX + 1];
    struct object_content content;
    snapshot_remote_key(theirs->topic, theirs->partition, theirs->name, SNAPSHOT_DATA_SUFFIX, key);
    enum status status = object_store_get_checked(remote, key, path, progress, &content);
    if (status != STATUS_OK) {
        return status;
    }
    if (content.size_bytes != theirs->size_bytes || content.crc32c != theirs->crc32c) {
        (void)unlink(path);
        return snapshot_remote_damaged(remote, theirs->topic, theirs->partition, theirs->name,
                                       "its size or checksum is not the one in the manifest");
    }
    return STATUS_OK;
}

enum status snapshot_fetch(struct object_store *remote, const char *partition_folder,
                           const struct snapshot *snapshot,
                           const struct snapshot_progress *progress)
{
    char text[SNAPSHOT_MANIFEST_MAX];
    char folder[SNAPSHOT_PATH_MAX];
    char copied[SNAPSHOT_PATH_MAX];
    size_t size;
    struct snapshot theirs;
    const struct object_progress same = progress_of(progress);

    enum status status = snapshot_remote_manifest(remote, snapshot->topic, snapshot->partition,
                                                  snapshot->name, text, &size, &theirs);
    if (status == STATUS_MALFORMED) {
        return snapshot_remote_damaged(remote, snapshot->topic, snapshot->partition, snapshot->name,
                                       "its manifest cannot be read");
    }
    if (status == STATUS_OK) {
        status = snapshot_path(partition_folder, "", "", folder, sizeof(folder));
    }
    if (status == STATUS_OK) {
        status = snapshot_path(partition_folder, snapshot->name,
                               SNAPSHOT_DATA_SUFFIX FOLDER_NEW_SUFFIX, copied, sizeof(copied));
    }
    if (status == STATUS_OK) {
        status = folder_make(folder);
    }
    if (status == STATUS_OK) {
        status = get_data(remote, &theirs, copied, &same);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return name_both(folder, snapshot, copied, (struct slice){text, size});
}

enum status snapshot_discard_remote(struct object_store *remote, const struct snapshot *snapshot)
{
    log_event(LOG_snapshot_discarded, log_text("store", object_store_name(remote)),
              log_text("topic", snapshot->topic), log_int("partition", snapshot->partition),
              log_text("name", snapshot->name));
    return snapshot_remote_remove(remote, snapshot->topic, snapshot->partition, snapshot->name);
}
