/* What the verbs of `candled snapshot` share. */
#include "ops/cmd_snapshot.h"
#include "ops/shard_ask.h"
#include "proto/json_reader.h"
#include "runtime/mem.h"
#include "state/folder.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PARTITIONS_MAX = 100000, MIB_BITS = 20 };

enum status cmd_snapshot_folder(const struct cmd_snapshot *c, int32_t partition,
                                char path[CMD_SNAPSHOT_PATH_MAX])
{
    return folder_path(c->data_dir, c->topic, partition, path, CMD_SNAPSHOT_PATH_MAX);
}

/* -1: this is no partition's name. */
static int32_t partition_of(const char *name, char end)
{
    char *rest;
    long number = strtol(name, &rest, 10);
    bool is_one = rest != name && *rest == end && number >= 0 && number <= INT32_MAX &&
                  (name[0] != '0' || rest == name + 1) && name[0] != '+' && name[0] != ' ';
    return is_one ? (int32_t)number : -1;
}

static void add(struct cmd_snapshot_partitions *partitions, int32_t partition)
{
    for (size_t i = 0; i < partitions->count; i++) {
        if (partitions->items[i] == partition) {
            return;
        }
    }
    if (partition < 0 || partitions->count == PARTITIONS_MAX) {
        return;
    }
    partitions->items =
        mem_resize(partitions->items, partitions->count + 1, sizeof(*partitions->items));
    partitions->items[partitions->count++] = partition;
}

static void add_local(const struct cmd_snapshot *c, struct cmd_snapshot_partitions *partitions)
{
    char path[CMD_SNAPSHOT_PATH_MAX];
    struct dirent *entry;
    (void)snprintf(path, sizeof(path), "%s/%s", c->data_dir, c->topic);
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        add(partitions, partition_of(entry->d_name, '\0'));
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

struct remote_visit {
    size_t prefix_size;
    struct cmd_snapshot_partitions *partitions;
};

static void see(void *context, const char *key, int64_t size_bytes)
{
    const struct remote_visit *visit = context;
    (void)size_bytes;
    add(visit->partitions, partition_of(key + visit->prefix_size, '/'));
}

static enum status add_remote(const struct cmd_snapshot *c, struct object_store *remote,
                              struct cmd_snapshot_partitions *partitions)
{
    char prefix[OBJECT_KEY_MAX];
    (void)snprintf(prefix, sizeof(prefix), "%s/", c->topic);
    struct remote_visit visit = {strlen(prefix), partitions};
    return object_store_list(remote, prefix, see, &visit);
}

static int in_order(const void *a, const void *b)
{
    int32_t left = *(const int32_t *)a;
    int32_t right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

enum status cmd_snapshot_find(const struct cmd_snapshot *c, struct object_store *remote,
                              struct cmd_snapshot_partitions *out_partitions)
{
    struct cmd_snapshot_partitions partitions = {.count = 0};
    enum status status = STATUS_OK;
    if (c->partition >= 0) {
        add(&partitions, c->partition);
    } else {
        add_local(c, &partitions);
        status = remote == NULL ? STATUS_OK : add_remote(c, remote, &partitions);
    }
    if (status != STATUS_OK) {
        mem_free(partitions.items);
        return status;
    }
    if (partitions.count > 0) {
        qsort(partitions.items, partitions.count, sizeof(*partitions.items), in_order);
    }
    *out_partitions = partitions;
    return STATUS_OK;
}

static volatile sig_atomic_t is_interrupted;

static void on_interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* snapshot_progress_fn */
static bool tell(void *context, int64_t done_bytes, int64_t total_bytes)
{
    struct cmd_snapshot *c = context;
    c->bar.total = total_bytes > 0 ? (uint64_t)total_bytes : 0;
    progress_step(&c->bar, (uint64_t)done_bytes, (uint64_t)done_bytes >> MIB_BITS, monotonic_ms());
    return !is_interrupted;
}

struct snapshot_progress cmd_snapshot_bar(struct cmd_snapshot *c, const char *what,
                                          const char *name)
{
    /* The second Ctrl-C ends us at once. */
    const struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)snprintf(c->bar_text, sizeof(c->bar_text), "%s %s", what, name);
    progress_init(&c->bar, c->context->is_terminal, c->bar_text, 0, monotonic_ms());
    c->bar.unit = "MiB";
    return (struct snapshot_progress){tell, c};
}

void cmd_snapshot_end_bar(struct cmd_snapshot *c)
{
    progress_deinit(&c->bar);
}

static void add_time(struct text *out, const char *name, int64_t time_ms)
{
    if (time_ms == META_NO_TIME) {
        text_add(out, ",\"%s\":null", name);
    } else {
        text_add(out, ",\"%s\":%" PRId64, name, time_ms);
    }
}

void cmd_snapshot_print_json(const struct snapshot *snapshot, const char *more)
{
    struct text out = {.bytes = NULL};
    text_add(&out, "{\"topic\":");
    text_add_json(&out, snapshot->topic);
    text_add(&out, ",\"partition\":%" PRId32 ",\"name\":", snapshot->partition);
    text_add_json(&out, snapshot->name);
    text_add(&out, ",\"era\":%" PRId64 ",\"nextOffset\":%" PRId64, snapshot->era,
             snapshot->next_offset);
    add_time(&out, "streamTime", snapshot->stream_time_ms);
    add_time(&out, "created", snapshot->created_ms);
    text_add(&out, ",\"sizeBytes\":%" PRId64 ",\"crc32c\":\"%08" PRIx32 "\"%s}\n",
             snapshot->size_bytes, snapshot->crc32c, more);
    (void)fputs(text_get(&out), stdout);
    text_deinit(&out);
}

void cmd_snapshot_print_size(int64_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double amount = (double)bytes / 1024;
    size_t unit = 0;
    while (amount >= 1024 && unit + 1 < ARRAY_COUNT(units)) {
        amount /= 1024;
        unit++;
    }
    (void)snprintf(text, size, "%.1f %s", amount, units[unit]);
}

struct search {
    const struct cmd_snapshot *c;
    int32_t partition;
    long process;
};

static bool is_this(const struct search *search, struct slice line)
{
    struct json_reader *reader = json_reader_create();
    struct value root;
    struct value value;
    struct slice key;
    char error[128];
    bool is_topic = false;
    bool is_partition = false;

    if (json_reader_read(reader, line, &root, error, sizeof(error)) == STATUS_OK &&
        root.kind == VALUE_object) {
        struct json_walk walk = json_reader_walk(&root);
        while (json_reader_next_member(&walk, &key, &value)) {
            if (slice_equals(key, slice_of_text("topic"))) {
                is_topic = value_is_text(&value, search->c->topic);
            } else if (slice_equals(key, slice_of_text("partition"))) {
                is_partition = value.kind == VALUE_integer && value.integer == search->partition;
            }
        }
    }
    json_reader_destroy(&reader);
    return is_topic && is_partition;
}

/* shard_ask_fn: a line a partition. */
static void look_at(void *context, long process, const struct text *answer)
{
    struct search *search = context;
    const char *line = text_get(answer);
    while (*line != '\0') {
        size_t size = strcspn(line, "\n");
        if (is_this(search, (struct slice){line, size})) {
            search->process = process;
        }
        line += size + (line[size] == '\n');
    }
}

long cmd_snapshot_holder(const struct cmd_snapshot *c, int32_t partition)
{
    struct search search = {c, partition, -1};
    (void)shard_ask(c->data_dir, "list\n", look_at, &search);
    return search.process;
}
