/* What the files of recovery share: one search for the furthest state. */
#ifndef CANDLED_STATE_RECOVERY_INTERNAL_H
#define CANDLED_STATE_RECOVERY_INTERNAL_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/recovery.h"
#include "state/snapshot.h"

#include <stdbool.h>
#include <stddef.h>

enum { RECOVERY_PATH_MAX = 4096 + 128 };

/* A snapshot that does not fit the log. */
struct recovery_unfit {
    struct snapshot snapshot;
    bool is_remote;
};

struct recovery_search {
    const struct recovery_options *options;
    char folder[RECOVERY_PATH_MAX];
    int lock_fd;
    struct store *env; /* open as long as it may be the one */
    bool is_env_tried;
    struct snapshots here; /* in the folder */
    size_t here_next;
    struct snapshots remote; /* in the object store */
    size_t remote_next;
    enum status remote_status; /* why the object store could not be asked */
    bool has_old_format;
    struct recovery_unfit *unfit;
    size_t unfit_count;
    bool has_furthest;
    int64_t unfit_era;      /* -1: none */
    struct recovery result; /* of the one that is taken, or of the furthest that does not fit */
};

/* Of this folder's data.mdb: opens it as a candidate, or sets it aside. */
MUST_CHECK enum status recovery_open_env(struct recovery_search *search);

/* Fills `here` and `remote`. */
MUST_CHECK enum status recovery_list(struct recovery_search *search);

/* Asks the owner. STATUS_NOT_FOUND: it does not fit. */
MUST_CHECK enum status recovery_check(struct recovery_search *search, const struct meta *meta,
                                      const char *name);

/* STATUS_OK: its state is sound and fits, and it is in the folder. STATUS_NOT_FOUND: not this one.
 */
MUST_CHECK enum status recovery_try_snapshot(struct recovery_search *search,
                                             const struct snapshot *snapshot, bool is_remote);

/* Those that do not fit, once one was found that does. */
MUST_CHECK enum status recovery_set_unfit_aside(struct recovery_search *search);

bool recovery_is_ours(const struct recovery_search *search, const char *topic, int32_t partition);

#endif
