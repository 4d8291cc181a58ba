/* What the files of snapshots share. */
#ifndef CANDLED_STATE_SNAPSHOT_INTERNAL_H
#define CANDLED_STATE_SNAPSHOT_INTERNAL_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/meta.h"
#include "state/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct steady_file;

enum { SNAPSHOT_PATH_MAX = 4096 + 128, SNAPSHOT_FILE_MODE = 0640 };

/* Fills name, and all else that the meta tells. */
void snapshot_describe(const struct meta *meta, struct snapshot *snapshot);

/* Whether the copied state is the one that the manifest speaks of. */
bool snapshot_is_of(const struct snapshot *snapshot, const struct meta *meta);

/* partition_folder/snapshots/NAME + suffix; the name may be empty. */
MUST_CHECK enum status snapshot_path(const char *partition_folder, const char *name,
                                     const char *suffix, char *path, size_t path_size);

/* One manifest. STATUS_NOT_FOUND: none. STATUS_MALFORMED: it is not one, or another's. */
MUST_CHECK enum status snapshot_load(const char *snapshots_folder, const char *name,
                                     struct snapshot *out_snapshot);

/* Files that nobody is writing any more, and that no manifest speaks of. */
MUST_CHECK enum status snapshot_remove_left_overs(const char *snapshots_folder);

enum snapshot_form {
    SNAPSHOT_FORM_compact,     /* pages in use, one after the other */
    SNAPSHOT_FORM_page_by_page /* all, as they are; the last may be missing */
};

/* Copies the environment into an empty file, with its size and checksum. STATUS_REJECTED: pages of
 * it are neither in use nor free, or both, so that LMDB does not compact it; logged once. */
MUST_CHECK enum status snapshot_copy_env(struct store *store, enum snapshot_form form,
                                         struct steady_file *to, const char *path,
                                         const struct snapshot_progress *progress,
                                         struct snapshot *snapshot);

/* Of a copy page by page: fills up what is missing, and looks whether each page is used once.
 * STATUS_CORRUPT, logged: one is used twice, so the store itself is damaged. */
MUST_CHECK enum status snapshot_complete_pages(const char *path, int fd, struct snapshot *snapshot);

/* Reads a file from its beginning; `to` (NULL: nowhere) gets a copy. STATUS_CORRUPT: it cannot be
 * read. */
MUST_CHECK enum status snapshot_read_through(int fd, struct steady_file *to, const char *path,
                                             const struct snapshot_progress *progress,
                                             int64_t total_bytes, struct snapshot *read);

/* Of one that was read through already: that its state is the one the manifest speaks of.
 * STATUS_CORRUPT: it is not. */
MUST_CHECK enum status snapshot_look_into(const char *partition_folder,
                                          const struct snapshot *snapshot, struct meta *out_meta);

/* snapshot_verify() that tells the state's meta. */
MUST_CHECK enum status snapshot_examine(const char *partition_folder,
                                        const struct snapshot *snapshot,
                                        const struct snapshot_progress *progress,
                                        struct meta *out_meta);

/* False: somebody wants the call to end. */
bool snapshot_tell(const struct snapshot_progress *progress, int64_t done_bytes,
                   int64_t total_bytes);

#endif
