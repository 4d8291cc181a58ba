/* Finds the fields of a kline in JSON: raw event, combined-stream wrapper, or bare object. */
#ifndef CANDLED_PROTO_KLINE_JSON_H
#define CANDLED_PROTO_KLINE_JSON_H

#include "proto/json_reader.h"
#include "proto/kline.h"
#include "proto/kline_fields.h"
#include "proto/reason.h"

/* An object with `e` or `k` is an event, else one with `data` a wrapper round an event, else one
 * with `t`, `i` or `x` is bare. The fields last as long as the reader's document. */
enum reason kline_json_read(struct json_reader *reader, struct slice value,
                            struct kline_fields *out_fields, char error[KLINE_ERROR_MAX]);

#endif
