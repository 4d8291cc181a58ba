/* What a batch adds to the outbox, read from the batch itself: when it has been committed, this is
 * what store_read_outbox() would read, without a second look at the disk. */
#ifndef CANDLED_STATE_BATCH_OUTBOX_H
#define CANDLED_STATE_BATCH_OUTBOX_H

#include "state/outbox.h"

#include <stddef.h>
#include <stdint.h>

struct batch;

/* The entries after `after`, which is the last one before the batch; for outbox_rows_destroy().
 * NULL: there are none, or more than `rows_max` or `bytes_max`. */
struct outbox_rows *batch_outbox_rows(const struct batch *batch, int64_t after, size_t rows_max,
                                      size_t bytes_max);

#endif
