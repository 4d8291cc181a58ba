/* How a value is stored: its checksum, for candles the time it expires, and the value itself.
 *
 * The CRC32C (4 bytes, little-endian) covers the key and all that follows it, so that a value which
 * turns up under another key is noticed too. Expiry has no values, and no checksum. */
#ifndef CANDLED_STATE_RECORD_H
#define CANDLED_STATE_RECORD_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"
#include "state/schema.h"

#include <stddef.h>
#include <stdint.h>

struct record {
    struct slice value;
    int64_t expire_ms; /* candles only; 0: never */
};

size_t record_size(enum store_table table, size_t value_size);

/* `bytes` has record_size() of them. */
void record_encode(enum store_table table, struct slice key, const struct record *record,
                   unsigned char *bytes);

/* STATUS_CORRUPT when the checksum is wrong. The value points into `stored`. */
MUST_CHECK enum status record_decode(enum store_table table, struct slice key, struct slice stored,
                                     struct record *out_record);

#endif
