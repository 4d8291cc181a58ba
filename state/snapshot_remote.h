/* Snapshots in an object store: TOPIC/PARTITION/NAME.mdb and NAME.json, the manifest last.
 *
 * Thread: workers; every call blocks. */
#ifndef CANDLED_STATE_SNAPSHOT_REMOTE_H
#define CANDLED_STATE_SNAPSHOT_REMOTE_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/object_store.h"
#include "state/snapshot.h"

#include <stddef.h>
#include <stdint.h>

/* Copies one that stands in partition_folder; one that is there already, with the same size and
 * checksum, is not sent again. */
MUST_CHECK enum status snapshot_publish(struct object_store *remote, const char *partition_folder,
                                        const struct snapshot *snapshot,
                                        const struct snapshot_progress *progress);

/* The furthest first. */
MUST_CHECK enum status snapshot_list_remote(struct object_store *remote, const char *topic,
                                            int32_t partition, struct snapshots *out_snapshots);

/* Copies it into partition_folder/snapshots, made when missing; the manifest last. What stands in
 * the file was read back and is what the manifest says. STATUS_CORRUPT: it is not, and nothing is
 * left. */
MUST_CHECK enum status snapshot_fetch(struct object_store *remote, const char *partition_folder,
                                      const struct snapshot *snapshot,
                                      const struct snapshot_progress *progress);

/* Deletes all but the `keep` furthest. */
MUST_CHECK enum status snapshot_prune_remote(struct object_store *remote, const char *topic,
                                             int32_t partition, size_t keep, size_t *out_deleted);

/* Deletes one that nobody may go on from, together with its manifest, and logs that. Not for one
 * that read as damaged: that may be this machine's fault. */
MUST_CHECK enum status snapshot_discard_remote(struct object_store *remote,
                                               const struct snapshot *snapshot);

#endif
