/* candled batch schedule: the days that are owed, now and whenever batch.schedule says so. */
#include "ops/batch_schedule.h"
#include "ops/cmd_batch.h"
#include "ops/config.h"
#include "ops/cron.h"

enum cli_exit cmd_batch_schedule(struct cmd_batch *c)
{
    const char *text = c->config->batch.schedule;
    struct cron cron;
    char error[256] = "";
    struct batch_schedule_options options = {
        .batch = c,
        .is_once = cli_has(c->context, "once"),
    };
    if (cli_need_brokers(c->context) != CLI_DONE) {
        return CLI_USAGE;
    }
    if (c->has_days) {
        return cli_misuse(c->context, "schedule finds its days itself: none can be named");
    }
    if (cli_value(c->context, "symbols") != NULL) {
        return cli_misuse(c->context, "schedule runs whole days: no symbols can be named");
    }
    if (text[0] != '\0') {
        if (cron_parse(text, &cron, error, sizeof(error)) != STATUS_OK) {
            return cli_misuse(c->context, "batch.schedule '%s': %s", text, error);
        }
        options.cron = options.is_once ? NULL : &cron;
    }
    if (options.cron == NULL && !options.is_once) {
        return cli_misuse(c->context, "batch.schedule is empty: say when, like '30 0 * * *', or "
                                      "give --once");
    }
    return batch_schedule_run(&options);
}
