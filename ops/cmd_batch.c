/* candled batch: whole days into MongoDB, and their backups. */
#include "ops/cmd_batch.h"

#include "ops/config.h"
#include "ops/log_options.h"

#include <string.h>
#include <time.h>

enum { MS_PER_S = 1000 };

struct verb {
    const char *name;
    enum cli_exit (*run)(struct cmd_batch *c);
};

static const struct verb verbs[] = {
#define X(name, text) {#name, cmd_batch_##name},
    BATCH_VERBS(X)
#undef X
};

int64_t cmd_batch_wall_ms(void)
{
    return (int64_t)time(NULL) * MS_PER_S;
}

static const struct verb *verb_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static enum cli_exit take_date(struct cmd_batch *c, const char *option, struct zone_date *date)
{
    const char *text = cli_value(c->context, option);
    if (text != NULL && zone_date_parse(text, date) != STATUS_OK) {
        return cli_misuse(c->context, "--%s: '%s' is no date like 2026-02-01", option, text);
    }
    return CLI_DONE;
}

static enum cli_exit check_days(struct cmd_batch *c)
{
    if (zone_date_compare(c->from, c->to) > 0) {
        return cli_misuse(c->context, "--from is later than --to");
    }
    return CLI_DONE;
}

static enum cli_exit take_days(struct cmd_batch *c)
{
    struct cli_context *context = c->context;
    bool has_day = cli_value(context, "day") != NULL;
    bool has_range = cli_value(context, "from") != NULL || cli_value(context, "to") != NULL;

    if (has_day && has_range) {
        return cli_misuse(context, "either --day, or --from and --to");
    }
    c->has_days = has_day || has_range;
    c->to = zone_date_add(c->today, -1);
    c->from = c->to;
    enum cli_exit code = take_date(c, has_day ? "day" : "to", &c->to);
    c->from = c->to;
    if (code == CLI_DONE && has_range) {
        code = take_date(c, "from", &c->from);
    }
    return code == CLI_DONE ? check_days(c) : code;
}

static enum cli_exit open_zone(struct cmd_batch *c)
{
    const char *name = cli_value(c->context, "timezone");
    name = name == NULL ? c->config->batch.timezone : name;
    if (zone_load(name, &c->zone) != STATUS_OK) {
        return cli_misuse(c->context, "'%s' is no zone of this system's tz database", name);
    }
    c->today = zone_date_of(c->zone, cmd_batch_wall_ms());
    return CLI_DONE;
}

static enum cli_exit run(struct cli_context *context)
{
    struct cmd_batch c = {.context = context, .config = &context->config};
    const struct verb *verb = verb_named(context->words[0]);

    if (verb == NULL) {
        return cli_misuse(context, "'%s' is no subcommand of batch", context->words[0]);
    }
    if (!c.config->mongo.enabled) {
        return cli_misuse(context, "mongo.enabled is false, and the batch writes into MongoDB");
    }
    log_options_apply(c.config);
    enum cli_exit code = open_zone(&c);
    if (code == CLI_DONE) {
        code = take_days(&c);
    }
    if (code == CLI_DONE) {
        code = verb->run(&c);
    }
    zone_destroy(&c.zone);
    return code;
}

static const struct cli_option options[] = {
    {"day", "DATE", "this day; default: yesterday in that zone"},
    {"from", "DATE", "from this day on"},
    {"to", "DATE", "up to this day, included; default: yesterday"},
    {"symbols", "LIST",
     "run, restore: only these, comma separated; run makes no backup and no entry"},
    {"timezone", "ZONE", "whose days; default: batch.timezone"},
    {"again", NULL, "run: days that are done, too"},
    {"no-rest", NULL, "run: the exchange is not asked for what is missing"},
    {"no-backup", NULL, "run: no backup is made"},
    {"once", NULL, "schedule: what is owed now, and no more"},
    {NULL, NULL, NULL},
};

const struct cli_command cmd_batch = {
    .name = "batch",
    .summary = "whole days into MongoDB, with a backup a day: run | status | restore | schedule",
    .usage = "run | status | restore | schedule [--day DATE | --from DATE --to DATE] [options]",
    .text =
        "run reads the log once for all days, folds them as a shard does, and writes 1m candles\n"
        "and the configured intervals, guarded by revision; shards may run meanwhile. Days that\n"
        "the ledger in MongoDB knows as done are skipped, so that a run that was cut short goes\n"
        "on. It ends with 1 when a day failed, nobody knew anything of it, or the exchange could\n"
        "not be asked for what is missing; holes that nobody has end with 0.\n"
        "restore writes the candles of backups with the revisions they have; what MongoDB holds "
        "of\n"
        "the same or a newer revision stays. schedule runs the days that are owed, as far back as\n"
        "batch.catch_up, then waits for batch.schedule; a second one ends with 0 while the first\n"
        "holds the lease in MongoDB.\n",
    .examples = "  candled batch run --config candled.yaml\n"
                "  candled batch run --from 2026-02-01 --to 2026-02-14\n"
                "  candled batch run --day 2026-02-01 --again --symbols BTCUSDT,ETHUSDT\n"
                "  candled batch status --from 2026-02-01\n"
                "  candled batch restore --from 2026-02-01 --to 2026-02-14\n"
                "  candled batch schedule --set 'batch.schedule=30 0 * * *'\n",
    .options = options,
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
