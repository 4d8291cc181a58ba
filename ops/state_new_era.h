/* `candled state new-era`: what every partition writes from now on replaces what was written
 * before. It is told to the group, whose commits every shard reads when it opens a partition. */
#ifndef CANDLED_OPS_STATE_NEW_ERA_H
#define CANDLED_OPS_STATE_NEW_ERA_H

#include "ops/cli.h"

enum cli_exit state_new_era(struct cli_context *context);

#endif
