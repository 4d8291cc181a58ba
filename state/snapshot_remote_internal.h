/* What the files of snapshots in an object store share: snapshot_remote.c copies one there and
 * back, snapshot_remote_list.c looks at all of a partition. */
#ifndef CANDLED_STATE_SNAPSHOT_REMOTE_INTERNAL_H
#define CANDLED_STATE_SNAPSHOT_REMOTE_INTERNAL_H

#include "state/snapshot_remote.h"

#define SNAPSHOT_DATA_SUFFIX ".mdb"
#define SNAPSHOT_MANIFEST_SUFFIX ".json"

/* TOPIC/PARTITION/NAME + suffix. */
void snapshot_remote_key(const char *topic, int32_t partition, const char *name, const char *suffix,
                         char key[OBJECT_KEY_MAX + 1]);

/* STATUS_NOT_FOUND; STATUS_MALFORMED: it is no manifest of this partition and name. */
MUST_CHECK enum status snapshot_remote_manifest(struct object_store *remote, const char *topic,
                                                int32_t partition, const char *name,
                                                char text[SNAPSHOT_MANIFEST_MAX], size_t *out_size,
                                                struct snapshot *out_snapshot);

/* -1: there is no data of that name. */
MUST_CHECK enum status snapshot_remote_data_bytes(struct object_store *remote,
                                                  const struct snapshot *snapshot,
                                                  int64_t *out_bytes);

/* Logs it; STATUS_CORRUPT. */
enum status snapshot_remote_damaged(struct object_store *remote, const char *topic,
                                    int32_t partition, const char *name, const char *reason);

/* None is fine. */
MUST_CHECK enum status snapshot_remote_remove_part(struct object_store *remote, const char *topic,
                                                   int32_t partition, const char *name,
                                                   const char *suffix);

/* Manifest and data. */
MUST_CHECK enum status snapshot_remote_remove(struct object_store *remote, const char *topic,
                                              int32_t partition, const char *name);

#endif
