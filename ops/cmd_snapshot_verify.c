/* candled snapshot verify: reads them all, and says which are damaged. */
#include "ops/cmd_snapshot.h"
#include "ops/remove_tree.h"
#include "runtime/mem.h"
#include "state/folder.h"
#include "state/snapshot_remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    size_t good;
    size_t damaged;
    size_t unknown; /* they could not be read to their end */
};

static void tell(const struct cmd_snapshot *c, const struct snapshot *snapshot, const char *where,
                 enum status status, struct tally *tally)
{
    const char *result = status == STATUS_OK        ? "ok"
                         : status == STATUS_CORRUPT ? "damaged"
                                                    : status_text(status);
    char more[128];
    tally->good += status == STATUS_OK;
    tally->damaged += status == STATUS_CORRUPT;
    tally->unknown += status != STATUS_OK && status != STATUS_CORRUPT;
    if (c->context->is_json) {
        (void)snprintf(more, sizeof(more), ",\"where\":\"%s\",\"result\":\"%s\"", where, result);
        cmd_snapshot_print_json(snapshot, more);
    } else {
        printf("partition %" PRId32 ": %s, %s: %s\n", snapshot->partition, snapshot->name, where,
               result);
    }
    (void)fflush(stdout);
}

static bool is_wanted(const struct cmd_snapshot *c, const struct snapshot *snapshot)
{
    return c->name == NULL || strcmp(c->name, snapshot->name) == 0;
}

static enum status verify(struct cmd_snapshot *c, const char *folder,
                          const struct snapshot *snapshot)
{
    struct snapshot_progress progress = cmd_snapshot_bar(c, "verifying", snapshot->name);
    enum status status = snapshot_verify(folder, snapshot, &progress);
    cmd_snapshot_end_bar(c);
    return status;
}

/* STATUS_TIMED_OUT: somebody wants us to end. */
static enum status verify_here(struct cmd_snapshot *c, int32_t partition, struct tally *tally)
{
    char folder[CMD_SNAPSHOT_PATH_MAX];
    struct snapshots here = {.count = 0};
    enum status status = cmd_snapshot_folder(c, partition, folder);
    if (status == STATUS_OK) {
        status = snapshot_list(folder, &here);
    }
    for (size_t i = 0; i < here.count && status != STATUS_TIMED_OUT; i++) {
        if (is_wanted(c, &here.items[i])) {
            status = verify(c, folder, &here.items[i]);
            tell(c, &here.items[i], "local", status, tally);
        }
    }
    bool is_over = here.count > 0 && status != STATUS_TIMED_OUT;
    snapshot_destroy_list(&here);
    return is_over ? STATUS_OK : status; /* what came of each was told */
}

static enum status fetch_and_verify(struct cmd_snapshot *c, const char *folder,
                                    const struct snapshot *snapshot)
{
    char snapshots[CMD_SNAPSHOT_PATH_MAX];
    struct snapshot_progress progress = cmd_snapshot_bar(c, "fetching", snapshot->name);
    enum status status = snapshot_fetch(c->remote, folder, snapshot, &progress);
    cmd_snapshot_end_bar(c);
    if (status == STATUS_OK) {
        status = verify(c, folder, snapshot);
    }
    if (folder_join(folder, SNAPSHOT_FOLDER_NAME, snapshots, sizeof(snapshots)) == STATUS_OK) {
        (void)(remove_tree(snapshots) ==
               STATUS_OK); /* one after the other: room for one is enough */
    }
    return status;
}

static enum status verify_there(struct cmd_snapshot *c, const char *temporary, int32_t partition,
                                struct tally *tally)
{
    struct snapshots there;
    enum status status = snapshot_list_remote(c->remote, c->topic, partition, &there);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < there.count && status != STATUS_TIMED_OUT; i++) {
        if (is_wanted(c, &there.items[i])) {
            status = fetch_and_verify(c, temporary, &there.items[i]);
            tell(c, &there.items[i], "remote", status, tally);
        }
    }
    snapshot_destroy_list(&there);
    return status == STATUS_TIMED_OUT ? status : STATUS_OK;
}

static enum status verify_all(struct cmd_snapshot *c, const char *temporary, struct tally *tally)
{
    struct cmd_snapshot_partitions partitions;
    enum status status = cmd_snapshot_find(c, temporary == NULL ? NULL : c->remote, &partitions);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < partitions.count && status == STATUS_OK; i++) {
        status = verify_here(c, partitions.items[i], tally);
        if (status == STATUS_OK && temporary != NULL) {
            status = verify_there(c, temporary, partitions.items[i], tally);
        }
    }
    mem_free(partitions.items);
    return status;
}

/* Beside the state, where a disk is that has room for it. */
static enum status verify_with_remote(struct cmd_snapshot *c, struct tally *tally)
{
    char temporary[CMD_SNAPSHOT_PATH_MAX];
    enum status status = folder_make(c->data_dir);
    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(temporary, sizeof(temporary), "%s/.verify-XXXXXX", c->data_dir);
    if (mkdtemp(temporary) == NULL) {
        return folder_failed("mkdtemp", temporary);
    }
    status = verify_all(c, temporary, tally);
    enum status removed = remove_tree(temporary);
    return status == STATUS_OK ? removed : status;
}

static enum cli_exit conclude(const struct cmd_snapshot *c, const struct tally *tally)
{
    size_t count = tally->good + tally->damaged + tally->unknown;
    if (count == 0 && c->name != NULL) {
        return cli_fail(c->context, "there is no snapshot %s%s", c->name,
                        c->looks_elsewhere ? "" : " here; --remote looks elsewhere too");
    }
    if (count == 0) {
        fprintf(stderr, "candled snapshot: there is none to verify\n");
        return CLI_DONE;
    }
    if (tally->damaged + tally->unknown > 0) {
        return cli_fail(c->context,
                        "%zu of %zu are damaged, %zu could not be read; a start passes by damaged "
                        "ones, and goes on from the furthest that is whole",
                        tally->damaged, count, tally->unknown);
    }
    return CLI_DONE;
}

enum cli_exit cmd_snapshot_verify(struct cmd_snapshot *c)
{
    struct tally tally = {.good = 0};
    if (c->looks_elsewhere && c->remote == NULL) {
        return cli_misuse(c->context, "--remote wants snapshots.url to be set");
    }
    enum status status =
        c->looks_elsewhere ? verify_with_remote(c, &tally) : verify_all(c, NULL, &tally);
    if (status != STATUS_OK) {
        return cli_fail(c->context, "not all were verified: %s", status_text(status));
    }
    return conclude(c, &tally);
}
