/* The text of a dead letter: which field, what it held, what was wrong with that. */
#ifndef CANDLED_PROTO_KLINE_ERROR_H
#define CANDLED_PROTO_KLINE_ERROR_H

#include "proto/kline.h"
#include "proto/reason.h"
#include "proto/value.h"

/* Writes `k.h: "12x" is not a decimal number`, or without a value `k.h is missing`. The value is
 * cut and printable: other bytes become \xNN. Returns the reason. */
enum reason kline_error_set(char error[KLINE_ERROR_MAX], enum reason reason, const char *prefix,
                            const char *name, const struct value *value, const char *what);

#endif
