/* The closes of consecutive windows of one symbol and interval, some of them absent. Pure.
 *
 * Ownership: a zeroed struct is empty; closes_deinit() frees. Values are at SERIES_SCALE. */
#ifndef CANDLED_ACTORS_CORE_CLOSES_H
#define CANDLED_ACTORS_CORE_CLOSES_H

#include "proto/candle.h"
#include "proto/series.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct closes {
    int64_t last_ms; /* the open time of the last window, when count > 0 */
    size_t count;
    size_t capacity;
    struct close {
        int128 value;
        bool is_there;
    } * items;
};

void closes_deinit(struct closes *closes);

void closes_clear(struct closes *closes);

/* Another window, later than all. candle NULL: it is absent. Of all windows only the last
 * `wanted` are sure to be kept. */
void closes_push(struct closes *closes, int64_t open_ms, const struct candle *candle,
                 size_t wanted);

/* What the last window holds, now. */
void closes_replace_last(struct closes *closes, const struct candle *candle);

/* The values of the candle, the last of the windows held. A value whose windows are not all held
 * and there is not known. */
struct derived closes_derive(const struct closes *closes, const struct series_set *set,
                             const struct candle *candle);

#endif
