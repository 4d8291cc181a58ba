/* candled snapshot: copies of the state, here and where they are copied on to. */
#include "ops/cmd_snapshot.h"
#include "runtime/log.h"

#include <stdlib.h>
#include <string.h>

enum { KEEP_MAX = 1000 };

/* clang-format off */
#define SNAPSHOT_VERBS(X)                       \
    /* name      takes a snapshot's name     */ \
    X(list,      false)                         \
    X(create,    false)                         \
    X(verify,    true)                          \
    X(restore,   true)                          \
    X(prune,     false)
/* clang-format on */

struct verb {
    const char *name;
    bool takes_name;
    enum cli_exit (*run)(struct cmd_snapshot *c);
};

static const struct verb verbs[] = {
#define X(name, takes_name) {#name, takes_name, cmd_snapshot_##name},
    SNAPSHOT_VERBS(X)
#undef X
};

static const struct verb *verb_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

/* The value of an option that is a whole number; `otherwise` when it was not given. */
static bool read_number(const struct cli_context *context, const char *option, long least,
                        long most, long otherwise, long *out_number)
{
    const char *value = cli_value(context, option);
    char *end;
    if (value == NULL) {
        *out_number = otherwise;
        return true;
    }
    *out_number = strtol(value, &end, 10);
    return *value != '\0' && *end == '\0' && *out_number >= least && *out_number <= most;
}

static enum cli_exit read_options(struct cmd_snapshot *c, const struct verb *verb)
{
    struct cli_context *context = c->context;
    long number;
    const char *topic = cli_value(context, "topic");
    c->topic = topic == NULL ? context->config.kafka.topic : topic;
    c->data_dir = context->config.data_dir;
    c->name = context->word_count > 1 ? context->words[1] : NULL;
    c->is_forced = cli_has(context, "force");
    c->looks_elsewhere = cli_has(context, "remote");

    if (c->name != NULL && !verb->takes_name) {
        return cli_misuse(context, "%s takes no name of a snapshot", verb->name);
    }
    if (!read_number(context, "partition", 0, INT32_MAX, -1, &number)) {
        return cli_misuse(context, "--partition %s: a number from 0 on is expected",
                          cli_value(context, "partition"));
    }
    c->partition = (int32_t)number;
    if (!read_number(context, "keep", 1, KEEP_MAX, (long)context->config.snapshots.keep, &number)) {
        return cli_misuse(context, "--keep %s: a number from 1 to %d is expected",
                          cli_value(context, "keep"), KEEP_MAX);
    }
    c->keep = (size_t)number;
    return CLI_DONE;
}

static enum cli_exit open_remote(struct cmd_snapshot *c)
{
    const char *url = c->context->config.snapshots.url;
    char error[512] = "";
    if (url[0] == '\0') {
        return CLI_DONE;
    }
    if (object_store_open(url, &c->remote, error, sizeof(error)) == STATUS_OK) {
        return CLI_DONE;
    }
    (void)cli_fail(c->context, "snapshots.url: %s", error);
    return CLI_USAGE;
}

static enum cli_exit run(struct cli_context *context)
{
    struct cmd_snapshot c = {.context = context};
    const struct verb *verb = verb_named(context->words[0]);

    if (verb == NULL) {
        return cli_misuse(context, "'%s' is none of list, create, verify, restore, prune",
                          context->words[0]);
    }
    enum cli_exit result = read_options(&c, verb);
    if (result == CLI_DONE) {
        result = open_remote(&c);
    }
    if (result == CLI_DONE) {
        log_configure(LOG_LEVEL_warning, false);
        result = verb->run(&c);
    }
    object_store_close(&c.remote);
    return result;
}

static const struct cli_option options[] = {
    {"topic", "TOPIC", "another topic than kafka.topic"},
    {"partition", "N", "one partition; restore wants it"},
    {"keep", "N", "prune: how many of the furthest stay; else snapshots.keep"},
    {"remote", NULL, "verify: those at snapshots.url too"},
    {"force", NULL, "restore: an older one, though there are further ones"},
    {NULL, NULL, NULL},
};

const struct cli_command cmd_snapshot = {
    .name = "snapshot",
    .summary = "copies of the state: list | create | verify | restore | prune",
    .usage = "list | create | verify [NAME] | restore --partition N [NAME] | prune [--keep N]",
    .text =
        "Snapshots stand in DATA_DIR/TOPIC/PARTITION/snapshots, and at snapshots.url when it is\n"
        "set. Running shards make their own and keep snapshots.keep of them; a shard that holds\n"
        "the partition is asked to make one. restore wants the partition to be held by nobody.\n",
    .examples = "  candled snapshot list --config candled.yaml\n"
                "  candled snapshot create --partition 3\n"
                "  candled snapshot verify --remote\n"
                "  candled snapshot restore --partition 3\n",
    .options = options,
    .words_min = 1,
    .words_max = 2,
    .run = run,
};
