/* A partition's folder, and what stands in it beside the environment: `lock`, which keeps a second
 * process out; `open`, as long as a process has the environment open, so that who finds it knows
 * that the last one did not come to its end; and `unsynced`, the boot id of the kernel whose page
 * cache holds commits that may not be on the disk yet.
 *
 * The last two are files of their own because they must be read before LMDB may look at pages that
 * a power cut can have torn. `open` need only outlive a process: it is not synced.
 * What goes wrong is logged here. */
#ifndef CANDLED_STATE_FOLDER_H
#define CANDLED_STATE_FOLDER_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLDER_DATA_NAME "data.mdb"
#define FOLDER_NEW_SUFFIX ".new" /* of a file that is being written */
#define FOLDER_ASIDE ".set-aside-"

#define FOLDER_REASON_UNSYNCED "its last commits were not synced before the machine stopped"

/* ASIDE_KEPT: of the files of one folder that were put aside, data and manifests each. */
enum { FOLDER_NAME_MAX = 256, FOLDER_ASIDE_KEPT = 2 };

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

/* What errno says of a call, logged: STATUS_DISK_FULL or STATUS_IO. */
MUST_CHECK enum status folder_failed(const char *call, const char *path);

/* A small file as text, terminated, and cut if need be. STATUS_NOT_FOUND: none. */
MUST_CHECK enum status folder_read_file(const char *folder, const char *name, char *text,
                                        size_t size);

/* All of it or nothing, and on the disk when it returns: under another name first. */
MUST_CHECK enum status folder_write_file(const char *folder, const char *name, struct slice bytes);

/* Replaces what has that name, and syncs the folder. */
MUST_CHECK enum status folder_rename(const char *folder, const char *from_name,
                                     const char *to_name);

/* None is fine. */
MUST_CHECK enum status folder_remove_file(const char *folder, const char *name);

/* STATUS_NOT_FOUND: all commits are on the disk. The text is terminated, and cut if need be. */
MUST_CHECK enum status folder_read_unsynced(const char *folder, char *boot_id, size_t size);

/* Is on the disk when it returns. STATUS_DISK_FULL: try again. */
MUST_CHECK enum status folder_write_unsynced(const char *folder, const char *boot_id);

/* None is fine. */
MUST_CHECK enum status folder_remove_unsynced(const char *folder);

MUST_CHECK enum status folder_mark_open(const char *folder, bool *out_is_new);

bool folder_is_marked_open(const char *folder);

/* None is fine. */
MUST_CHECK enum status folder_unmark_open(const char *folder);

/* Renames a file to NAME.set-aside-TIME, which is logged, and removes the oldest of those there are
 * more than FOLDER_ASIDE_KEPT of. None is fine. */
MUST_CHECK enum status folder_rename_aside(const char *folder, const char *name,
                                           const char *reason);

/* The same for data.mdb; with it go LMDB's lock file and both marks. */
MUST_CHECK enum status folder_set_aside(const char *folder, const char *reason);

#endif
