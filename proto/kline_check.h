/* Judges the fields of a kline: the one place where the rules are, whatever the encoding was. */
#ifndef CANDLED_PROTO_KLINE_CHECK_H
#define CANDLED_PROTO_KLINE_CHECK_H

#include "proto/kline.h"
#include "proto/kline_fields.h"
#include "proto/reason.h"

/* The first thing that is wrong, in this order: presence and types, symbol, interval, times,
 * numbers, and how the prices fit together. */
enum reason kline_check_fields(const struct kline_fields *fields, struct kline *out_kline,
                               char error[KLINE_ERROR_MAX]);

#endif
