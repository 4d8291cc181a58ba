/* Some outbox entries on their way to one sink, and what became of them.
 *
 * Ownership: the dispatcher's. Between SINK_DELIVER and SINK_DELIVERED only the sink touches it. */
#ifndef CANDLED_ACTORS_DELIVERY_H
#define CANDLED_ACTORS_DELIVERY_H

#include "actors/acked.h"
#include "state/outbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REJECTION_ERROR_MAX = 160 };

/* Rows that the sink's server will never accept. */
struct rejection {
    struct outbox_row row; /* a copy; its payload is in `bytes` */
    unsigned char *bytes;
    char error[REJECTION_ERROR_MAX];
};

struct rejections {
    struct rejection *items;
    size_t count;
};

struct delivery {
    const char *topic; /* the log that the entries were made from; outlives the delivery */
    int32_t partition;
    struct outbox_rows *rows;      /* never empty */
    bool is_refill;                /* the sink held these once; they prove nothing of the outbox */
    struct rejections *rejections; /* NULL until the first one */
    int64_t revision;              /* the highest among its candles, if the sink knows candles */
    struct acked acked;            /* from a sink that may forget: how far it has acknowledged,
                                    * with this; else none */
    size_t stale_count;            /* rows that the sink already held, or held newer */
    size_t superseded_count;       /* rows not sent, because a newer revision of theirs was */
};

/* Copies the row. */
void delivery_reject(struct delivery *delivery, size_t row, const char *error);

void delivery_destroy_rejections(struct rejections **rejections_p);

#endif
