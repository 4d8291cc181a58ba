/* candled snapshot restore: puts a snapshot in the place of a partition's state. */
#include "ops/cmd_snapshot.h"
#include "runtime/mem.h"
#include "state/folder.h"
#include "state/snapshot_remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What there is to restore from, the furthest first on either side. */
struct choice {
    struct snapshots here;
    struct snapshots there;
};

/* One of them. */
struct candidate {
    const struct snapshot *snapshot; /* NULL: there is none */
    bool is_there;                   /* only elsewhere */
};

/* Lets go of the furthest that is left, and skips the same name on the other side. */
static struct candidate take_furthest(const struct choice *choice, size_t *here, size_t *there)
{
    const struct snapshot *local = *here < choice->here.count ? &choice->here.items[*here] : NULL;
    const struct snapshot *remote =
        *there < choice->there.count ? &choice->there.items[*there] : NULL;
    if (local == NULL && remote == NULL) {
        return (struct candidate){NULL, false};
    }
    /* What stands on both sides comes twice: the copy here may be the damaged one. */
    if (remote == NULL || (local != NULL && strcmp(local->name, remote->name) >= 0)) {
        (*here)++;
        return (struct candidate){local, false};
    }
    (*there)++;
    return (struct candidate){remote, true};
}

static enum status verify(struct cmd_snapshot *c, const char *folder,
                          const struct candidate *candidate)
{
    const struct snapshot *snapshot = candidate->snapshot;
    enum status status = STATUS_OK;
    if (candidate->is_there) {
        struct snapshot_progress progress = cmd_snapshot_bar(c, "fetching", snapshot->name);
        status = snapshot_fetch(c->remote, folder, snapshot, &progress);
        cmd_snapshot_end_bar(c);
    }
    if (status == STATUS_OK) {
        struct snapshot_progress progress = cmd_snapshot_bar(c, "verifying", snapshot->name);
        status = snapshot_verify(folder, snapshot, &progress);
        cmd_snapshot_end_bar(c);
    }
    return status;
}

/* STATUS_NOT_FOUND: there is none, or none of that name, that is whole. */
static enum status choose(struct cmd_snapshot *c, const char *folder, const struct choice *choice,
                          struct candidate *out_candidate)
{
    size_t here = 0;
    size_t there = 0;
    for (;;) {
        struct candidate candidate = take_furthest(choice, &here, &there);
        if (candidate.snapshot == NULL) {
            return STATUS_NOT_FOUND;
        }
        if (c->name != NULL && strcmp(candidate.snapshot->name, c->name) != 0) {
            continue;
        }
        enum status status = verify(c, folder, &candidate);
        if (status == STATUS_OK) {
            *out_candidate = candidate;
        }
        if (status != STATUS_CORRUPT && status != STATUS_NOT_FOUND) {
            return status;
        }
        fprintf(stderr, "candled snapshot: %s is damaged %s and passed by\n",
                candidate.snapshot->name, candidate.is_there ? "there" : "here");
    }
}

static size_t count_further(const struct snapshots *snapshots, const char *name)
{
    size_t count = 0;
    while (count < snapshots->count && strcmp(snapshots->items[count].name, name) > 0) {
        count++;
    }
    return count;
}

/* A start goes on from the furthest state there is: an older one is restored for nothing while
 * further ones are left. */
static enum cli_exit clear_further(struct cmd_snapshot *c, const char *folder,
                                   const struct choice *choice)
{
    size_t here = c->name == NULL ? 0 : count_further(&choice->here, c->name);
    size_t there = c->name == NULL ? 0 : count_further(&choice->there, c->name);
    if (here + there > 0 && !c->is_forced) {
        return cli_fail(c->context,
                        "%zu snapshots here and %zu elsewhere are further than %s, and the next "
                        "start would go on from them; --force sets those here aside and deletes "
                        "those elsewhere",
                        here, there, c->name);
    }
    for (size_t i = here; i-- > 0;) { /* the furthest last: the newest put aside stay */
        if (snapshot_set_aside(folder, &choice->here.items[i]) != STATUS_OK) {
            return CLI_FAILED;
        }
    }
    for (size_t i = 0; i < there; i++) {
        if (snapshot_discard_remote(c->remote, &choice->there.items[i]) != STATUS_OK) {
            return CLI_FAILED;
        }
    }
    return CLI_DONE;
}

