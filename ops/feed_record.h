/* One kline on its way into the log, from a file or the simulator. */
#ifndef CANDLED_OPS_FEED_RECORD_H
#define CANDLED_OPS_FEED_RECORD_H

#include "runtime/slice.h"

#include <stdint.h>

/* Borrowed until the next record is asked for. */
struct feed_record {
    struct slice key;   /* the symbol */
    struct slice value; /* JSON */
    int64_t event_ms;
};

#endif
