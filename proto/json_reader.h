/* Reads JSON from hostile bytes: strict RFC 8259 in UTF-8, of any depth and size.
 *
 * A document of a few kilobytes is read without an allocation; one reader reads one document at a
 * time. Lifetime: values point into the document, which lasts until the next call of read, release
 * or destroy. */
#ifndef CANDLED_PROTO_JSON_READER_H
#define CANDLED_PROTO_JSON_READER_H

#include "proto/value.h"
#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>

struct json_reader;

struct json_reader *json_reader_create(void);

void json_reader_destroy(struct json_reader **reader_p);

/* STATUS_MALFORMED: not one whole JSON value and nothing after it; `error` says why and where. */
MUST_CHECK enum status json_reader_read(struct json_reader *reader, struct slice text,
                                        struct value *out_root, char *error, size_t error_size);

/* Gives back the memory of a large document before the next one comes. */
void json_reader_release(struct json_reader *reader);

/* Walks the members of an object, or the elements of an array, in their order. */
struct json_walk {
    const void *next;
    size_t left;
};

struct json_walk json_reader_walk(const struct value *container);

/* False: there are no more. A key is unescaped, and may be there twice. */
bool json_reader_next_member(struct json_walk *walk, struct slice *out_key,
                             struct value *out_value);

bool json_reader_next_element(struct json_walk *walk, struct value *out_value);

#endif
