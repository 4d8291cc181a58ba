/* A folder for what lives only as long as a command: in $TMPDIR or the system's own folder, locked
 * while its process lives. What a process that was killed has left is removed by the next one that
 * makes a folder there.
 *
 * Ownership: scratch_remove() removes it with all that is in it. Thread: any. */
#ifndef CANDLED_OPS_SCRATCH_H
#define CANDLED_OPS_SCRATCH_H

#include "runtime/base.h"
#include "runtime/status.h"

enum { SCRATCH_PATH_MAX = 2048 };

struct scratch {
    char path[SCRATCH_PATH_MAX]; /* empty: there is none */
    int lock;
};

/* `parent` NULL: $TMPDIR, or the system's own. STATUS_IO, logged. */
MUST_CHECK enum status scratch_make(const char *parent, struct scratch *out_scratch);

/* A zeroed one is fine. */
void scratch_remove(struct scratch *scratch);

/* $TMPDIR, or the system's own. */
const char *scratch_parent(void);

#endif
