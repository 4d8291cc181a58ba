/* The exchange's own event read in one pass: most records of a log are just that, byte for byte in
 * the order in which the exchange writes it, alone or inside a combined-stream wrapper.
 *
 * A fast path, and nothing more: what it takes, kline_json_read() would have taken with the same
 * fields (a test and a fuzz target hold the two against each other), and what is unusual in any way
 * (a space, another order, an escape, a number of 19 digits, a second symbol) it leaves to it. */
#ifndef CANDLED_PROTO_KLINE_SCAN_H
#define CANDLED_PROTO_KLINE_SCAN_H

#include "proto/kline_fields.h"
#include "runtime/slice.h"

#include <stdbool.h>

/* False: read it otherwise; *fields is meaningless. The fields point into the text. */
bool kline_scan(struct slice text, struct kline_fields *fields);

#endif
