#include "ops/state_new_era.h"

#include "actors/edge/kafka_log.h"
#include "ops/kafka_options.h"
#include "proto/candle.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>

struct commits {
    struct kafka_log_commit *items; /* by partition */
    bool *are_there;
    int32_t count;
    int64_t era; /* the newest */
};

static enum status read_commits(struct kafka_log *log, struct commits *commits)
{
    enum status status = kafka_log_partition_count(log, &commits->count);
    if (status != STATUS_OK) {
        return status;
    }
    commits->items = mem_new((size_t)commits->count, sizeof(*commits->items));
    commits->are_there = mem_new((size_t)commits->count, sizeof(*commits->are_there));
    status = kafka_log_commits(log, commits->count, commits->items);
    for (int32_t i = 0; i < commits->count && status == STATUS_OK; i++) {
        commits->are_there[i] = commits->items[i].offset >= 0;
        if (commits->are_there[i] && commits->items[i].era > commits->era) {
            commits->era = commits->items[i].era;
        }
    }
    return status;
}

/* Partitions that the group has never committed stay so: a shard begins them as new ones. */
static enum status write_commits(struct kafka_log *log, struct commits *commits)
{
    for (int32_t i = 0; i < commits->count; i++) {
        commits->items[i].era = commits->era + 1;
        commits->items[i].partitions = commits->count;
        enum status status =
            commits->are_there[i] ? kafka_log_commit(log, i, &commits->items[i]) : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static int32_t count_known(const struct commits *commits)
{
    int32_t known = 0;
    for (int32_t i = 0; i < commits->count; i++) {
        known += commits->are_there[i];
    }
    return known;
}

static enum cli_exit explain(struct cli_context *context, enum status status)
{
    const char *topic = context->config.kafka.topic;
    const char *group = context->config.kafka.group;

    switch (status) {
    case STATUS_BUSY:
        return cli_fail(context, "the group %s has members: stop its shards first", group);
    case STATUS_NOT_FOUND:
        return cli_fail(context, "there is no topic %s at %s", topic,
                        context->config.kafka.brokers);
    default:
        return cli_fail(context, "topic %s, group %s at %s: %s", topic, group,
                        context->config.kafka.brokers, status_text(status));
    }
}

static enum cli_exit begin(struct cli_context *context, struct kafka_log *log,
                           struct commits *commits)
{
    enum status status = read_commits(log, commits);
    if (status != STATUS_OK) {
        return explain(context, status);
    }
    if (count_known(commits) == 0) {
        return cli_fail(context, "the group %s has committed nothing for %s: no shard has run yet",
                        context->config.kafka.group, context->config.kafka.topic);
    }
    if (commits->era >= REVISION_ERA_MAX) {
        return cli_fail(context, "era %d is the last one: use another kafka.group, and other keys",
                        REVISION_ERA_MAX);
    }
    status = write_commits(log, commits);
    if (status != STATUS_OK) {
        return explain(context, status);
    }
    printf("{\"topic\":\"%s\",\"group\":\"%s\",\"era\":%" PRId64
           ",\"partitions\":%d,\"newPartitions\":%d}\n",
           context->config.kafka.topic, context->config.kafka.group, commits->era + 1,
           (int)commits->count, (int)(commits->count - count_known(commits)));
    return CLI_DONE;
}

enum cli_exit state_new_era(struct cli_context *context)
{
    struct commits commits = {.count = 0};
    struct kafka_log *log;
    enum status status =
        kafka_options_open_log(&context->config, context->config.kafka.brokers, &log);
    if (status != STATUS_OK) {
        return explain(context, status);
    }
    enum cli_exit code = begin(context, log, &commits);
    kafka_log_destroy(&log);
    mem_free(commits.items);
    mem_free(commits.are_there);
    return code;
}
