/* The folder of `candled run` with the embedded broker: DATA_DIR/embedded, emptied at start. What
 * lies in it is as passing as that broker's log, and belongs to one process at a time. */
#ifndef CANDLED_OPS_EMBEDDED_FOLDER_H
#define CANDLED_OPS_EMBEDDED_FOLDER_H

#include "runtime/base.h"
#include "runtime/status.h"

enum { EMBEDDED_FOLDER_MAX = 1100 };

struct embedded_folder {
    int lock_fd;
    char path[EMBEDDED_FOLDER_MAX];
};

/* Takes it for this process and empties it. STATUS_BUSY: another process has it, and nothing was
 * touched. Not logged. */
MUST_CHECK enum status embedded_folder_open(const char *data_dir,
                                            struct embedded_folder *out_folder);

/* What is in it stays until the next one opens it. */
void embedded_folder_close(struct embedded_folder *folder);

#endif
