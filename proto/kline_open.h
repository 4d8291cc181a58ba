/* An open kline looked at, not decoded: nine of ten records of a log are open klines, of which only
 * the symbol and the times are of use, as long as all the rest is well made.
 *
 * A fast path, and nothing more: what it takes, kline_decode() would have taken as well made and
 * open, with the same symbol and times (a test and a fuzz target hold the two against each other).
 * Prices are compared as text, which is the same while their digits line up. All else it leaves:
 * closed klines, whatever is wrong, and what is unusual in any way. */
#ifndef CANDLED_PROTO_KLINE_OPEN_H
#define CANDLED_PROTO_KLINE_OPEN_H

#include "runtime/slice.h"

#include <stdbool.h>

struct kline;

/* Fills in the symbol, is_closed, open_ms and event_ms, and nothing else. False: decode it;
 * *kline is meaningless. */
bool kline_open_scan(struct slice value, struct kline *kline);

#endif
