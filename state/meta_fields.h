/* The fields of struct meta as records of the table `meta`: one record a field, so that a later
 * version may add fields; one that is missing keeps its default. */
#ifndef CANDLED_STATE_META_FIELDS_H
#define CANDLED_STATE_META_FIELDS_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"
#include "state/meta.h"

#include <stddef.h>

enum { META_FIELD_BYTES_MAX = 1024 };

/* What an empty store says of itself. */
struct meta meta_fields_default(void);

/* Those that are asked for by themselves. */
enum { META_FIELD_format = 0, META_FIELD_stream_time = 1 };

size_t meta_fields_count(void);

/* The key of its record. */
struct slice meta_fields_key(size_t field);

/* Numbers are little-endian, texts their bytes without the zero. Returns the size. */
size_t meta_fields_encode(const struct meta *meta, size_t field,
                          unsigned char bytes[META_FIELD_BYTES_MAX]);

/* STATUS_CORRUPT on bytes that meta_fields_encode() cannot have made. */
MUST_CHECK enum status meta_fields_decode(struct meta *meta, size_t field, struct slice bytes);

#endif
