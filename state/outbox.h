/* The outbox: what the sinks are still owed, in order, each entry until every sink has it. */
#ifndef CANDLED_STATE_OUTBOX_H
#define CANDLED_STATE_OUTBOX_H

#include "proto/interval.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum outbox_kind { OUTBOX_candle = 1, OUTBOX_dead_letter = 2 };

struct outbox_row {
    int64_t sequence;
    enum outbox_kind kind;
    enum interval interval; /* of a candle */
    struct slice payload;   /* candle_encode() or dead_letter_encode() */
};

/* Which entries a sink wants. */
struct outbox_filter {
    bool wants_dead_letters;
    interval_set intervals; /* of candles */
};

bool outbox_filter_wants(const struct outbox_filter *filter, enum outbox_kind kind,
                         enum interval interval);

/* A copy of some entries; owns their bytes. */
struct outbox_rows {
    struct outbox_row *rows;
    size_t count;
    int64_t scanned_to; /* every entry up to here is in `rows` or is not wanted */
    unsigned char *bytes;
};

void outbox_rows_destroy(struct outbox_rows **rows_p);

/* Drops those that the filter does not want; they count as scanned. */
void outbox_rows_filter(struct outbox_rows *rows, const struct outbox_filter *filter);

/* The stored form: kind, interval, payload. Returns its size; `value` has payload.size + 2 bytes.
 */
size_t outbox_encode(enum outbox_kind kind, enum interval interval, struct slice payload,
                     unsigned char *value);

/* STATUS_CORRUPT on anything else. The payload points into `value`. */
MUST_CHECK enum status outbox_decode(struct slice value, struct outbox_row *out_row);

#endif
