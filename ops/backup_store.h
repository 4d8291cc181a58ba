/* Where the backups of days go: batch.backup_dir as an object store. A path is a folder, made when
 * it is missing; file:// and s3:// are as for snapshots; empty is DATA_DIR/backup. */
#ifndef CANDLED_OPS_BACKUP_STORE_H
#define CANDLED_OPS_BACKUP_STORE_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdint.h>

struct config;
struct object_store;
struct zone;

enum { BACKUP_STORE_ERROR_MAX = 512 };

/* object_store_close(). STATUS_BAD_CONFIG and others, with what is wrong in `error`. */
MUST_CHECK enum status backup_store_open(const struct config *config,
                                         struct object_store **out_store,
                                         char error[BACKUP_STORE_ERROR_MAX]);

/* Deletes the backups of days that are older than batch.backup_keep; how many is logged. */
MUST_CHECK enum status backup_store_prune(struct object_store *store, const struct config *config,
                                          const struct zone *zone, int64_t now_ms);

#endif
