/* The metadata of our commits: `era,acked,partitions`, or `era,acked` where that is not known.
 *
 * Somebody else's commit for the same group may say anything. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_MARK_H
#define CANDLED_ACTORS_EDGE_KAFKA_MARK_H

#include "runtime/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KAFKA_MARK_BYTES_MAX = 64 };

struct kafka_mark {
    int64_t era;
    int64_t acked;
    int32_t partitions; /* of the topic, as the state that commits knows it; 0: not known */
};

/* The text, without a byte at its end. */
size_t kafka_mark_write(struct kafka_mark mark, char text[KAFKA_MARK_BYTES_MAX]);

/* False: it is none of ours. */
bool kafka_mark_read(struct slice text, struct kafka_mark *out_mark);

#endif
