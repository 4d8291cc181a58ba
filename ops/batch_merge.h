/* Windows out of minutes that come from several places: the log's head, a backup, the exchange.
 * They are folded by the actors of a shard, as ever. */
#ifndef CANDLED_OPS_BATCH_MERGE_H
#define CANDLED_OPS_BATCH_MERGE_H

#include "actors/core/rules.h"
#include "runtime/base.h"
#include "runtime/status.h"

struct batch_grid;

/* Puts what the known minutes make into the grid. A window's revision is that of the minute that
 * changed it last, and 0 as soon as one minute in it has none, or when it lacks minutes and holds
 * some that the log's beginning may have torn. A window that reaches past the day is left out when
 * its last minute is not known. */
MUST_CHECK enum status batch_merge(struct batch_grid *grid, const struct candle_rules *rules);

#endif
