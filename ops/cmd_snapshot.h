/* What the verbs of `candled snapshot` share, one file a verb. */
#ifndef CANDLED_OPS_CMD_SNAPSHOT_H
#define CANDLED_OPS_CMD_SNAPSHOT_H

#include "ops/cli.h"
#include "ops/progress.h"
#include "runtime/base.h"
#include "runtime/status.h"
#include "state/object_store.h"
#include "state/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CMD_SNAPSHOT_PATH_MAX = 4096 };

struct cmd_snapshot {
    struct cli_context *context;
    const char *data_dir;
    const char *topic;
    int32_t partition; /* -1: all that there are */
    const char *name;  /* of a snapshot; NULL: none was named */
    size_t keep;
    bool is_forced;
    bool looks_elsewhere;        /* --remote */
    struct object_store *remote; /* NULL: snapshots.url is empty */
    struct progress bar;
    char bar_text[160];
};

/* DATA_DIR/TOPIC/PARTITION. STATUS_BAD_CONFIG, logged. */
MUST_CHECK enum status cmd_snapshot_folder(const struct cmd_snapshot *c, int32_t partition,
                                           char path[CMD_SNAPSHOT_PATH_MAX]);

struct cmd_snapshot_partitions { /* in their order */
    int32_t *items;
    size_t count;
};

/* The one that was asked for, or those with a folder here or, with `remote`, snapshots there. The
 * caller frees the items. */
MUST_CHECK enum status cmd_snapshot_find(const struct cmd_snapshot *c, struct object_store *remote,
                                         struct cmd_snapshot_partitions *out_partitions);

/* A bar for the next copy or check; "verifying 00-0000000000000000041". Ctrl-C ends what it is for
 * with STATUS_TIMED_OUT. */
struct snapshot_progress cmd_snapshot_bar(struct cmd_snapshot *c, const char *what,
                                          const char *name);
void cmd_snapshot_end_bar(struct cmd_snapshot *c);

/* One snapshot as a JSON line; `more` are further members, ",\"where\":\"local\"", or empty. */
void cmd_snapshot_print_json(const struct snapshot *snapshot, const char *more);

/* "12.3 MiB" */
void cmd_snapshot_print_size(int64_t bytes, char *text, size_t size);

/* The process that holds a partition, as the sockets tell; -1: none of them does. */
long cmd_snapshot_holder(const struct cmd_snapshot *c, int32_t partition);

enum cli_exit cmd_snapshot_list(struct cmd_snapshot *c);
enum cli_exit cmd_snapshot_create(struct cmd_snapshot *c);
enum cli_exit cmd_snapshot_verify(struct cmd_snapshot *c);
enum cli_exit cmd_snapshot_restore(struct cmd_snapshot *c);
enum cli_exit cmd_snapshot_prune(struct cmd_snapshot *c);

#endif
