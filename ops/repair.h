/* Writes candles into Redis and MongoDB the way a shard does: through the sinks, guarded by
 * revision. For `verify --repair`.
 *
 * Ownership: repair_close(). Thread: one; repair_run() runs a loop of its own until all is written.
 */
#ifndef CANDLED_OPS_REPAIR_H
#define CANDLED_OPS_REPAIR_H

#include "proto/candle.h"
#include "runtime/base.h"
#include "runtime/status.h"
#include "state/schema.h"

#include <stdint.h>

struct config;
struct repair;

struct repair *repair_create(void);

void repair_destroy(struct repair **repair_p);

/* Copies it. */
void repair_add(struct repair *repair, enum sink sink, const struct candle *candle);

struct repair_result {
    int64_t written;
    int64_t stale;    /* meanwhile the store held the same or a newer one */
    int64_t rejected; /* the server will never accept them; logged */
};

/* Waits for the stores for as long as it takes; SIGINT ends the program. */
MUST_CHECK enum status repair_run(struct repair *repair, const struct config *config,
                                  struct repair_result *out_result);

#endif
