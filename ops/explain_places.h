/* What the log's answer, LMDB, Redis and MongoDB hold of one candle, a line each. For `explain`. */
#ifndef CANDLED_OPS_EXPLAIN_PLACES_H
#define CANDLED_OPS_EXPLAIN_PLACES_H

#include "ops/cli.h"
#include "proto/candle.h"

#include <stdbool.h>

/* `candle` names it; is_in_log: and is what the log says. Fails when a store cannot be read; the
 * others are told all the same. */
enum cli_exit explain_places(struct cli_context *cli, const struct candle *candle, bool is_in_log);

#endif
