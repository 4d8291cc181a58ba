/* candled snapshot create: by the shard that holds the partition, or else from the store itself. */
#include "ops/cmd_snapshot.h"
#include "ops/shard_ask.h"
#include "proto/json_reader.h"
#include "runtime/boot_id.h"
#include "runtime/mem.h"
#include "state/snapshot_remote.h"
#include "state/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ERROR_MAX = 256 };

struct asking {
    const struct cmd_snapshot *c;
    int32_t partition;
    bool is_answered;
    bool is_made;
    struct snapshot snapshot;
    char error[ERROR_MAX];
};

/* What stands in {"error":"..."}; leaves alone what is there when it is something else. */
static void take_error(struct slice text, char out[ERROR_MAX])
{
    struct json_reader *reader = json_reader_create();
    struct value root;
    struct value value;
    struct slice key;
    char error[128];

    if (json_reader_read(reader, text, &root, error, sizeof(error)) == STATUS_OK &&
        root.kind == VALUE_object) {
        struct json_walk walk = json_reader_walk(&root);
        while (json_reader_next_member(&walk, &key, &value)) {
            if (slice_equals(key, slice_of_text("error")) && value.kind == VALUE_string) {
                (void)snprintf(out, ERROR_MAX, "%.*s", (int)value.string.size,
                               (const char *)value.string.bytes);
            }
        }
    }
    json_reader_destroy(&reader);
}

/* A shard that does not run the partition says that there is no such thing. */
static void take_refusal(struct asking *a, struct slice text)
{
    char error[ERROR_MAX] = "its shard's answer is not understood; is it of another version?";
    take_error(text, error);
    if (strcmp(error, status_text(STATUS_NOT_FOUND)) != 0) {
        a->is_answered = true;
        memcpy(a->error, error, sizeof(error));
    }
}

/* shard_ask_fn: the manifest, or why there is none. */
static void take_answer(void *context, long process, const struct text *answer)
{
    struct asking *a = context;
    struct snapshot snapshot;
    (void)process;
    if (answer->size == 0 || a->is_made) {
        return;
    }
    if (snapshot_parse(answer->bytes, answer->size, &snapshot) != STATUS_OK) {
        take_refusal(a, (struct slice){answer->bytes, answer->size});
    } else if (strcmp(snapshot.topic, a->c->topic) == 0 && snapshot.partition == a->partition) {
        a->is_answered = true;
        a->is_made = true;
        a->snapshot = snapshot;
    }
}

static void print_made(const struct cmd_snapshot *c, const struct snapshot *snapshot,
                       const char *by)
{
    char size[32];
    if (c->context->is_json) {
        char more[64];
        (void)snprintf(more, sizeof(more), ",\"by\":\"%s\"", by);
        cmd_snapshot_print_json(snapshot, more);
        return;
    }
    cmd_snapshot_print_size(snapshot->size_bytes, size, sizeof(size));
    printf("partition %" PRId32 ": %s, %s, up to offset %" PRId64 "%s%s\n", snapshot->partition,
           snapshot->name, size, snapshot->next_offset, c->remote == NULL ? "" : ", copied on to ",
           c->remote == NULL ? "" : object_store_name(c->remote));
}

static enum status copy_on(struct cmd_snapshot *c, const char *folder,
                           const struct snapshot *snapshot)
{
    if (c->remote == NULL) {
        return STATUS_OK;
    }
    struct snapshot_progress progress = cmd_snapshot_bar(c, "publishing", snapshot->name);
    enum status status = snapshot_publish(c->remote, folder, snapshot, &progress);
    cmd_snapshot_end_bar(c);
    return status;
}

/* STATUS_NOT_FOUND: there is no state. */
static enum status make(struct cmd_snapshot *c, int32_t partition)
{
    struct snapshot snapshot;
    struct store *store;
    char boot_id[BOOT_ID_MAX];
    char name[16];
    const struct store_options options = {
        .data_dir = c->data_dir,
        .topic = c->topic,
        .partition = partition,
        .boot_id = boot_id,
        .is_read_only = true,
    };
    boot_id_read(boot_id);
    enum status status = store_open(&options, &store);
    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(name, sizeof(name), "%" PRId32, partition);
    struct snapshot_progress progress = cmd_snapshot_bar(c, "copying partition", name);
    status = snapshot_create(store, &progress, &snapshot);
    cmd_snapshot_end_bar(c);
    if (status == STATUS_OK) {
        status = copy_on(c, store_folder(store), &snapshot);
    }
    if (status == STATUS_OK) {
        print_made(c, &snapshot, "command");
    }
    store_close(&store);
    return status;
}

static bool fail(const struct cmd_snapshot *c, int32_t partition, const char *why)
{
    (void)cli_fail(c->context, "partition %" PRId32 ": %s", partition, why);
    return false;
}

/* False, told: it could not be made. */
static bool create_one(struct cmd_snapshot *c, int32_t partition, size_t *count)
{
    struct asking asking = {.c = c, .partition = partition};
    char line[64];
    (void)snprintf(line, sizeof(line), "snapshot %" PRId32 "\n", partition);
    (void)shard_ask(c->data_dir, line, take_answer, &asking);

    if (asking.is_made) {
        (*count)++;
        print_made(c, &asking.snapshot, "shard");
        return true;
    }
    if (asking.is_answered) {
        return fail(c, partition, asking.error);
    }
    enum status status = make(c, partition);
    *count += status == STATUS_OK;
    switch (status) {
    case STATUS_OK:
        return true;
    case STATUS_NOT_FOUND: /* a folder that holds snapshots only, say */
        return c->partition < 0 || fail(c, partition, "there is no state of it");
    case STATUS_REJECTED:
        return c->partition < 0 || fail(c, partition, "nothing was read yet");
    case STATUS_BUSY:
        return fail(c, partition,
                    "another process holds it and answers on no socket in data_dir/run: it opens "
                    "or closes just now, try again");
    default:
        return fail(c, partition, status_text(status));
    }
}

enum cli_exit cmd_snapshot_create(struct cmd_snapshot *c)
{
    struct cmd_snapshot_partitions partitions;
    size_t count = 0;
    bool all_made = true;
    if (cmd_snapshot_find(c, NULL, &partitions) != STATUS_OK) {
        return CLI_FAILED;
    }
    for (size_t i = 0; i < partitions.count; i++) {
        all_made = create_one(c, partitions.items[i], &count) && all_made;
    }
    mem_free(partitions.items);
    if (all_made && count == 0) {
        return cli_fail(c->context, "there is no state of %s in %s; is data_dir right?", c->topic,
                        c->data_dir);
    }
    return all_made ? CLI_DONE : CLI_FAILED;
}
