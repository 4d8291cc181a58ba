/* The durable state of one partition: one LMDB environment at DATA_DIR/TOPIC/PARTITION/data.mdb.
 *
 * Every value carries the CRC32C of its key and itself; a wrong one is STATUS_CORRUPT. The map
 * grows by doubling when it is full. The folder's `lock` file keeps a second process out.
 * Ownership: store_close() ends it; no transaction, view or job may be open then.
 * Thread: opened, committed to and read by any thread, one commit at a time; what reads takes its
 * own snapshot and may run beside a commit. Every call but store_get() on a warm page may block:
 * call them in jobs. */
#ifndef CANDLED_STATE_STORE_H
#define CANDLED_STATE_STORE_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"
#include "state/meta.h"
#include "state/outbox.h"
#include "state/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;
struct store;
struct store_view;

enum store_sync {
    STORE_SYNC_commit, /* each commit is fsynced */
    STORE_SYNC_boot,   /* the page cache is trusted within one boot of the kernel */
};

struct store_options {
    const char *data_dir; /* created when missing; a network filesystem is STATUS_REMOTE_DISK */
    const char *topic;
    int32_t partition;
    enum store_sync sync;
    const char *boot_id;  /* of the running kernel; tests give their own */
    size_t map_bytes;     /* to begin with; 0: 64 MiB */
    size_t map_bytes_max; /* STATUS_MAP_FULL beyond it; 0: 1 TiB */
    bool is_read_only; /* nothing is written; the lock is held all the same: who else has the store
                          is to be asked, not passed by. STATUS_NOT_FOUND: no store */
};

/* STATUS_BUSY: another process has it; STATUS_OLD_FORMAT; STATUS_CORRUPT. An environment written in
 * `boot` mode, not closed cleanly, under another boot id is set aside (renamed, logged) and an
 * empty one opened. Logs what went wrong. */
MUST_CHECK enum status store_open(const struct store_options *options, struct store **out_store);

/* Syncs, marks it clean, and closes. NULL is fine; clears the caller's pointer. */
void store_close(struct store **store_p);

/* As if the process had died here: nothing is synced or marked. For tests, and for lost partitions.
 */
void store_abandon(struct store **store_p);

/* As of the last commit, or what store_open() found; defaults (next_offset -1, outbox_next 1, no
 * cursors) in an empty store. */
const struct meta *store_meta(const struct store *store);

/* The same out of the store itself, for those who may look while a commit is under way. */
MUST_CHECK enum status store_read_meta(struct store *store, struct meta *out_meta);

const char *store_folder(const struct store *store);

/* One checkpoint: everything or nothing. `meta` replaces the stored one; format, boot id and clean
 * flag are the store's own business.
 * In the same transaction: candles put get their entry in `expiry`; at most sweep_max entries whose
 * time is <= meta->stream_time_ms are swept with their candles; outbox entries up to the least
 * cursor of the enabled sinks are deleted, at most trim_max of them, and meta->outbox_bytes is
 * lowered by what went (an outbox entry put raises it: see store_meta() after the commit).
 * STATUS_DISK_FULL: nothing was written, and the same call may be repeated. STATUS_MAP_FULL,
 * STATUS_IO, STATUS_CORRUPT: exit. */
struct checkpoint {
    const struct batch *batch;
    const struct meta *meta;
    uint32_t sweep_max;
    uint32_t trim_max;
};

MUST_CHECK enum status store_commit(struct store *store, const struct checkpoint *checkpoint);

/* One transaction, synced as a commit is: the era is set, and how many partitions the topic had is
 * forgotten, since that may be why. With `forgets`, all that was made from the log goes as well:
 * actors, candles and their expiry, next_offset, stream time, floor, fingerprint and owed_from are
 * those of an empty store; the outbox, the cursors and the revisions acknowledged stay. Fails as
 * store_commit() does. */
MUST_CHECK enum status store_begin_era(struct store *store, int64_t era, bool forgets);

/* A read transaction on the last commit, cheap to open and close again and again (renew/reset). The
 * map cannot grow while it is open, so a thread that commits closes its views first; who opens it
 * closes it. Candles whose time has come by that commit's stream time are absent, swept or not. */
struct store_view *store_view_create(struct store *store);

void store_view_destroy(struct store_view **view_p);

MUST_CHECK enum status store_view_open(struct store_view *view);

void store_view_close(struct store_view *view);

/* STATUS_NOT_FOUND leaves *out_value alone. The value points into the map and dies with the view.
 */
MUST_CHECK enum status store_view_get(struct store_view *view, enum store_table table,
                                      struct slice key, struct slice *out_value);

/* Calls `visit` for each record whose key begins with `prefix`, in order, until it returns false.
 */
typedef bool store_visit_fn(void *context, struct slice key, struct slice value);

MUST_CHECK enum status store_view_each(struct store_view *view, enum store_table table,
                                       struct slice prefix, store_visit_fn *visit, void *context);

/* The same for all records with a key greater than `after`; an empty one: from the first. */
MUST_CHECK enum status store_view_after(struct store_view *view, enum store_table table,
                                        struct slice after, store_visit_fn *visit, void *context);

/* Copies wanted entries with sequence > after: at most rows_max of them and about bytes_max bytes
 * (one entry is always taken), looking at 16 x rows_max entries at most. */
MUST_CHECK enum status store_read_outbox(struct store *store, int64_t after,
                                         const struct outbox_filter *filter, size_t rows_max,
                                         size_t bytes_max, struct outbox_rows **out_rows);

struct store_stats {
    size_t used_bytes; /* of the map */
    size_t map_bytes;
    size_t entries[TABLE_COUNT];
};

MUST_CHECK enum status store_stats(struct store *store, struct store_stats *out_stats);

#endif