static void tell(const struct cmd_snapshot *c, const struct candidate *candidate, bool had_state)
{
    const struct snapshot *snapshot = candidate->snapshot;
    if (c->context->is_json) {
        char more[96];
        (void)snprintf(more, sizeof(more), ",\"from\":\"%s\",\"setAside\":%s",
                       candidate->is_there ? "remote" : "local", had_state ? "true" : "false");
        cmd_snapshot_print_json(snapshot, more);
        return;
    }
    printf("partition %" PRId32 ": restored from %s %s%s\n", snapshot->partition, snapshot->name,
           candidate->is_there ? "of " : "here",
           candidate->is_there ? object_store_name(c->remote) : "");
    if (had_state) {
        printf("its state before is kept beside it, as " FOLDER_DATA_NAME FOLDER_ASIDE "TIME\n");
    }
    printf("the next start reads the log again from offset %" PRId64 "\n", snapshot->next_offset);
}

static enum cli_exit explain(const struct cmd_snapshot *c, enum status status)
{
    if (status == STATUS_NOT_FOUND && c->name != NULL) {
        return cli_fail(c->context, "partition %" PRId32 ": there is no snapshot %s that is whole",
                        c->partition, c->name);
    }
    if (status == STATUS_NOT_FOUND) {
        return cli_fail(c->context, "partition %" PRId32 ": there is no snapshot that is whole",
                        c->partition);
    }
    return cli_fail(c->context, "partition %" PRId32 ": %s; the lines above say more", c->partition,
                    status_text(status));
}

/* With the lock of the folder held. */
static enum cli_exit restore(struct cmd_snapshot *c, const char *folder,
                             const struct choice *choice)
{
    struct candidate candidate = {NULL, false};
    char path[CMD_SNAPSHOT_PATH_MAX];
    enum status status = choose(c, folder, choice, &candidate);
    if (status != STATUS_OK) {
        return explain(c, status);
    }
    enum cli_exit result = clear_further(c, folder, choice);
    if (result != CLI_DONE) {
        return result;
    }
    status = folder_join(folder, FOLDER_DATA_NAME, path, sizeof(path));
    bool had_state = status == STATUS_OK && access(path, F_OK) == 0;
    if (status == STATUS_OK) {
        status = snapshot_install(folder, candidate.snapshot);
    }
    if (status != STATUS_OK) {
        return explain(c, status);
    }
    tell(c, &candidate, had_state);
    return CLI_DONE;
}

static enum status look_around(const struct cmd_snapshot *c, const char *folder,
                               struct choice *choice)
{
    enum status status = snapshot_list(folder, &choice->here);
    if (status == STATUS_OK && c->remote != NULL) {
        status = snapshot_list_remote(c->remote, c->topic, c->partition, &choice->there);
    }
    return status;
}

static enum cli_exit refuse_held(const struct cmd_snapshot *c)
{
    long process = cmd_snapshot_holder(c, c->partition);
    if (process >= 0) {
        return cli_fail(c->context,
                        "partition %" PRId32 " of %s is held by process %ld: stop that shard "
                        "first, and start it again when this is done",
                        c->partition, c->topic, process);
    }
    return cli_fail(c->context,
                    "partition %" PRId32 " of %s is held by another process: stop the shards on "
                    "this data_dir first",
                    c->partition, c->topic);
}

enum cli_exit cmd_snapshot_restore(struct cmd_snapshot *c)
{
    char folder[CMD_SNAPSHOT_PATH_MAX];
    struct choice choice = {.here = {.count = 0}};
    enum cli_exit result;
    int lock;

    if (c->partition < 0) {
        return cli_misuse(c->context, "restore wants --partition N");
    }
    enum status status = cmd_snapshot_folder(c, c->partition, folder);
    if (status == STATUS_OK) {
        status = folder_make(folder);
    }
    if (status == STATUS_OK) {
        status = folder_check_local(folder);
    }
    if (status == STATUS_OK) {
        status = folder_lock(folder, &lock);
    }
    if (status != STATUS_OK) {
        return status == STATUS_BUSY ? refuse_held(c) : explain(c, status);
    }
    status = look_around(c, folder, &choice);
    result = status == STATUS_OK ? restore(c, folder, &choice) : explain(c, status);
    snapshot_destroy_list(&choice.here);
    snapshot_destroy_list(&choice.there);
    (void)close(lock);
    return result;
}
