/* What the verbs of `candled batch` share, one file a verb. */
#ifndef CANDLED_OPS_CMD_BATCH_H
#define CANDLED_OPS_CMD_BATCH_H

#include "ops/batch.h"
#include "ops/cli.h"
#include "proto/zone.h"
#include "runtime/base.h"

#include <stdint.h>

/* clang-format off */
#define BATCH_VERBS(X)                                              \
    /* name      what it does                                    */ \
    X(run,       "days into MongoDB")                               \
    X(status,    "what the ledger knows")                            \
    X(restore,   "backups of days back into MongoDB")                \
    X(schedule,  "what is owed, now and by batch.schedule")
/* clang-format on */

struct cmd_batch {
    struct cli_context *context;
    const struct config *config;
    struct zone *zone;      /* --timezone, or batch.timezone */
    struct zone_date today; /* in that zone */
    bool has_days;          /* --day, or --from and --to */
    struct zone_date from;  /* both included; yesterday unless they were given */
    struct zone_date to;
};

/* Runs those days and prints their lines and the last one; may be called again and again.
 * *out_result may be NULL. CLI_DONE: all of them are done, or partial where nobody has more. */
enum cli_exit cmd_batch_run_days(struct cmd_batch *c, struct zone_date from, struct zone_date to,
                                 struct batch_result *out_result);

int64_t cmd_batch_wall_ms(void);

#define X(name, text) enum cli_exit cmd_batch_##name(struct cmd_batch *c);
BATCH_VERBS(X)
#undef X

#endif
