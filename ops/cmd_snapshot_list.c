/* candled snapshot list: here and elsewhere in one table. */
#include "ops/cmd_snapshot.h"
#include "runtime/mem.h"
#include "state/snapshot_remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MS_PER_SECOND = 1000, AGE_MAX = 24, SIZE_MAX_TEXT = 32 };

/* clang-format off */
#define AGE_UNITS(X)                  \
    /* letter   seconds   up to    */ \
    X("s",      1,        120)        \
    X("m",      60,       7200)       \
    X("h",      3600,     172800)     \
    X("d",      86400,    INT64_MAX)
/* clang-format on */

static void print_age(int64_t created_ms, char text[AGE_MAX])
{
    int64_t seconds = (int64_t)time(NULL) - created_ms / MS_PER_SECOND;
    seconds = seconds > 0 ? seconds : 0;
#define X(letter, unit, most)                                                                      \
    if (seconds < (most)) {                                                                        \
        (void)snprintf(text, AGE_MAX, "%" PRId64 letter, seconds / (unit));                        \
        return;                                                                                    \
    }
    AGE_UNITS(X)
#undef X
}

static void print_row(const struct cmd_snapshot *c, const struct snapshot *snapshot,
                      const char *where)
{
    char more[64];
    char size[SIZE_MAX_TEXT];
    char age[AGE_MAX] = "";
    if (c->context->is_json) {
        (void)snprintf(more, sizeof(more), ",\"where\":\"%s\"", where);
        cmd_snapshot_print_json(snapshot, more);
        return;
    }
    cmd_snapshot_print_size(snapshot->size_bytes, size, sizeof(size));
    print_age(snapshot->created_ms, age);
    printf("%9" PRId32 "  %3" PRId64 "  %15" PRId64 "  %10s  %5s  %-6s  %s\n", snapshot->partition,
           snapshot->era, snapshot->next_offset, size, age, where, snapshot->name);
}

/* Both lists have the furthest first, and names that sort likewise. */
static size_t print_both(const struct cmd_snapshot *c, const struct snapshots *here,
                         const struct snapshots *there)
{
    size_t count = 0;
    for (size_t i = 0, j = 0; i < here->count || j < there->count; count++) {
        int order = i == here->count    ? -1
                    : j == there->count ? 1
                                        : strcmp(here->items[i].name, there->items[j].name);
        if (order == 0) {
            print_row(c, &here->items[i], "both");
        } else if (order > 0) {
            print_row(c, &here->items[i], "local");
        } else {
            print_row(c, &there->items[j], "remote");
        }
        i += order >= 0;
        j += order <= 0;
    }
    return count;
}

static enum status list_one(const struct cmd_snapshot *c, struct object_store *remote,
                            int32_t partition, size_t *count)
{
    char folder[CMD_SNAPSHOT_PATH_MAX];
    struct snapshots here = {.count = 0};
    struct snapshots there = {.count = 0};
    enum status status = cmd_snapshot_folder(c, partition, folder);
    if (status == STATUS_OK) {
        status = snapshot_list(folder, &here);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (remote != NULL) {
        status = snapshot_list_remote(remote, c->topic, partition, &there);
    }
    *count += print_both(c, &here, &there);
    snapshot_destroy_list(&here);
    snapshot_destroy_list(&there);
    return status;
}

static enum status list_all(const struct cmd_snapshot *c, struct object_store *remote,
                            size_t *count)
{
    struct cmd_snapshot_partitions partitions;
    enum status status = cmd_snapshot_find(c, remote, &partitions);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < partitions.count && status == STATUS_OK; i++) {
        status = list_one(c, remote, partitions.items[i], count);
    }
    mem_free(partitions.items);
    return status;
}

enum cli_exit cmd_snapshot_list(struct cmd_snapshot *c)
{
    size_t count = 0;
    if (!c->context->is_json) {
        printf("%9s  %3s  %15s  %10s  %5s  %-6s  %s\n", "partition", "era", "next offset", "size",
               "age", "where", "name");
    }
    enum status status = list_all(c, c->remote, &count);
    if (status != STATUS_OK && c->remote != NULL && count == 0) {
        (void)list_all(c, NULL, &count); /* what is here is to be seen all the same */
    }
    if (status != STATUS_OK) {
        return cli_fail(c->context, "the list is not complete: %s; the lines above say more",
                        status_text(status));
    }
    if (count == 0 && !c->context->is_json) {
        fprintf(stderr, "candled snapshot: there are none of %s in %s%s%s\n", c->topic, c->data_dir,
                c->remote == NULL ? "" : " or ",
                c->remote == NULL ? "" : object_store_name(c->remote));
    }
    return CLI_DONE;
}
