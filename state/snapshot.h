/* A snapshot: a partition's state as of one offset, copied while the partition runs.
 *
 * Two files in DATA_DIR/TOPIC/PARTITION/snapshots: NAME.mdb, a compacted environment, and
 * NAME.json, its manifest, which is written last: what has no manifest is not a snapshot. NAME is
 * ERA-OFFSET with leading zeros, so that names sort as (era, next offset) do: the last is the
 * furthest. Both files are complete and synced before their names appear.
 * Thread: workers; every call blocks. What goes wrong is logged here. */
#ifndef CANDLED_STATE_SNAPSHOT_H
#define CANDLED_STATE_SNAPSHOT_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/meta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

#define SNAPSHOT_FOLDER_NAME "snapshots"

enum { SNAPSHOT_NAME_MAX = 32 };

/* What a manifest says. */
struct snapshot {
    char name[SNAPSHOT_NAME_MAX];
    char cluster[META_TEXT_MAX];
    char topic[META_TEXT_MAX];
    int32_t partition;
    int64_t format;
    int64_t era;
    int64_t next_offset;
    int64_t stream_time_ms; /* META_NO_TIME: none */
    int64_t created_ms;     /* wall time */
    int64_t size_bytes;     /* of NAME.mdb */
    uint32_t crc32c;        /* of NAME.mdb */
};

struct snapshots { /* the furthest first */
    struct snapshot *items;
    size_t count;
};

void snapshot_destroy_list(struct snapshots *snapshots);

/* Told how far a long call has come; false ends the call with STATUS_TIMED_OUT. NULL: nobody. */
typedef bool snapshot_progress_fn(void *context, int64_t done_bytes, int64_t total_bytes);

struct snapshot_progress {
    snapshot_progress_fn *tell;
    void *context;
};

/* Copies the store as of its last commit; commits go on meanwhile. A snapshot of the same era and
 * offset that is there already is taken as it is. STATUS_REJECTED: nothing was read yet, so there
 * is nothing to copy. STATUS_DISK_FULL: nothing is left behind. STATUS_BUSY: another copy is being
 * made. */
MUST_CHECK enum status snapshot_create(struct store *store,
                                       const struct snapshot_progress *progress,
                                       struct snapshot *out_snapshot);

/* Of one partition's folder (DATA_DIR/TOPIC/PARTITION), valid manifests only; a manifest that
 * cannot be read is set aside by name. None is fine. */
MUST_CHECK enum status snapshot_list(const char *partition_folder, struct snapshots *out_snapshots);

/* Reads it all: size, checksum, page headers, and that its meta is what the manifest says.
 * STATUS_CORRUPT: it is damaged; it is left where it is. */
MUST_CHECK enum status snapshot_verify(const char *partition_folder,
                                       const struct snapshot *snapshot,
                                       const struct snapshot_progress *progress);

/* Renames both files to NAME.*.set-aside-TIME, so that nobody takes them again. */
MUST_CHECK enum status snapshot_set_aside(const char *partition_folder,
                                          const struct snapshot *snapshot);

/* Puts a copy of it in the place of data.mdb, which is set aside first when there is one; the mark
 * of unsynced commits goes with that. The caller holds the folder's lock. */
MUST_CHECK enum status snapshot_install(const char *partition_folder,
                                        const struct snapshot *snapshot);

/* The same without a copy, for one that was fetched and found sound: the snapshot itself goes to
 * that place, and is none any more. */
MUST_CHECK enum status snapshot_move_in(const char *partition_folder,
                                        const struct snapshot *snapshot);

/* Deletes all but the `keep` furthest, and left-overs of copies that never finished. */
MUST_CHECK enum status snapshot_prune(const char *partition_folder, size_t keep,
                                      size_t *out_deleted);

/* A manifest's text; returns its size. */
enum { SNAPSHOT_MANIFEST_MAX = 4096 };
size_t snapshot_print(const struct snapshot *snapshot, char text[SNAPSHOT_MANIFEST_MAX]);

/* STATUS_MALFORMED: not a manifest. */
MUST_CHECK enum status snapshot_parse(const char *text, size_t size, struct snapshot *out_snapshot);

#endif
