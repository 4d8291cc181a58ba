/* Finds the fields of a kline in candled's own msgpack: a map by the names of the table. */
#ifndef CANDLED_PROTO_KLINE_MSGPACK_H
#define CANDLED_PROTO_KLINE_MSGPACK_H

#include "proto/kline.h"
#include "proto/kline_fields.h"
#include "proto/reason.h"
#include "runtime/slice.h"

#include <stdbool.h>

/* By the first byte: no JSON begins like a msgpack map. */
bool kline_msgpack_is_it(struct slice value);

/* The fields point into the value. */
enum reason kline_msgpack_read(struct slice value, struct kline_fields *out_fields,
                               char error[KLINE_ERROR_MAX]);

#endif
