/* candled shard: one shard process, for production. */
#include "ops/cli.h"
#include "ops/log_options.h"
#include "ops/shard.h"

static enum cli_exit run(struct cli_context *context)
{
    struct shard_options options = {.config = &context->config};
    struct shard *shard;

    if (cli_need_brokers(context) != CLI_DONE) {
        return CLI_USAGE;
    }
    log_options_apply(&context->config);
    enum status status = shard_create(&options, &shard);
    if (status != STATUS_OK) {
        return cli_fail_to_start(context, status, "the shard");
    }
    status = shard_run(shard);
    shard_destroy(&shard);
    return status == STATUS_OK ? CLI_DONE : CLI_FAILED;
}

const struct cli_command cmd_shard = {
    .name = "shard",
    .summary = "one shard process: Kafka -> windows -> Redis and MongoDB (production)",
    .usage = "[options]",
    .text = "Joins the consumer group, keeps the state of its partitions in data_dir, and runs\n"
            "until SIGTERM or SIGINT: then it commits, drains its sinks and leaves within\n"
            "shutdown.timeout; a second signal ends it at once. SIGUSR1 stops it for good: with\n"
            "kafka.instance_id set, its partitions go to the others at once instead of waiting a\n"
            "session for it. Start more of them to share the partitions.\n",
    .examples = "  candled shard --config /etc/candled/candled.yaml\n"
                "  candled shard --set kafka.brokers=kafka:9092 --set kafka.group=candles\n",
    .run = run,
};
