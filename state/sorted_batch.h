/* The writes of a batch by table and key: LMDB is fastest when neighbours come one after another.
 */
#ifndef CANDLED_STATE_SORTED_BATCH_H
#define CANDLED_STATE_SORTED_BATCH_H

#include "state/batch.h"
#include "state/schema.h"

#include <stddef.h>
#include <stdint.h>

struct sorted_batch {
    const struct batch *batch; /* borrowed, and not written to meanwhile */
    struct sorted_write *writes;
    size_t starts[TABLE_COUNT + 1]; /* a table's writes are [starts[table], starts[table + 1]) */
};

void sorted_batch_init(struct sorted_batch *sorted, const struct batch *batch);

void sorted_batch_deinit(struct sorted_batch *sorted);

struct batch_write sorted_batch_at(const struct sorted_batch *sorted, size_t position);

#endif
