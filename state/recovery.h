/* Opens a partition from the furthest valid state there is: its environment, a snapshot in its
 * folder, or one in the object store; by (era, next offset).
 *
 * A candidate must be undamaged (page headers, checksums, and, when its last open never finished,
 * a walk through all tables by a child process, whose death condemns it), of this topic and
 * partition, and it must fit the log: the owner compares what the log holds before the next offset
 * with what the state remembers. A damaged one is set aside with a warning and the next one taken;
 * so is one that does not fit, unless none does: then nothing is moved, and the owner hears why.
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
    recovery_check_fn *check;
    void *context;
    struct snapshot_progress progress; /* of copies */
};

struct recovery {
    bool is_restored;         /* from a snapshot, not from the environment */
    struct snapshot snapshot; /* that one */
    struct meta meta;         /* with STATUS_LOG_LOST: of the furthest candidate */
    enum log_fit fit;         /* of the state that was opened; with STATUS_LOG_LOST: of that one */
};

/* STATUS_OK: open; next_offset -1 when there was nothing at all. STATUS_LOG_LOST: there is state,
 * and none of it fits the log. STATUS_BUSY and what else is of class RETRY: call again. */
MUST_CHECK enum status recovery_open(const struct recovery_options *options,
                                     struct store **out_store, struct recovery *out_recovery);

#endif
