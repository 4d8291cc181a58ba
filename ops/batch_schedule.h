/* The daily batch on its own: runs what is owed, waits for the next time, and holds the lease that
 * keeps a second one from doing the same.
 *
 * A loop of its own waits for signals and times and keeps the lease; the days are run by a thread
 * beside it. Crash only: a signal in the middle of a day ends the process, and the next start does
 * that day again. What waits for Kafka, MongoDB or the backups' place is tried again. */
#ifndef CANDLED_OPS_BATCH_SCHEDULE_H
#define CANDLED_OPS_BATCH_SCHEDULE_H

#include "ops/cli.h"

#include <stdbool.h>

struct cmd_batch;
struct cron;

struct batch_schedule_options {
    struct cmd_batch *batch; /* borrowed */
    const struct cron *cron; /* borrowed; NULL with is_once */
    bool is_once;            /* what is owed now, and no more */
};

/* Until a signal comes, or another holds the lease: both are CLI_DONE. With is_once until the days
 * are run, or MongoDB could not be asked for a minute. */
enum cli_exit batch_schedule_run(const struct batch_schedule_options *options);

#endif
