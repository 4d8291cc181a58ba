/* A walk through the candles that a partition has told, to give them once more to a sink that has
 * forgotten them: page after page, at a bounded rate.
 *
 * Only candles that were emitted, that the sink wants, and that it would still hold had it
 * forgotten nothing. They are read as they are now, so that the walk may take as long as it likes:
 * what changes behind it comes through the outbox. Ownership: the dispatcher's. While a REFILL_READ
 * is under way only the store reader touches the page. */
#ifndef CANDLED_ACTORS_REFILL_H
#define CANDLED_ACTORS_REFILL_H

#include "proto/interval.h"
#include "state/layout.h"
#include "state/outbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one sink, whose partitions are refilled one after the other: beside what flows, and far from
 * what a server can take. */
enum { REFILL_CANDLES_PER_S = 5000, REFILL_PAGE_CANDLES = 500, REFILL_PAGE_BYTES_MAX = 1 << 20 };

struct refill_page {
    interval_set intervals;
    int64_t ttl_ms; /* what was written so long before stream time has expired in the sink */
    unsigned char after[LAYOUT_CANDLE_KEY_MAX]; /* a key in `candles`; the reader moves it on */
    size_t after_size;                          /* 0: from the first */
    struct outbox_rows *rows;                   /* the reader's; may be empty */
    bool is_last;                               /* nothing comes after these rows */
};

struct refill {
    bool is_wanted;
    bool is_anew; /* forgotten once more while a page was under way: that one is dropped */
    int64_t loss; /* which of the sink's losses it makes good */
    int64_t due_ms;
    int64_t count; /* candles delivered */
    struct refill_page page;
};

void refill_init(struct refill *refill, interval_set intervals, int64_t ttl_ms);

void refill_deinit(struct refill *refill);

/* From the first candle on. */
void refill_begin(struct refill *refill, int64_t loss, int64_t now_ms);

/* Its page was delivered: when the next one is due follows from its size. */
void refill_end_page(struct refill *refill, int64_t now_ms);

#endif
