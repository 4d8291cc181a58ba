/* Opens a partition from the furthest valid state there is: its environment, a snapshot in its
 * folder, or one in the object store; by (era, next offset).
 *
 * A candidate must be undamaged, of this topic and partition, and it must fit the log: the owner
 * compares what the log holds before the next offset with what the state remembers. A damaged one
 * is set aside with a warning and the next one taken; so is one that does not fit, unless none
 * does: then nothing is moved, and the owner hears why.
 *
 * Undamaged: a snapshot's size, checksum, page headers and meta are what its manifest says. An
 * environment's page headers are sound; its commits were synced, or made under this boot of the
 * kernel; and a child process has walked through all of it (walk.h), unless the process that had it
 * open last came as far as closing it: the file `open` stands in the folder from before LMDB maps
 * the environment until then, whatever ended that process, so that damage which kills a process is
 * found by the next one. (A walk takes about 4 s a GB on a busy machine when the file is in the
 * page cache.)
 *
 * An object store that does not answer is no reason to wait as long as what is here fits the log.
 * Thread: a worker; blocks for as long as it takes, copies included. */
#ifndef CANDLED_STATE_RECOVERY_H
#define CANDLED_STATE_RECOVERY_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/meta.h"
#include "state/snapshot.h"
#include "state/store.h"

#include <stdbool.h>
#include <stdint.h>

struct object_store;

/* What the log says to a state that stands at next_offset. */
#define LOG_FITS(X)                                                                                \
    X(fits, "the record before the next offset is the one that the state remembers")               \
    X(unverified, "retention has removed that record; the next offset is still in the log")        \
    X(differs, "another record stands before the next offset: the topic was recreated")            \
    X(ends_before, "the log ends before the next offset: the topic was recreated or cut")          \
    X(begins_after, "retention has removed records that were not read yet")

enum log_fit {
#define X(name, text) LOG_FIT_##name,
    LOG_FITS(X)
#undef X
        LOG_FIT_COUNT
};

const char *log_fit_name(enum log_fit fit);
const char *log_fit_text(enum log_fit fit);

/* fits and unverified let the state go on. */
bool log_fit_is_good(enum log_fit fit);

/* Pure: what follows from the log's ends and, when it was looked up, the record before
 * meta->next_offset (NULL: it is not in the log). */
enum log_fit log_fit_judge(const struct meta *meta, int64_t log_begin, int64_t log_end,
                           const struct record_fingerprint *before);

/* A failure of class RETRY ends recovery_open() with it; the owner calls again later. */
typedef enum status recovery_check_fn(void *context, const struct meta *meta,
                                      enum log_fit *out_fit);

struct recovery_options {
    struct store_options store;
    struct object_store *remote; /* NULL: none */
    const char *cluster;         /* ours; what is of another one is left alone. NULL: not known */
    recovery_check_fn *check;
    void *context;
    bool stops_at_unfit; /* STATUS_LOG_LOST as soon as the furthest state does not fit: records that
                            sinks have heard of are not in the log, and an older state that fits
                            would give their revisions to others */
    struct snapshot_progress progress; /* of copies */
    const char *walker;                /* see walk_in_child(); NULL: this program */
};

struct recovery {
    bool is_restored;         /* from a snapshot, not from the environment */
    struct snapshot snapshot; /* that one */
    struct meta meta;         /* with STATUS_LOG_LOST: of the furthest candidate */
    enum log_fit fit;         /* of the state that was opened; with STATUS_LOG_LOST: of that one */
    int64_t unfit_era; /* the latest of the states that were passed over as unfit; -1: none */
};

/* STATUS_OK: open; next_offset -1 when there was nothing at all. STATUS_LOG_LOST: there is state,
 * and none of it fits the log. STATUS_OLD_FORMAT: what there is was written by another version.
 * STATUS_BUSY and what else is of class RETRY: call again. The folder's lock is held from the first
 * look to the end of the store. */
MUST_CHECK enum status recovery_open(const struct recovery_options *options,
                                     struct store **out_store, struct recovery *out_recovery);

#endif
