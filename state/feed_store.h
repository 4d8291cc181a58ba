/* What the collector keeps on disk: frames that Kafka has not got yet, what it knows of its
 * symbols, and the ledger of holes. One LMDB environment, DATA_DIR/collect/data.mdb.
 *
 * Each commit is fsynced. A file that is damaged is put aside, and the collector begins anew: REST
 * fills what Kafka did not get.
 * Thread: one commits, another may read meanwhile. Slices given to visitors end with the visit.
 * What goes wrong is logged here. */
#ifndef CANDLED_STATE_FEED_STORE_H
#define CANDLED_STATE_FEED_STORE_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/feed_batch.h"

#include <stdbool.h>
#include <stdint.h>

struct feed_store;

struct feed_store_options {
    const char *data_dir;
    int64_t spool_bytes_max; /* the map is made to hold so much, and its ledger */
    bool is_read_only;       /* for looking in, while a collector may run */
};

/* STATUS_BUSY: another collector has it. STATUS_NOT_FOUND: read only, and there is none. */
MUST_CHECK enum status feed_store_open(const struct feed_store_options *options,
                                       struct feed_store **out_store);

/* NULL inside is fine. */
void feed_store_close(struct feed_store **store_p);

/* All of it, or nothing. STATUS_DISK_FULL: try it again later. */
MUST_CHECK enum status feed_store_commit(struct feed_store *store, const struct feed_batch *batch);

/* False ends the walk. */
typedef bool feed_store_frame_fn(void *context, const struct feed_frame *frame);

/* The frames behind a sequence, in their order; 0: from the first. A damaged one is logged and
 * passed over. */
MUST_CHECK enum status feed_store_frames(struct feed_store *store, uint64_t after,
                                         feed_store_frame_fn *visit, void *context);

typedef void feed_store_symbol_fn(void *context, const struct feed_symbol *symbol);

MUST_CHECK enum status feed_store_symbols(struct feed_store *store, feed_store_symbol_fn *visit,
                                          void *context);

typedef void feed_store_hole_fn(void *context, const struct feed_hole *hole);

/* By symbol, kind and time. */
MUST_CHECK enum status feed_store_holes(struct feed_store *store, feed_store_hole_fn *visit,
                                        void *context);

/* Bytes of the frames in it, as of the last commit. Any thread. */
int64_t feed_store_spool_bytes(const struct feed_store *store);

int64_t feed_store_spool_frames(const struct feed_store *store);

/* Of the last frame that was there when it was opened; 0: none was. */
uint64_t feed_store_last_sequence(const struct feed_store *store);

#endif
