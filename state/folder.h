/* A partition's folder, and what stands in it beside the environment: `lock`, which keeps a second
 * process out, and `unsynced`, the boot id of the kernel whose page cache holds commits that may
 * not be on the disk yet.
 *
 * `unsynced` is a file of its own because it must be read before LMDB may look at pages that a
 * power cut can have torn. What goes wrong is logged here. */
#ifndef CANDLED_STATE_FOLDER_H
#define CANDLED_STATE_FOLDER_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLDER_DATA_NAME "data.mdb"

/* DATA_DIR/TOPIC/PARTITION. STATUS_BAD_CONFIG: the topic cannot be a folder's name, or all is too
 * long. */
MUST_CHECK enum status folder_path(const char *data_dir, const char *topic, int32_t partition,
                                   char *path, size_t path_size);

/* With all its parents, each synced into the one above it. */
MUST_CHECK enum status folder_make(const char *path);

MUST_CHECK enum status folder_sync(const char *path);

/* Folder and name as one path. */
MUST_CHECK enum status folder_join(const char *folder, const char *name, char *path,
                                   size_t path_size);

/* The name of the network filesystem that has this number (statfs), or NULL. */
const char *folder_remote_name(int64_t magic);

/* STATUS_REMOTE_DISK: LMDB's map and locks do not work there. */
MUST_CHECK enum status folder_check_local(const char *folder);

/* STATUS_BUSY, not logged: another process has it. The lock ends with the file descriptor. */
MUST_CHECK enum status folder_lock(const char *folder, int *out_fd);

/* STATUS_NOT_FOUND: all commits are on the disk. The text is terminated, and cut if need be. */
MUST_CHECK enum status folder_read_unsynced(const char *folder, char *boot_id, size_t size);

/* Is on the disk when it returns. STATUS_DISK_FULL: try again. */
MUST_CHECK enum status folder_write_unsynced(const char *folder, const char *boot_id);

/* None is fine. */
MUST_CHECK enum status folder_remove_unsynced(const char *folder);

/* Renames data.mdb to data.mdb.set-aside-TIME; with it go LMDB's lock file and `unsynced`. */
MUST_CHECK enum status folder_set_aside(const char *folder);

#endif
