/* The exchange's REST API as the batch asks it, inside the exchange's limits.
 *
 * Ownership: batch_exchange_destroy(). Thread: one; calls block, for minutes when the exchange asks
 * for patience. */
#ifndef CANDLED_OPS_BATCH_EXCHANGE_H
#define CANDLED_OPS_BATCH_EXCHANGE_H

#include "ops/batch.h"

struct batch_exchange;
struct config;

struct batch_exchange *batch_exchange_create(const struct config *config);

/* NULL inside is fine. */
void batch_exchange_destroy(struct batch_exchange **exchange_p);

struct batch_rest batch_exchange_rest(struct batch_exchange *exchange);

#endif
