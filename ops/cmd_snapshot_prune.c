/* candled snapshot prune: deletes all but the furthest, here and elsewhere. */
#include "ops/cmd_snapshot.h"
#include "runtime/mem.h"
#include "state/snapshot_remote.h"

#include <inttypes.h>
#include <stdio.h>

static void tell(const struct cmd_snapshot *c, int32_t partition, size_t here, size_t there)
{
    if (c->context->is_json) {
        printf("{\"partition\":%" PRId32 ",\"deletedLocal\":%zu,\"deletedRemote\":%zu}\n",
               partition, here, there);
    } else if (c->remote != NULL) {
        printf("partition %" PRId32 ": %zu deleted here, %zu in %s\n", partition, here, there,
               object_store_name(c->remote));
    } else {
        printf("partition %" PRId32 ": %zu deleted\n", partition, here);
    }
}

static enum status prune_one(const struct cmd_snapshot *c, int32_t partition)
{
    char folder[CMD_SNAPSHOT_PATH_MAX];
    size_t here = 0;
    size_t there = 0;
    enum status status = cmd_snapshot_folder(c, partition, folder);
    if (status == STATUS_OK) {
        status = snapshot_prune(folder, c->keep, &here);
    }
    if (status == STATUS_OK && c->remote != NULL) {
        status = snapshot_prune_remote(c->remote, c->topic, partition, c->keep, &there);
    }
    if (status == STATUS_OK) {
        tell(c, partition, here, there);
    }
    return status;
}

enum cli_exit cmd_snapshot_prune(struct cmd_snapshot *c)
{
    struct cmd_snapshot_partitions partitions;
    enum status status = cmd_snapshot_find(c, c->remote, &partitions);
    if (status != STATUS_OK) {
        return cli_fail(c->context, "nothing was deleted: %s", status_text(status));
    }
    for (size_t i = 0; i < partitions.count && status == STATUS_OK; i++) {
        status = prune_one(c, partitions.items[i]);
        if (status != STATUS_OK) {
            (void)cli_fail(c->context, "partition %" PRId32 ": %s; the lines above say more",
                           partitions.items[i], status_text(status));
        }
    }
    mem_free(partitions.items);
    return status == STATUS_OK ? CLI_DONE : CLI_FAILED;
}
